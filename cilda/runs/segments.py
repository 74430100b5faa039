"""Numbered files that only ever grow, a line at a time: `000001.jsonl`, `000002.jsonl`, …"""

from __future__ import annotations

import errno
import os
import re
from collections import deque
from pathlib import Path

SEGMENT_BYTES = 64 * 1024 * 1024
"""A segment is left for the next one before it grows beyond this."""

BACKLOG_BYTES = 4 * 1024 * 1024
"""What waits in memory for a full disk to have room again."""

_SEGMENT = re.compile(r"(\d{6,})\.jsonl")


def segment_path(folder: Path, number: int) -> Path:
    """The file of one segment."""
    return folder / f"{number:06d}.jsonl"


def segment_numbers(folder: Path) -> list[int]:
    """The numbers of the segments that are there, in order; none where there is no such folder.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        names = [entry.name for entry in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(int(match[1]) for name in names if (match := _SEGMENT.fullmatch(name)))


class SegmentWriter:
    """Appends lines, each with one `os.write`, so that a reader or a crash meets at most one unfinished line.

    What a crash left unfinished is ended by a newline first: it costs that one line, never the next. A line that the
    disk refuses waits in memory and is written as soon as a later one can be; `trouble` says why. Only when more than
    `BACKLOG_BYTES` wait are lines lost, the unimportant ones (`append(…, important=False)`) from a quarter of that on;
    `lost_lines` counts them.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.trouble: OSError | None = None
        self.lost_lines = 0
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._descriptor: int | None = None
        self._size = 0
        self._number = 0
        self._unfinished = False
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0

    def append(self, line: bytes, *, important: bool = True) -> bool:
        """Writes a line, after all that still wait; False when the disk refused and it waits or is lost."""
        limit = BACKLOG_BYTES if important else BACKLOG_BYTES // 4
        if self._backlog and self._backlog_bytes + len(line) > limit:
            self.lost_lines += 1
        else:
            self._backlog.append(line)
            self._backlog_bytes += len(line)
        return self.flush()

    def flush(self) -> bool:
        """Writes what waits; False when the disk still refuses."""
        try:
            while self._backlog:
                self._write(self._backlog[0])
                self._backlog_bytes -= len(self._backlog.popleft())
        except OSError as error:
            self.trouble = error
            self._drop_descriptor()
            return False
        self.trouble = None
        return True

    def close(self) -> None:
        """Writes what waits, syncs, and closes. Trouble is told in `trouble`, not raised."""
        written = self.flush()
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self.trouble = self.trouble if not written else error
        self._drop_descriptor()

    def _write(self, line: bytes) -> None:
        descriptor = self._descriptor
        if descriptor is None or self._size + len(line) > self._segment_bytes:
            descriptor = self._open_for(len(line))
        data = b"\n" + line if self._unfinished else line
        written = os.write(descriptor, data)
        self._size += written
        self._unfinished = written < len(data)
        # The disk filled up within this line. With only the newline missing the event is whole, and must not be written
        # again; anything shorter is ended as a damaged line when the whole one follows.
        if written < len(data) - 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _open_for(self, length: int) -> int:
        if self._descriptor is None:
            self._number = max(segment_numbers(self._folder), default=1)
            descriptor = self._open()
        else:
            descriptor = self._descriptor
        if self._size and self._size + length > self._segment_bytes:
            self._drop_descriptor()
            self._number += 1
            descriptor = self._open()
        return descriptor

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(segment_path(self._folder, self._number), flags, 0o666)
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._unfinished = self._size > 0 and os.pread(descriptor, 1, self._size - 1) != b"\n"
        return descriptor

    def _drop_descriptor(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)
