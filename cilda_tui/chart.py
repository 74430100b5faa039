"""Curves over steps, epochs, time or texts: the range of the raw values dim, the smoothed line bright."""

from __future__ import annotations

import math

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.ink import draw_between_axes, letter_of, line_role
from cilda_tui.legend import Entry, draw_legend, rows_of, value_words
from cilda_tui.measured import Measured, measured
from cilda_tui.plot import Plot
from cilda_tui.safe import cut, shown
from cilda_tui.ticks import axis_words


def draw_chart(plot: Plot, width: int, height: int, glyphs: Glyphs, *, focused: bool = False) -> Frame:
    """A plot on so many cells: title, legend, curves between two axes; what there is no room for is left out."""
    frame = Frame(width, height)
    if not frame.width or not frame.height:
        return frame
    most = 2 if height >= 11 else 1
    # Values take the same room whatever they are, so that it can be known before them how many rows there will be.
    legend_rows = len(rows_of(_entries(plot, glyphs, [""] * len(plot.lines)), width, most, glyphs.ellipsis))
    chart = measured(plot, width, height, glyphs, legend_rows)
    _write_title(frame, chart, focused=focused)
    _write_axes(frame, chart)
    draw_between_axes(frame, chart)
    if chart.sheet.legend >= 0:
        values = [value_words(value) for value in values_of(chart)]
        rows = rows_of(_entries(plot, glyphs, values), width, legend_rows, glyphs.ellipsis)
        draw_legend(frame, chart.sheet.legend, rows[: chart.sheet.top - chart.sheet.legend])
    return frame


def values_of(chart: Measured) -> list[float | None]:
    """Each line's mean in the cursor's column, or else its newest value until there; without a cursor the newest."""
    plot, columns = chart.plot, chart.columns
    values: list[float | None] = []
    for line, trace in zip(plot.lines, chart.traces, strict=True):
        until = plot.until_of(line)
        if plot.cursor is None or not math.isfinite(plot.cursor):
            values.append(line.series.last if until is None else line.series.at(until))
            continue
        column = columns.column(plot.cursor)
        inside = 0 <= column < columns.count
        if inside and (trace.shown(trace.bad)[column] or not math.isnan(trace.shown(trace.mean)[column])):
            values.append(float(trace.shown(trace.mean)[column]))
            continue
        step = math.floor(float((line.track or plot.track).to_steps(columns.axis, plot.cursor)))
        values.append(line.series.at(step if until is None else min(step, until)))
    return values


def _entries(plot: Plot, glyphs: Glyphs, values: list[str]) -> list[Entry]:
    several = len(plot.lines) > 1
    entries = [
        Entry(letter_of(place) if several else "", shown(line.name, ascii=glyphs.ascii), value, line_role(place))
        for place, (line, value) in enumerate(zip(plot.lines, values, strict=True))
    ]
    across = [
        Entry(glyphs.dash, shown(name, ascii=glyphs.ascii), value_words(value), "reference")
        for name, value in plot.references
    ]
    return entries + across


def _write_title(frame: Frame, chart: Measured, *, focused: bool) -> None:
    plot, row = chart.plot, chart.sheet.title
    if row < 0:
        return
    words = "logarithmic" if plot.log else ""
    if plot.drawn_axis != plot.axis:
        words = f"no {plot.axis} known: by step"
    title = cut(shown(plot.title, ascii=chart.glyphs.ascii), frame.width, chart.glyphs.ellipsis)
    end = frame.put(0, row, title, "focus" if focused else "title")
    if words and end + 1 + len(words) <= frame.width:
        frame.put_right(frame.width, row, words, "dim")


def _write_axes(frame: Frame, chart: Measured) -> None:
    sheet, glyphs = chart.sheet, chart.glyphs
    if sheet.left:
        for row in range(sheet.top, sheet.top + sheet.rows):
            frame.put_cells(sheet.left - 1, row, glyphs.vertical, ("axis",))
        for row, label in chart.labelled_rows:
            frame.put(max(0, sheet.left - 1 - len(label)), row, label, "axis", end=sheet.left - 1)
    if sheet.rule >= 0:
        frame.put_cells(sheet.left, sheet.rule, glyphs.horizontal * sheet.cells, ("axis",) * sheet.cells)
        if sheet.left:
            frame.put(sheet.left - 1, sheet.rule, glyphs.bottom_left, "axis")
        for tick in chart.ticks:
            frame.put_cells(sheet.left + tick.cell, sheet.rule, glyphs.tee, ("axis",))
    if sheet.labels >= 0:
        _write_tick_labels(frame, chart)


def _write_tick_labels(frame: Frame, chart: Measured) -> None:
    """Labels under their ticks, the axis's name at the right; the cursor's place takes precedence."""
    sheet, plot = chart.sheet, chart.plot
    start = frame.put_right(frame.width, sheet.labels, chart.columns.axis, "dim")
    end = 0
    for tick in chart.ticks:
        at = max(end, sheet.left + tick.cell - len(tick.label) // 2)
        if at - (sheet.left + tick.cell) <= 1 and at + len(tick.label) < start:
            end = frame.put(at, sheet.labels, tick.label, "axis") + 1
    cell = None if plot.cursor is None else chart.cell(plot.cursor)
    if cell is not None and plot.cursor is not None:
        words = f" {axis_words(chart.columns.axis, plot.cursor, chart.columns.width)} "
        frame.put(max(0, min(cell - len(words) // 2, frame.width - len(words))), sheet.labels, words, "cursor")
