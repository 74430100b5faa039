"""Whether the parts of an index from an earlier time still fit the segments that lie there now."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from cilda.rewrites.index_part import KeptPart, MadePart, Stamp
from cilda.rewrites.index_source import part_of
from cilda.runs.segments import segment_numbers, segment_path

_PIECE_BYTES = 4 * 1024 * 1024


def fitting(folder: Path, parts: Sequence[KeptPart]) -> list[tuple[KeptPart, bool]]:
    """The first parts, as far as they can be right; of each whether that is sure, or its lines must be looked at.

    It is sure where the segment is as it was when its last part was made.
    """
    try:
        numbers = segment_numbers(folder)
    except OSError:
        return []
    found: list[tuple[KeptPart, bool]] = []
    groups = [list(group) for _, group in groupby(parts, key=lambda part: part.extent.segment)]
    for group, number in zip(groups, numbers, strict=False):
        stamp = _stamp(segment_path(folder, number))
        if group[0].extent.segment != number or stamp is None:
            return found
        at = 0
        for part in group:
            if part.extent.start != at or part.extent.end > stamp.size:
                return found
            at = part.extent.end
            found.append((part, group[-1].stamp == stamp))
        # Only the last one may have grown.
        if at != stamp.size:
            return found
    return found


def still_holds(folder: Path, part: KeptPart) -> bool:
    """Whether the lines that a part was made from lie there unchanged."""
    extent = part.extent
    total = 0
    try:
        with segment_path(folder, extent.segment).open("rb") as file:
            file.seek(extent.start)
            left = extent.end - extent.start
            while left > 0 and (data := file.read(min(left, _PIECE_BYTES))):
                total = zlib.crc32(data, total)
                left -= len(data)
    except OSError:
        return False
    return left == 0 and total == extent.check


def made_again(folder: Path, part: KeptPart) -> MadePart | None:
    """A part from its lines; None where they are no longer what they were."""
    extent = part.extent
    try:
        with segment_path(folder, extent.segment).open("rb") as file:
            file.seek(extent.start)
            data = file.read(extent.end - extent.start)
    except OSError:
        return None
    made = part_of(data, extent.segment, extent.start, part.stamp)
    return made if made.extent == extent else None


def _stamp(path: Path) -> Stamp | None:
    try:
        return Stamp.of(path.stat())
    except OSError:
        return None
