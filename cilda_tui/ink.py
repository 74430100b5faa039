"""What is drawn between a chart's axes: points where ticks cross, lines across, bands, curves, marks, the cursor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cilda_tui.dots import Cells, cells_of
from cilda_tui.frame import Frame, Role
from cilda_tui.measured import Measured
from cilda_tui.safe import cut, shown
from cilda_tui.scale import Scale
from cilda_tui.series import Floats

COLOURS = 6
"""The seventh line takes the first one's colour again."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"

# Without colours a line shows its letter every so many cells.
_LETTERS_APART = 16


def line_role(place: int) -> Role:
    """The role of a plot's line, counted from 0."""
    return f"line.{place % COLOURS}"


def letter_of(place: int) -> str:
    """The letter of a plot's line, counted from 0."""
    return LETTERS[place % len(LETTERS)]


def draw_between_axes(frame: Frame, chart: Measured) -> None:
    """Draws all of it, each part over the one before."""
    if chart.scale is None:
        _say_why_empty(frame, chart)
    else:
        _draw_background(frame, chart)
        _draw_curves(frame, chart, chart.scale)
    _mark_bad_columns(frame, chart)
    _draw_cursor(frame, chart)


def _draw_background(frame: Frame, chart: Measured) -> None:
    plot, sheet, glyphs = chart.plot, chart.sheet, chart.glyphs
    if glyphs.braille and sheet.rule >= 0:
        for row, _ in chart.labelled_rows:
            for tick in chart.ticks:
                frame.put_cells(sheet.left + tick.cell, row, "·", ("grid",))
    for step in plot.seams:
        cell = chart.cell(float(plot.track.from_steps(chart.columns.axis, step)))
        if cell is not None and (plot.until is None or step <= plot.until):
            for row in range(sheet.top, sheet.top + sheet.rows):
                frame.put_cells(cell, row, glyphs.seam, ("seam",))
    for _, row in chart.references():
        frame.put_cells(sheet.left, row, glyphs.dash * sheet.cells, ("reference",) * sheet.cells)


def _draw_curves(frame: Frame, chart: Measured, scale: Scale) -> None:
    plot, raster, dots = chart.plot, chart.raster, chart.raster.dots
    levels = [trace.levels(scale, dots) for trace in chart.traces]
    lines = [raster.line(level, trace.before) for level, trace in zip(levels, chart.traces, strict=True)]
    banded = [place for place, line in enumerate(plot.lines) if plot.band and not line.points]
    bands = [
        raster.band(scale.dots(low, dots), scale.dots(high, dots), sparse=chart.glyphs.colourless)
        for low, high in (chart.traces[place].band() for place in banded)
    ]
    cells = cells_of(raster, lines, bands, chart.glyphs)
    _name_references(frame, chart, cells)
    for row in range(raster.rows):
        _put_curves(frame, chart.sheet.left, chart.sheet.top + row, cells, row, banded)
    _mark_points(frame, chart, levels)
    if len(plot.lines) > 1:
        _write_letters(frame, chart, levels, cells)


def _put_curves(frame: Frame, x: int, y: int, cells: Cells, row: int, banded: Sequence[int]) -> None:
    """Writes a row of curves over what lies below, blanks left out."""
    lines, bands = cells.lines[row], cells.bands[row]
    start = 0
    for word in "".join(cells.letters[row]).split(" "):
        end = start + len(word)
        if word:
            roles = [
                line_role(line) if line >= 0 else f"band.{banded[band] % COLOURS}"
                for line, band in zip(lines[start:end], bands[start:end], strict=True)
            ]
            frame.put_cells(x + start, y, list(word), roles)
        start = end + 1


def _name_references(frame: Frame, chart: Measured, cells: Cells) -> None:
    """Writes the name of what lies across on its line, at the right or at the left, where no curve is in the way."""
    sheet = chart.sheet
    for name, row in chart.references():
        text = f" {cut(shown(name, ascii=chart.glyphs.ascii), 16, chart.glyphs.ellipsis)} "
        letters = cells.letters[row - sheet.top]
        for start in (sheet.cells - len(text) - 1, 1):
            if start > 0 and not "".join(letters[start : start + len(text)]).strip():
                frame.put(sheet.left + start, row, text, "reference")
                break


