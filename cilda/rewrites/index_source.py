"""Segments of rewrites, read on and on: whole lines with where they lie, a bounded piece at a time."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from cilda.rewrites.index_part import Extent, MadePart, Stamp, made_part
from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda.runs.events import LONGEST_LINE_BYTES, VERSION, decode
from cilda.runs.segments import segment_numbers, segment_path

CHUNK_BYTES = 512 * 1024
"""What is read and understood at once: some 20 ms of work."""


class SegmentSource:
    """Where the reading of a folder of segments stands; `step` goes on.

    Reads what `read_events` reads: half a line waits for its end, unless its segment has a successor; one too long for
    any reader is passed over.
    """

    def __init__(self, folder: Path, segment: int | None = None, offset: int = 0) -> None:
        self.segment = segment
        self.offset = offset
        """All before it is understood; the beginning of a line, or, while `within`, inside of one that is too long."""
        self.within = False
        self.trouble: str | None = None
        """Why the last step could not read."""
        self._folder = folder
        self._check = 0
        self._next: int | None = None

    def mark(self) -> None:
        """From here on the check of what is read begins anew."""
        self._check = 0

    def step(self) -> tuple[MadePart | None, bool]:
        """The next piece, and whether its segment ends with it; None where there is nothing more at present."""
        self.trouble = None
        try:
            # Listed before it is read: a segment that has a successor by now will not grow any more.
            numbers = segment_numbers(self._folder)
            if self.segment is None:
                if not numbers:
                    return None, False
                self.segment = numbers[0]
            self._next = next((number for number in numbers if number > self.segment), None)
            return self._piece(self._next is not None)
        except OSError as error:
            self.trouble = error.strerror or str(error)
            return None, False

    def go_on(self) -> None:
        """To the next segment, after a step has said that this one ends."""
        self.segment, self.offset, self.within, self._check = self._next, 0, False, 0

    def _piece(self, ended: bool) -> tuple[MadePart | None, bool]:
        assert self.segment is not None
        try:
            # Opened anew each time: a handle kept open goes stale on network file systems.
            descriptor = os.open(segment_path(self._folder, self.segment), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return self._part(b"", Stamp(0, 0, 0)) if ended else None, ended
        try:
            stamp = Stamp.of(os.fstat(descriptor))
            data = os.pread(descriptor, CHUNK_BYTES, self.offset)
            if len(data) == CHUNK_BYTES and b"\n" not in data and not self.within:
                data = os.pread(descriptor, LONGEST_LINE_BYTES + 1, self.offset)
        finally:
            os.close(descriptor)
        if not data:
            return self._part(b"", stamp) if ended else None, ended
        whole = data.rfind(b"\n") + 1
        if not whole and not self.within and len(data) <= LONGEST_LINE_BYTES:
            # Half a line; where nobody will write its end, it counts as whole.
            return (self._part(data, stamp), False) if ended else (None, False)
        if not whole:
            return self._passed_over(data, stamp), False
        return self._part(data[:whole], stamp), False

    def _passed_over(self, data: bytes, stamp: Stamp) -> MadePart:
        part = self._part(data, stamp, understand=False)
        self.within = True
        return part

    def _part(self, data: bytes, stamp: Stamp, *, understand: bool = True) -> MadePart:
        assert self.segment is not None
        self._check = zlib.crc32(data, self._check)
        passed = data.find(b"\n") + 1 if self.within else 0
        part = part_of(data, self.segment, self.offset, stamp, passed=passed if understand else len(data))
        self.offset += len(data)
        self.within = self.within and not passed
        return MadePart(part.extent._replace(check=self._check), stamp, part.sections)


def part_of(data: bytes, segment: int, start: int, stamp: Stamp, *, passed: int = 0) -> MadePart:
    """What lines of a segment say that begin there; the first bytes are passed over."""
    offsets: list[int] = []
    lengths: list[int] = []
    rewrites: list[Rewrite] = []
    at = start + passed
    for line in data[passed:].split(b"\n"):
        rewrite = rewrite_in(line)
        if rewrite is not None:
            offsets.append(at)
            lengths.append(len(line))
            rewrites.append(rewrite)
        at += len(line) + 1
    extent = Extent(segment, start, start + len(data), len(rewrites), zlib.crc32(data))
    return made_part(extent, stamp, offsets, lengths, rewrites)


def rewrite_in(line: bytes) -> Rewrite | None:
    """The rewrite that a line holds; None where it is damaged, of another kind, or of a newer version."""
    event = decode(line) if 0 < len(line) < LONGEST_LINE_BYTES else None
    if event is None or event["v"] > VERSION or event["kind"] != "augmentation":
        return None
    return rewrite_of(event)
