"""A part of the index: what some hundreds of lines of one segment say, as sections of bytes that can be checked.

The sections of a part: where each line lies and how long it is, the key of its text, one for each column of numbers
(float64), one for each column of texts (casefolded, framed by bytes that no UTF-8 holds).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.rewrite import Rewrite

NUMBERS = tuple(name for name, column in COLUMNS.items() if column.kind != "text")
TEXTS = tuple(name for name, column in COLUMNS.items() if column.kind == "text")
OFFSET, LENGTH, KEY = "line offset", "line length", "text key"
SECTIONS = (OFFSET, LENGTH, KEY, *NUMBERS, *TEXTS)
BEFORE, AFTER = b"\xfe", b"\xff"
"""What stands before and after each text of a section: no phrase holds one, so none is found across two texts."""

_PLACE = {name: place for place, name in enumerate(SECTIONS)}
_VALUES = tuple(COLUMNS[name].value for name in NUMBERS)
_TEXT_VALUES = tuple(COLUMNS[name].value for name in TEXTS)
_MAGIC = b"rewrites"
_HEAD = np.dtype(
    [
        ("magic", "S8"),
        ("extent", "<u8", (5,)),
        ("stamp", "<u8", (3,)),
        ("lengths", "<u8", (len(SECTIONS),)),
        ("checks", "<u8", (len(SECTIONS),)),
        ("check", "<u8"),
    ]
)
HEAD_BYTES = _HEAD.itemsize


class Stamp(NamedTuple):
    """By what a file is taken for unchanged."""

    inode: int
    modified: int
    """In nanoseconds."""
    size: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp of a file as `stat` sees it."""
        return cls(status.st_ino & (2**64 - 1), status.st_mtime_ns & (2**64 - 1), status.st_size)


class Extent(NamedTuple):
    """The stretch of a segment that a part speaks of: whole lines from `start` to `end`."""

    segment: int
    start: int
    end: int
    rewrites: int
    check: int
    """CRC-32 of the bytes of the stretch; in the parts of a tail, of all from the tail's beginning."""


@dataclass(frozen=True)
class MadePart:
    """A part in memory."""

    extent: Extent
    stamp: Stamp
    sections: tuple[bytes, ...]

    def section(self, name: str) -> bytes | None:
        """The bytes of one section."""
        return self.sections[_PLACE[name]]

    def encoded(self) -> list[bytes]:
        """The part as it lies in a file, in pieces."""
        head = np.zeros((), _HEAD)
        head["magic"], head["extent"], head["stamp"] = _MAGIC, self.extent, self.stamp
        head["lengths"] = [len(section) for section in self.sections]
        head["checks"] = [zlib.crc32(section) for section in self.sections]
        head["check"] = zlib.crc32(head.tobytes()[:-8])
        return [head.tobytes(), *self.sections]


@dataclass(frozen=True)
class KeptPart:
    """A part in a file: its head in memory, its sections read when they are asked for."""

    extent: Extent
    stamp: Stamp
    descriptor: int
    offset: int
    ends: tuple[int, ...]
    """Where each section ends, in bytes after the head."""
    checks: tuple[int, ...]

    @property
    def end(self) -> int:
        """Where the next part begins in the file."""
        return self.offset + HEAD_BYTES + self.ends[-1]

    @classmethod
    def read(cls, descriptor: int, offset: int, size: int) -> KeptPart | None:
        """The part that lies at an offset of a file of this size; None where none lies whole.

        Raises:
            OSError: the file cannot be read.
        """
        data = os.pread(descriptor, HEAD_BYTES, offset)
        return cls.decoded(data, descriptor, offset, size)

    @classmethod
    def decoded(cls, head: bytes, descriptor: int, offset: int, size: int) -> KeptPart | None:
        """The part whose head these bytes are; None where they are none, or where the file ends within the part."""
        if len(head) < HEAD_BYTES:
            return None
        found = np.frombuffer(head, _HEAD)[0]
        if found["magic"] != _MAGIC or int(found["check"]) != zlib.crc32(head[:-8]):
            return None
        ends = np.cumsum(found["lengths"]).tolist()
        extent, stamp = Extent(*found["extent"].tolist()), Stamp(*found["stamp"].tolist())
        part = cls(extent, stamp, descriptor, offset, tuple(ends), tuple(found["checks"].tolist()))
        return part if part.end <= size else None

    def section(self, name: str) -> bytes | None:
        """The bytes of one section; None where they are damaged or cannot be read."""
        place = _PLACE[name]
        start = self.ends[place - 1] if place else 0
        try:
            data = os.pread(self.descriptor, self.ends[place] - start, self.offset + HEAD_BYTES + start)
        except OSError:
            return None
        return data if zlib.crc32(data) == self.checks[place] else None


Part = MadePart | KeptPart


def made_part(
    extent: Extent, stamp: Stamp, offsets: Sequence[int], lengths: Sequence[int], rewrites: Sequence[Rewrite]
) -> MadePart:
    """A part of these rewrites, whose lines lie there."""
    numbers = np.array([[value(rewrite) for value in _VALUES] for rewrite in rewrites], np.float64)
    texts = [b"".join(BEFORE + folded(str(value(rewrite))) + AFTER for rewrite in rewrites) for value in _TEXT_VALUES]
    sections = (
        np.array(offsets, np.int64).tobytes(),
        np.array(lengths, np.int64).tobytes(),
        np.array([_key(rewrite) for rewrite in rewrites], np.uint64).tobytes(),
        *(column.tobytes() for column in numbers.reshape(-1, len(NUMBERS)).T),
        *texts,
    )
    return MadePart(extent, stamp, sections)


def joined(parts: Sequence[MadePart]) -> MadePart:
    """Parts that lie one after the other, as one."""
    if len(parts) == 1:
        return parts[0]
    first, last = parts[0].extent, parts[-1].extent
    rewrites = sum(part.extent.rewrites for part in parts)
    extent = Extent(first.segment, first.start, last.end, rewrites, last.check)
    together = zip(*(part.sections for part in parts), strict=True)
    return MadePart(extent, parts[-1].stamp, tuple(b"".join(sections) for sections in together))


def blank_part(extent: Extent, stamp: Stamp) -> MadePart:
    """A part that says nothing of its rewrites: what it was made from is no longer there."""
    count = extent.rewrites
    places = (bytes(8 * count), bytes(8 * count), np.arange(count, dtype=np.uint64).tobytes())
    numbers = np.full(count, np.nan).tobytes()
    return MadePart(extent, stamp, (*places, *[numbers] * len(NUMBERS), *[(BEFORE + AFTER) * count] * len(TEXTS)))


def folded(text: str) -> bytes:
    """A text as it is searched: without the difference of large and small letters. Lone surrogates stay."""
    return text.casefold().encode("utf-8", "surrogatepass")


def _key(rewrite: Rewrite) -> int:
    """What rewrites of the same text share: their text's id; where there is none, its words."""
    name = rewrite.id or f"\n{rewrite.real}"
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
