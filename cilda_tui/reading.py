"""What of a long history is read first: its beginning, its end, and pieces between, so that a chart has its shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cilda.runs.events import KINDS, Event, EventReader
from cilda.runs.segments import segment_numbers, segment_path
from cilda.runs.store import Position

LONG_BYTES = 4 * 1024 * 1024
"""A history up to this is read whole at once."""

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 512 * 1024
PIECES, PIECE_BYTES = 64, 16 * 1024


@dataclass(frozen=True)
class Stretch:
    """Bytes of one segment."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Overview:
    """Some of the events of a long history, in order, and the place after the last of them."""

    events: list[Event]
    end: Position | None
    bad_lines: int
    newer_lines: int


def sizes_of(folder: Path) -> list[tuple[int, int]]:
    """Number and bytes of each segment that is there, in order.

    Raises:
        OSError: the folder cannot be read.
    """
    sizes = []
    for number in segment_numbers(folder):
        try:
            sizes.append((number, segment_path(folder, number).stat().st_size))
        except FileNotFoundError:
            continue
    return sizes


def bytes_of(folder: Path) -> int:
    """How long a history is; 0 where it cannot be seen."""
    try:
        return sum(size for _, size in sizes_of(folder))
    except OSError:
        return 0


def bytes_before(sizes: Sequence[tuple[int, int]], position: Position | None) -> int:
    """How much of these segments lies before a place."""
    if position is None:
        return 0
    return sum(
        size if number < position.number else min(size, position.offset) if number == position.number else 0
        for number, size in sizes
    )


def stretches(
    sizes: Sequence[tuple[int, int]],
    *,
    head: int = HEAD_BYTES,
    tail: int = TAIL_BYTES,
    pieces: int = PIECES,
    piece: int = PIECE_BYTES,
) -> list[Stretch]:
    """Head, pieces and tail of a history, in order; none overlaps another."""
    sizes = [(number, size) for number, size in sizes if size > 0]
    if not sizes:
        return []
    whole = sum(size for _, size in sizes)
    begins = whole - min(tail, whole)
    wanted = [(0, min(head, begins))]
    for place in range(pieces):
        start = head + (begins - head) * place // pieces
        wanted.append((max(start, wanted[-1][1]), min(start + piece, begins)))
    found = [_most(_parts(sizes, start, end)) for start, end in wanted if start < end]
    return [*found, *_parts(sizes, begins, whole)]


def overview(folder: Path, sizes: Sequence[tuple[int, int]]) -> Overview:
    """Reads head, pieces and tail of a history, each cut to its whole lines. About 1.6 MiB, whatever its size.

    Raises:
        OSError: the folder cannot be read.
    """
    events: list[Event] = []
    reader, end = EventReader(), None
    for stretch in stretches(sizes):
        data, start = _read(folder, stretch), stretch.start
        if start > 0:
            # What the stretch cuts through belongs to nobody.
            cut = data.find(b"\n") + 1
            data, start = data[cut:], start + cut
        data = data[: data.rfind(b"\n") + 1]
        events += reader.feed(data)
        end = Position(stretch.number, start + len(data))
    known = [event for event in events if event["kind"] in KINDS]
    return Overview(known, end, reader.bad_lines, reader.newer_lines)


def _most(parts: list[Stretch]) -> Stretch:
    return max(parts, key=lambda part: part.end - part.start)


def _parts(sizes: Sequence[tuple[int, int]], start: int, end: int) -> list[Stretch]:
    """Bytes that are counted over all segments, in the segments that they lie in."""
    before, parts = 0, []
    for number, size in sizes:
        first, last = max(start, before), min(end, before + size)
        if first < last:
            parts.append(Stretch(number, first - before, last - before))
        before += size
    return parts


def _read(folder: Path, stretch: Stretch) -> bytes:
    try:
        with segment_path(folder, stretch.number).open("rb") as file:
            file.seek(stretch.start)
            return file.read(stretch.end - stretch.start)
    except FileNotFoundError:
        return b""
