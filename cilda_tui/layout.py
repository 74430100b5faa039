"""Which pane lies where on a screen of a given size: pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from cilda_tui.ui import Ui

Size = Literal["tiny", "small", "medium", "large", "huge"]

_LEAST_CHART = (24, 5)
_MOST_CHARTS = 9


@dataclass(frozen=True)
class Placed:
    """A rectangle of the screen, and what is drawn there."""

    pane: str
    """A pane of `ui.PANES`, or `status`, `sparks`, `share` (where a turn's time goes), `block`, `footer`."""
    x: int
    y: int
    width: int
    height: int
    index: int = 0
    """Of charts: which place of the arrangement this is, from 0."""


@dataclass(frozen=True)
class _Wish:
    """A pane in a column: the rows that it needs, those that it can use, and its weight when rows are left over."""

    pane: str
    least: int
    most: int = 0
    weight: int = 1


def size_of(width: int, height: int) -> Size:
    """How much a screen has room for."""
    if width < 60 or height < 16:
        return "tiny"
    if width >= 200 and height >= 50:
        return "huge"
    if width >= 120 and height >= 40:
        return "large"
    return "medium" if width >= 100 and height >= 30 else "small"


def arrange(width: int, height: int, ui: Ui, charts: int = 99) -> list[Placed]:
    """The panes of a screen, none over another; the focused one is always among them but on a tiny screen.

    Below 60×16 there is one block; from there one chart, a strip of sparklines, the machine's lines and an example;
    from 100×30 two charts; from 120×40 four, and the machine's panel; from 200×50 six, the run list and the log.
    Of `charts` that there are none stays without its place, and no place without a chart.
    """
    if width < 1 or height < 1:
        return []
    size = size_of(width, height)
    if ui.zoomed:
        return _zoomed(width, height, ui.focus)
    if charts < (ui.arrangement or _MOST_CHARTS):
        usual = len(charts_placed(arrange(width, height, ui)))
        ui = ui.with_(arrangement=max(1, min(charts, usual)))
    if size == "tiny":
        return [Placed("block", 0, 0, width, height)]
    status = 2 if height >= 20 else 1
    frame = [Placed("status", 0, 0, width, status), Placed("footer", 0, height - 1, width, 1)]
    room = (0, status, width, height - status - 1)
    inner = {"small": _small, "medium": _medium, "large": _large, "huge": _huge}[size](*room, ui)
    return [frame[0], *_with_focus(inner, ui.focus), frame[1]]


def charts_placed(placed: Iterable[Placed]) -> list[Placed]:
    """The charts among the panes, in their order."""
    return [place for place in placed if place.pane == "curves"]


def _zoomed(width: int, height: int, focus: str) -> list[Placed]:
    """One pane, between a line of status and one of keys where there is room for them."""
    above, below = int(height >= 8), int(height >= 10)
    placed = [Placed("status", 0, 0, width, above)] if above else []
    placed.append(Placed(focus, 0, above, width, height - above - below))
    return [*placed, *([Placed("footer", 0, height - 1, width, 1)] if below else [])]


def _small(x: int, y: int, width: int, height: int, ui: Ui) -> list[Placed]:
    wishes = [
        _Wish("curves", 8, 22, 3), _Wish("sparks", 1, 2, 6), _Wish("machine", 1, 10 if height >= 34 else 2, 2),
        _Wish("share", 1, 2 if height >= 26 else 1), _Wish("examples", 3 if height < 18 else 5, 12, 1),
    ]  # fmt: skip
    if height >= 40:
        wishes.append(_Wish("events", 4, 12))
    columns = 2 if width >= 120 else 1
    return _column(x, y, width, height, wishes, ui, columns=columns, rows=1 if height < 36 else 2)


def _medium(x: int, y: int, width: int, height: int, ui: Ui) -> list[Placed]:
    wishes = [
        _Wish("curves", 11, 26, 3), _Wish("sparks", 2, 2), _Wish("machine", 2, 9 if height >= 36 else 2),
        _Wish("share", 2), _Wish("examples", 5, 10), _Wish("events", 3, 10),
    ]  # fmt: skip
    return _column(x, y, width, height, wishes, ui, columns=2, rows=1 if height < 46 else 2)


def _large(x: int, y: int, width: int, height: int, ui: Ui) -> list[Placed]:
    below = min(22, max(13, height * 36 // 100))
    charts = _charts(x, y, width, height - below, ui, columns=3 if width >= 180 else 2, rows=2)
    left, top = width // 2, y + height - below
    machine = _column(x, top, left, below, [_Wish("machine", 8, 20), _Wish("share", 4, 4)], ui)
    right = [_Wish("examples", 7, 12), _Wish("events", 4, 30)]
    return [*charts, *machine, *_column(x + left, top, width - left, below, right, ui)]


def _huge(x: int, y: int, width: int, height: int, ui: Ui) -> list[Placed]:
    side = min(80, max(62, width * 3 // 10))
    left = width - side
    below = max(16, height * 34 // 100)
    charts = _charts(x, y, left, height - below, ui, columns=2 if left < 190 else 3, rows=3 if height >= 54 else 2)
    top, half = y + height - below, left // 2
    lower = [
        *_column(x, top, half, below, [_Wish("examples", 10, 80)], ui),
        *_column(x + half, top, left - half, below, [_Wish("log", 10, 80)], ui),
    ]
    wishes = [_Wish("machine", 12, 18), _Wish("share", 4, 4), _Wish("runs", 10, 20, 2), _Wish("events", 8, 80, 2)]
    return [*charts, *lower, *_column(x + left, y, side, height, wishes, ui)]


def _column(
    x: int, y: int, width: int, height: int, wishes: list[_Wish], ui: Ui, *, columns: int = 1, rows: int = 1
) -> list[Placed]:
    """Panes one under the other: each gets what it needs, and of the rest by its weight.

    What finds no room is left out, the last first. Charts are laid side by side in their rows.
    """
    while sum(wish.least for wish in wishes) > height and len(wishes) > 1:
        wishes = wishes[:-1]
    given = [min(wish.least, height) for wish in wishes]
    spare = height - sum(given)
    while spare > 0:
        wanting = [place for place, wish in enumerate(wishes) if given[place] < max(wish.most, wish.least)]
        if not wanting:
            # Charts know what to do with any room; else it is the last one's.
            given[0 if wishes[0].pane == "curves" else -1] += spare
            break
        neediest = min(wanting, key=lambda place: (given[place] - wishes[place].least) / wishes[place].weight)
        given[neediest] += 1
        spare -= 1
    placed: list[Placed] = []
    for wish, rows_given in zip(wishes, given, strict=True):
        if wish.pane == "curves":
            placed += _charts(x, y, width, rows_given, ui, columns=columns, rows=rows)
        else:
            placed.append(Placed(wish.pane, x, y, width, rows_given))
        y += rows_given
    return placed


def _charts(x: int, y: int, width: int, height: int, ui: Ui, *, columns: int, rows: int) -> list[Placed]:
    """A grid of charts: as many as usual for this screen, or as the viewer wants and has room for."""
    if ui.arrangement:
        columns, rows = _grid(ui.arrangement, width, height)
    rights = [x + width * column // columns for column in range(columns + 1)]
    downs = [y + height * row // rows for row in range(rows + 1)]
    return [
        Placed("curves", left, top, right - left, bottom - top, row * columns + column)
        for row, (top, bottom) in enumerate(pairwise(downs))
        for column, (left, right) in enumerate(pairwise(rights))
    ]


def _grid(count: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows for so many charts, fewer where they would be too small to be read."""
    most_columns, most_rows = max(1, width // _LEAST_CHART[0]), max(1, height // _LEAST_CHART[1])
    grids = [
        (columns, rows)
        for columns in range(1, most_columns + 1)
        for rows in range(1, most_rows + 1)
        if columns * rows <= count
    ]
    # As many as wanted; of grids with as many, the one whose charts are nearest to four times as wide as high.
    return max(grids, key=lambda grid: (grid[0] * grid[1], -abs((width / grid[0]) / (height / grid[1]) - 4)))


def _with_focus(placed: list[Placed], focus: str) -> list[Placed]:
    """The panes, the focused one in the charts' place if it has no other: what has the keys is seen."""
    if any(place.pane == focus for place in placed):
        return placed
    charts = charts_placed(placed)
    x, y = min(place.x for place in charts), min(place.y for place in charts)
    right = max(place.x + place.width for place in charts)
    bottom = max(place.y + place.height for place in charts)
    rest = [place for place in placed if place.pane != "curves"]
    return [Placed(focus, x, y, right - x, bottom - y), *rest]