def _mark_points(frame: Frame, chart: Measured, levels: Sequence[Floats]) -> None:
    """Marks values that count each for themselves, as long as they do not run into each other."""
    for place, (line, trace) in enumerate(zip(chart.plot.lines, chart.traces, strict=True)):
        if not line.points:
            continue
        filled = np.flatnonzero(~np.isnan(trace.shown(trace.smooth)))
        if len(filled) <= max(1, chart.sheet.cells // 2):
            for column in filled.tolist():
                cell = chart.sheet.left + column // chart.raster.across
                dot = round(levels[place][trace.before + column])
                frame.put(cell, chart.row(dot), chart.glyphs.point, line_role(place))


def _write_letters(frame: Frame, chart: Measured, levels: Sequence[Floats], cells: Cells) -> None:
    """Writes each line's letter behind its end; without colours also along the way."""
    sheet, raster = chart.sheet, chart.raster
    taken: set[tuple[int, int]] = set()
    for place, trace in enumerate(chart.traces):
        if chart.glyphs.colourless:
            _write_along(frame, chart, cells, place)
        shown_levels = trace.shown(levels[place])
        drawn = np.flatnonzero(~np.isnan(shown_levels))
        if not len(drawn) or frame.width <= sheet.left + sheet.cells:
            continue
        column = int(drawn[-1])
        cell = sheet.left + column // raster.across + 1
        row = chart.row(round(min(max(shown_levels[column], -1.0), float(raster.dots))))
        for at in (row, row - 1, row + 1, row - 2, row + 2):
            if (cell, at) not in taken and sheet.top <= at < sheet.top + sheet.rows:
                taken.add((cell, at))
                frame.put(cell, at, letter_of(place), line_role(place))
                break


def _write_along(frame: Frame, chart: Measured, cells: Cells, place: int) -> None:
    sheet = chart.sheet
    first = _LETTERS_APART * place // len(chart.plot.lines)
    for cell in range(first, sheet.cells, _LETTERS_APART):
        row = next((row for row, owners in enumerate(cells.lines) if owners[cell] == place), None)
        if row is not None:
            frame.put(sheet.left + cell, sheet.top + row, letter_of(place), line_role(place))


def _mark_bad_columns(frame: Frame, chart: Measured) -> None:
    """Marks, at the lower edge, where a value was not finite, or not above 0 on a logarithmic axis."""
    sheet = chart.sheet
    row = sheet.rule if sheet.rule >= 0 else sheet.top + sheet.rows - 1
    for mark, role, arrays in (
        (chart.glyphs.fall, "warn", [trace.shown(trace.refused) for trace in chart.traces]),
        (chart.glyphs.cross, "bad", [trace.shown(trace.bad) for trace in chart.traces]),
    ):
        if arrays:
            cells = np.flatnonzero(np.logical_or.reduce(arrays)) // chart.raster.across
            for cell in set(cells.tolist()):
                frame.put(sheet.left + cell, row, mark, role)


def _draw_cursor(frame: Frame, chart: Measured) -> None:
    """An upright line wherever no curve is."""
    sheet = chart.sheet
    cell = None if chart.plot.cursor is None else chart.cell(chart.plot.cursor)
    if cell is None:
        return
    free = {" ", "·", chart.glyphs.seam, chart.glyphs.dash}
    for row in range(sheet.top, sheet.top + sheet.rows):
        if frame.part(cell, row, 1, 1).text(0) in free:
            frame.put(cell, row, chart.glyphs.cursor, "cursor")


def _say_why_empty(frame: Frame, chart: Measured) -> None:
    plot, sheet = chart.plot, chart.sheet
    if any(trace.shown(trace.refused).any() for trace in chart.traces):
        words = "no values above 0"
    elif any(trace.shown(trace.bad).any() for trace in chart.traces):
        words = "no finite values"
    elif plot.window is not None and any(len(line.series) for line in plot.lines):
        words = "no values in this window"
    else:
        words = "no values yet"
    words = words[: sheet.cells]
    frame.put(sheet.left + (sheet.cells - len(words)) // 2, sheet.top + sheet.rows // 2, words, "dim")
