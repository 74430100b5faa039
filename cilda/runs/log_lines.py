"""Lines of a log of any size: from its end, and as it grows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 64 * 1024
LONGEST_BYTES = 1024 * 1024
"""What of an unfinished line is kept; of a longer one the rest follows as a line of its own."""


def tail_offset(path: Path, count: int) -> tuple[int, int]:
    """Where the last `count` lines of a file begin, and how many lines there are from there; reads only its end.

    Raises:
        OSError: the file cannot be read.
    """
    if count == 0:
        return path.stat().st_size, 0
    with path.open("rb") as file:
        position = end = file.seek(0, os.SEEK_END)
        ends = 0
        while position > 0:
            start = max(0, position - CHUNK_BYTES)
            file.seek(start)
            chunk = file.read(position - start)
            if position == end and not chunk.endswith(b"\n"):
                # An unfinished line is a line as well.
                ends += 1
            at = len(chunk)
            while (at := chunk.rfind(b"\n", 0, at)) >= 0:
                ends += 1
                if ends > count:
                    return start + at + 1, count
            position = start
        return 0, ends


class LogReader:
    """Reads a log line by line as it grows; of what carriage returns wrote over, only the last remains."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self._offset = offset
        self._pending = b""

    def read(self) -> Iterator[bytes]:
        """The lines that are new and whole; a growing file is read to its present end.

        Raises:
            OSError: the file cannot be read.
        """
        # Opened anew each time: a handle kept open goes stale on network file systems.
        with self._path.open("rb") as file:
            file.seek(self._offset)
            while chunk := file.read(CHUNK_BYTES):
                self._offset += len(chunk)
                *whole, rest = (self._pending + chunk).split(b"\n")
                yield from map(collapsed, whole)
                # A progress bar that never ends its line must not fill the memory.
                self._pending = rest[max(0, rest.rfind(b"\r", 0, len(rest.rstrip(b"\r")))) :]
                if len(self._pending) > LONGEST_BYTES:
                    yield self.end()

    def end(self) -> bytes:
        """What waits for the end of its line."""
        pending, self._pending = self._pending, b""
        return collapsed(pending)


def collapsed(line: bytes) -> bytes:
    """A line as a terminal shows it at last: what stands after its last carriage return."""
    return line.rstrip(b"\r").rsplit(b"\r", 1)[-1]
