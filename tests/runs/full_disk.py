"""A disk of a given size, made of the operating system's own `os.write`."""

from __future__ import annotations

import errno
import os

import pytest


class FullDisk:
    """Takes `room` more bytes, the last write only in part, then refuses with ENOSPC; `room = None` takes all.

    The pieces that were taken are counted in `writes`.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        self.writes = 0
        self._write = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, descriptor: int, data: bytes) -> int:
        if self.room is not None:
            if self.room == 0 and data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[: self.room]
            self.room -= len(data)
        self.writes += 1
        return self._write(descriptor, data)
