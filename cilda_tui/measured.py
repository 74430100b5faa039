"""Where everything of a chart goes, before it is drawn: rows and cells, columns, scale, ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cilda_tui.columns import Columns, columns_for
from cilda_tui.dots import Raster
from cilda_tui.glyphs import Glyphs
from cilda_tui.plot import Plot
from cilda_tui.scale import SMALLEST, Scale, scale_of
from cilda_tui.series import LARGEST
from cilda_tui.ticks import Tick, ticks_of
from cilda_tui.trace import Trace, trace_of

# Room for the labels of the vertical axis: fixed, so that columns stay where they are when labels change.
_LABEL_CELLS = 6
_LONGEST_LABEL = 13


@dataclass(frozen=True)
class Sheet:
    """Rows and cells of the frame; a row of -1 is left out."""

    title: int
    legend: int
    top: int
    """The uppermost row of the curves."""
    rows: int
    rule: int
    labels: int
    left: int
    """The first cell of the curves; what is left of them belongs to the vertical axis."""
    cells: int


@dataclass(frozen=True)
class Measured:
    """A plot and where everything of it goes."""

    plot: Plot
    glyphs: Glyphs
    sheet: Sheet
    raster: Raster
    columns: Columns
    traces: tuple[Trace, ...]
    scale: Scale | None
    """None where there is nothing to show."""
    ticks: tuple[Tick, ...]

    def cell(self, value: float) -> int | None:
        """The cell of the frame in which a value of the horizontal axis lies, if it is shown."""
        column = self.columns.column(value)
        return self.sheet.left + column // self.raster.across if 0 <= column < self.columns.count else None

    @cached_property
    def labelled_rows(self) -> list[tuple[int, str]]:
        """The rows of the frame that a tick of the vertical axis lies in, and its label."""
        if self.scale is None:
            return []
        dots = self.scale.dots(np.array(self.scale.ticks), self.raster.dots).tolist()
        return [(self.row(dot), label) for dot, label in zip(dots, self.scale.labels, strict=True)]

    def references(self) -> list[tuple[str, int]]:
        """Names of what lies across, and the rows of the frame it lies in."""
        if self.scale is None:
            return []
        known = [(name, value) for name, value in self.plot.references if _shows(value, log=self.plot.log)]
        dots = self.scale.dots(np.array([value for _, value in known]), self.raster.dots).tolist()
        return [(name, self.row(dot)) for (name, _), dot in zip(known, dots, strict=True)]

    def row(self, dot: int) -> int:
        """The row of the frame that a dot lies in."""
        return self.sheet.top + self.raster.row(dot)


def measured(plot: Plot, width: int, height: int, glyphs: Glyphs, legend_rows: int) -> Measured:
    """Finds out what lies where on so many cells."""
    found = _measured(plot, width, height, glyphs, legend_rows, _LABEL_CELLS)
    longest = max(map(len, found.scale.labels)) if found.scale else 0
    if longest > _LABEL_CELLS and found.sheet.left:
        return _measured(plot, width, height, glyphs, legend_rows, min(longest, _LONGEST_LABEL))
    return found


def columns_of(plot: Plot, width: int, glyphs: Glyphs) -> Columns:
    """The columns of a plot drawn so wide (two to a cell in braille), unless its labels are unusually long."""
    sheet = _sheet(width, 99, _LABEL_CELLS, 1, titled=True)
    return columns_for(plot.drawn_axis, plot.shown(), Raster(sheet.cells, 1, glyphs.braille).columns)


def _measured(plot: Plot, width: int, height: int, glyphs: Glyphs, legend_rows: int, label_cells: int) -> Measured:
    sheet = _sheet(width, height, label_cells, legend_rows, titled=bool(plot.title))
    raster = Raster(sheet.cells, sheet.rows, glyphs.braille)
    columns = columns_for(plot.drawn_axis, plot.shown(), raster.columns)
    traces = tuple(trace_of(line, plot, columns) for line in plot.lines)
    scale = _common_scale(plot, traces, sheet.rows)
    return Measured(plot, glyphs, sheet, raster, columns, traces, scale, tuple(ticks_of(columns, raster.across)))


def _sheet(width: int, height: int, label_cells: int, legend_rows: int, *, titled: bool) -> Sheet:
    left = label_cells + 1 if width >= label_cells + 14 else 0
    # The last column is free for the letters behind the lines' ends.
    cells = max(1, width - left - (1 if width >= 4 else 0))
    title = 0 if titled and height >= 4 else -1
    legend = title + 1 if height >= 3 and legend_rows else -1
    top = title + 1 + (min(legend_rows, height // 3) if legend >= 0 else 0)
    below = 2 if height >= 9 else 1 if height >= 6 else 0
    rows = max(1, height - top - below)
    return Sheet(title, legend, top, rows, top + rows if below == 2 else -1, height - 1 if below else -1, left, cells)


def _common_scale(plot: Plot, traces: Sequence[Trace], rows: int) -> Scale | None:
    """The scale that holds all that is shown, references too; None where no line shows anything."""
    found = [trace.bounds(band=plot.band, log=plot.log) for trace in traces]
    bounds = [bound for bound in found if bound is not None]
    if not bounds:
        return None
    across = [value for _, value in plot.references if _shows(value, log=plot.log)]
    low, high = min([low for low, _ in bounds] + across), max([high for _, high in bounds] + across)
    return scale_of(low, high, log=plot.log, rows=rows)


def _shows(value: float, *, log: bool) -> bool:
    return abs(value) <= LARGEST and (value >= SMALLEST or not log)
