"""A fence around the machine: a connection that leaves it is an error, not a wait."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_connect = socket.socket.connect


def is_loopback(address: Any) -> bool:
    """Whether a socket address stays on this machine; paths of Unix sockets do."""
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return bool(address[0] == "localhost")


def connect_here(self: socket.socket, address: Any) -> None:
    """`socket.connect`, for this machine only."""
    if not is_loopback(address):
        raise AssertionError(f"a test wanted to connect to {address}")
    _connect(self, address)


def stay_on_this_machine() -> None:
    """Puts the fence up in this process, for good."""
    socket.socket.connect = connect_here  # type: ignore[method-assign, assignment]
