"""Single keys from a terminal, whose settings come back on every way out."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

LEAVE = "q"
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Keys:
    """Waits for keys; without a terminal to read from it only waits."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @property
    def able(self) -> bool:
        """Whether there is anything to press keys on."""
        return self._descriptor is not None

    def pressed(self, seconds: float) -> str:
        """The keys pressed within this time, at once when there are any; `q` when the terminal has gone."""
        if self._descriptor is None:
            time.sleep(seconds)
            return ""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return ""
        try:
            data = os.read(self._descriptor, 1024)
        except OSError:
            return LEAVE
        return data.decode("utf-8", "replace") if data else LEAVE


@contextmanager
def keys() -> Iterator[Keys]:
    """Keys of stdin, unread by the shell's line editing, while open.

    A SIGTERM or SIGHUP puts the terminal back and then ends the process with 128 and its number, as it would have.
    """
    descriptor = _foreground_terminal()
    before: list[Any] | None = None
    handlers: dict[int, Any] = {}

    def put_back() -> None:
        if descriptor is not None and before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the signature of a handler
        put_back()
        raise SystemExit(128 + number)

    def go_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        # After ctrl-z and fg the shell has set its own.
        if descriptor is not None and _foreground_terminal() is not None:
            tty.setcbreak(descriptor)

    try:
        for number in _SIGNALS:
            # Whoever was started with nohup goes on ignoring it.
            if signal.getsignal(number) == signal.SIG_DFL:
                handlers[number] = signal.signal(number, leave)
        if descriptor is not None:
            before = termios.tcgetattr(descriptor)
            tty.setcbreak(descriptor)
            handlers[signal.SIGCONT] = signal.signal(signal.SIGCONT, go_on)
        yield Keys(descriptor)
    finally:
        put_back()
        for caught, handler in handlers.items():
            signal.signal(caught, handler)


def _foreground_terminal() -> int | None:
    """Stdin, if it is a terminal and ours to read: a job in the background would be stopped for trying."""
    try:
        descriptor = sys.stdin.fileno()
        return descriptor if os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp() else None
    except (OSError, ValueError, AttributeError):
        return None
