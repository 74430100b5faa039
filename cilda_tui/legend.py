"""A chart's legend: each line's letter, name and value, as much of it as there is room for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from cilda.runs.words import short
from cilda_tui.frame import Frame, Role
from cilda_tui.safe import cut_inside

_LONGEST_NAME, _SHORTEST_NAME = 32, 4
# As long as most values ever are, so that no name moves when its neighbour's value changes.
_VALUE_CELLS = 7


@dataclass(frozen=True)
class Entry:
    """A line, or what lies across."""

    mark: str
    """One letter before the name; may be empty."""
    name: str
    """Harmless already."""
    value: str
    role: Role


def value_words(value: float | None) -> str:
    """A value in a few letters: `0.482`, `NaN`, `-` where there is none."""
    if value is None:
        return "-"
    if math.isfinite(value):
        return short(value)
    return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"


def rows_of(entries: Sequence[Entry], width: int, most: int, ellipsis: str) -> list[list[Entry]]:
    """The entries in at most so many rows, names cut to the same length where they must be, the last ones left out."""
    for longest in range(_LONGEST_NAME, _SHORTEST_NAME - 1, -1):
        rows = _packed([replace(entry, name=cut_inside(entry.name, longest, ellipsis)) for entry in entries], width)
        if len(rows) <= most:
            return rows
    return rows[:most]


def draw_legend(frame: Frame, y: int, rows: Sequence[Sequence[Entry]], x: int = 0) -> None:
    """Writes the rows from row y on."""
    for place, row in enumerate(rows):
        at = x
        for entry in row:
            if entry.mark:
                at = frame.put(at, y + place, f"{entry.mark} ", entry.role)
            at = frame.put(at, y + place, f"{entry.name} ", entry.role)
            at = frame.put(at, y + place, f"{entry.value:<{_VALUE_CELLS}}", "strong") + 2


def _packed(entries: Sequence[Entry], width: int) -> list[list[Entry]]:
    rows: list[list[Entry]] = []
    used = 0
    for entry in entries:
        cells = _cells(entry)
        if rows and used + 2 + cells <= width:
            rows[-1].append(entry)
            used += 2 + cells
        else:
            rows.append([entry])
            used = cells
    return rows


def _cells(entry: Entry) -> int:
    return len(entry.mark) + bool(entry.mark) + cell_len(entry.name) + 1 + max(_VALUE_CELLS, len(entry.value))
