"""A chart of curves as a drawing with its axes, and a legend that holds each curve's figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cilda_tui.columns import Columns, Window
from cilda_tui.plot import Line, Plot
from cilda_tui.report.markup import LINE_END, Element, Nodes, element, said
from cilda_tui.report.words import PLAIN, Unit
from cilda_tui.scale import Scale, scale_of
from cilda_tui.series import LARGEST, Floats
from cilda_tui.ticks import axis_words, round_apart
from cilda_tui.trace import Trace, trace_of

MOST_COLUMNS = 220
"""Least, greatest and mean of each column are drawn, so that no spike is lost."""

HINTS = 44
LINES = 6
"""Colours there are; the seventh line takes the first one's again, and each of the twelve has strokes of its own."""

_WIDTH, _HEIGHT = 500, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 8, 24
_ACROSS, _DOWN = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_TICKS_APART = 1 / 6
_LABEL_ROWS = 12
_LONGEST_NAME = 80
_AXES = {"step": "step", "epoch": "epoch", "time": "time", "texts": "texts"}


@dataclass(frozen=True)
class _Sheet:
    """Where values lie on the drawing."""

    columns: Columns
    scale: Scale
    factor: float

    def x(self, value: float) -> float:
        """Of a value of the horizontal axis."""
        return _LEFT + _ACROSS * (value - self.columns.left) / (self.columns.right - self.columns.left)

    def middles(self, count: int) -> Floats:
        """Of the middles of that many first columns."""
        return _LEFT + _ACROSS * (np.arange(count) + 0.5) / self.columns.count

    def y(self, values: Floats | float) -> Floats:
        """Of values as they were written."""
        low, high = self.scale.low, self.scale.high
        found = np.clip(np.asarray(values, np.float64) * self.factor, low - (high - low), high + (high - low))
        return np.asarray(_TOP + _DOWN * (high - found) / (high - low))


def curve_chart(plot: Plot, unit: Unit = PLAIN) -> Element | None:
    """The plot's lines, each with the band between its least and greatest values; None where there is nothing to show.

    `unit` says how values are written.
    """
    plot = replace(plot, window=_window(plot))
    columns = _columns(plot, MOST_COLUMNS)
    traces = [trace_of(line, plot, columns) for line in plot.lines]
    bounds = [found for trace in traces if (found := trace.bounds(band=plot.band, log=False)) is not None]
    across = [value for _, value in plot.references if abs(value) <= LARGEST]
    if not bounds:
        return None
    low, high = min([low for low, _ in bounds] + across), max([high for _, high in bounds] + across)
    sheet = _Sheet(columns, scale_of(low * unit.factor, high * unit.factor, rows=_LABEL_ROWS), unit.factor)
    drawing = element(
        "svg",
        _axes(sheet, plot),
        [_seam(sheet, plot, step) for step in plot.seams[-100:]],
        [_reference(sheet, name, value, unit) for name, value in plot.references if abs(value) <= LARGEST],
        [_band(sheet, trace, place) for place, trace in enumerate(traces) if not plot.lines[place].points],
        [_curve(sheet, trace, plot.lines[place], place) for place, trace in enumerate(traces)],
        [_not_finite(sheet, trace, place) for place, trace in enumerate(traces)],
        _hints(sheet, plot, unit),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=plot.title,
        class_="chart",
    )
    return element(
        "figure", element("figcaption", said(plot.title, _LONGEST_NAME)), drawing, _legend(plot.lines, unit),
        class_="chart",
    )  # fmt: skip


def _window(plot: Plot) -> Window | None:
    """All that the plot holds: its track may have begun to be kept a little later than its lines."""
    if plot.window is not None or plot.drawn_axis != "step":
        return plot.window
    low, high = plot.whole()
    firsts = [line.series.first_step for line in plot.lines if line.series.first_step >= 0]
    return (float(min([*firsts, low])), high)


def _columns(plot: Plot, most: int) -> Columns:
    """At most so many columns over all that the plot shows, none narrower than a step."""
    low, high = plot.shown()
    axis = plot.drawn_axis
    width = max((high - low) / most, 2.0**-36 * max(abs(low), abs(high)), 1e-300)
    if axis in ("step", "texts"):
        width = max(width, 1.0)
    first = math.floor(low / width)
    return Columns(axis, first * width, width, max(1, min(most + 1, math.ceil(high / width - 1e-9) - first)))


def _axes(sheet: _Sheet, plot: Plot) -> list[Element]:
    found = []
    for value, label in zip(sheet.scale.ticks, sheet.scale.labels, strict=True):
        y = float(sheet.y(value / sheet.factor))
        found.append(element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid"))
        found.append(element("text", label, x=_LEFT - 6, y=y + 4, text_anchor="end"))
    columns = sheet.columns
    apart = round_apart((columns.right - columns.left) * _TICKS_APART, columns.axis)
    bottom = _HEIGHT - _BOTTOM
    for place in range(math.ceil(columns.left / apart - 1e-9), math.floor(columns.right / apart + 1e-9) + 1):
        x = sheet.x(place * apart)
        found.append(element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4, class_="axis"))
        # The name of the axis stands at its right end.
        if x < _WIDTH - 52:
            words = axis_words(columns.axis, place * apart, apart)
            found.append(element("text", words, x=x, y=bottom + 16, text_anchor="middle"))
    found.append(element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=bottom, y2=bottom, class_="axis"))
    found.append(element("text", _AXES[plot.drawn_axis], x=_WIDTH - _RIGHT, y=bottom + 16, text_anchor="end"))
    return found


def _seam(sheet: _Sheet, plot: Plot, step: int) -> Element | None:
    value = float(plot.track.from_steps(plot.drawn_axis, [step])[0])
    if not sheet.columns.left <= value <= sheet.columns.right:
        return None
    x = sheet.x(value)
    hint = element("title", f"went on from the checkpoint of step {step:,}")
    return element("line", hint, x1=x, x2=x, y1=_TOP, y2=_HEIGHT - _BOTTOM, class_="seam")


def _reference(sheet: _Sheet, name: str, value: float, unit: Unit) -> list[Element]:
    y = float(sheet.y(value))
    words = f"{name} {unit.words(value)}"
    line = element("line", element("title", words), x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="reference")
    return [line, element("text", words, x=_LEFT + 4, y=y - 4 if y > _TOP + 14 else y + 13, class_="reference")]


def _curve(sheet: _Sheet, trace: Trace, line: Line, place: int) -> list[Element]:
    """What is joined as strokes, what stands alone as a point."""
    smooth = trace.shown(trace.smooth)
    filled = np.flatnonzero(~np.isnan(trace.smooth))
    inside = (filled >= trace.before) & (filled < trace.before + trace.count)
    joined = trace.joined[inside]
    places = filled[inside] - trace.before
    xs = sheet.middles(trace.count)[places].round(1).tolist()
    ys = sheet.y(smooth[places]).round(1).tolist()
    path, alone = [], []
    for at, (x, y) in enumerate(zip(xs, ys, strict=True)):
        goes_on = at > 0 and bool(joined[at - 1])
        path.append(f"{'L' if goes_on else 'M'}{x:g},{y:g}")
        if line.points or not (goes_on or (at + 1 < len(xs) and bool(joined[at]))):
            alone.append((x, y))
    colour, strokes = place % LINES, place // LINES % 2 * LINES + place % LINES
    dots = [element("circle", cx=x, cy=y, r=3 if line.points else 1.5, class_=f"dot fill{colour}") for x, y in alone]
    return [element("path", d="".join(path), class_=f"line stroke{colour} dash{strokes}"), *dots]


def _band(sheet: _Sheet, trace: Trace, place: int) -> Element | None:
    """The area between least and greatest values; stretches that no value joins stay apart."""
    low, high = trace.band()
    there = ~np.isnan(low) & ~np.isnan(high)
    if not there.any():
        return None
    half = _ACROSS / sheet.columns.count / 2
    xs = sheet.middles(trace.count)
    path = []
    for start, end in _stretches(there):
        top, bottom = sheet.y(high[start:end]).round(1).tolist(), sheet.y(low[start:end]).round(1).tolist()
        along = xs[start:end].round(1).tolist()
        if end - start == 1:
            path.append(f"M{along[0] - half:.1f},{top[0]:g}h{2 * half:.1f}V{bottom[0]:g}h{-2 * half:.1f}Z")
            continue
        forth = "L".join(f"{x:g},{y:g}" for x, y in zip(along, top, strict=True))
        back = "L".join(f"{x:g},{y:g}" for x, y in zip(reversed(along), reversed(bottom), strict=True))
        path.append(f"M{forth}L{back}Z")
    return element("path", d="".join(path), class_=f"band fill{place % LINES}")


def _stretches(there: np.ndarray) -> Iterable[tuple[int, int]]:
    """From where to where it is true, again and again."""
    turns = np.flatnonzero(np.diff(np.concatenate(([False], there, [False])).astype(np.int8)))
    return zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True)


def _not_finite(sheet: _Sheet, trace: Trace, place: int) -> Element | None:
    """Crosses at the upper edge, where values were no numbers."""
    xs = sheet.middles(trace.count)[trace.shown(trace.bad)].round(1).tolist()
    if not xs:
        return None
    path = "".join(f"M{x - 3:g},{_TOP}l6,6m0,-6l-6,6" for x in xs)
    return element("path", element("title", "not finite"), d=path, class_=f"line stroke{place % LINES}")


def _hints(sheet: _Sheet, plot: Plot, unit: Unit) -> list[Element]:
    """What stands in each part of the chart, for whoever points at it: exact, not smoothed."""
    columns = _columns(plot, HINTS)
    plain = replace(plot, smoothing=0.0)
    traces = [trace_of(line, plain, columns) for line in plot.lines]
    found = []
    for at in range(columns.count):
        lines: list[Nodes] = []
        for line, trace in zip(plot.lines, traces, strict=True):
            low, mean, high = (float(trace.shown(part)[at]) for part in (trace.low, trace.mean, trace.high))
            if not math.isnan(mean):
                between = f" ({unit.words(low)} to {unit.words(high)})" if low < high else ""
                lines += [LINE_END, f"{line.name[:_LONGEST_NAME]} {unit.words(mean)}{between}"]
        if lines:
            start, end = max(sheet.columns.left, columns.value(at)), min(sheet.columns.right, columns.value(at + 1))
            hint = element("title", _where(columns, at), *lines)
            place = {"x": sheet.x(start), "y": _TOP, "width": sheet.x(end) - sheet.x(start), "height": _DOWN}
            found.append(element("rect", hint, class_="hint", **place))
    return found


def _where(columns: Columns, at: int) -> str:
    """A stretch of the axis in words: `step 200 to 400`, or `step 7` where it is one alone."""
    begins, ends = (axis_words(columns.axis, columns.value(at + more), columns.width) for more in (0, 1))
    alone = columns.width == 1 and columns.axis in ("step", "texts")
    return f"{_AXES[columns.axis]} {begins}{'' if alone else f' to {ends}'}"


def _legend(lines: Sequence[Line], unit: Unit) -> Element:
    """Each line with its strokes, its newest value, and between which its values lay."""
    rows = []
    for place, line in enumerate(lines):
        points = line.series.points()
        some = points.low <= points.high
        low, high = (float(points.low[some].min()), float(points.high[some].max())) if some.any() else (None, None)
        rows.append(
            element(
                "tr",
                element("th", sample(place), " ", said(line.name, _LONGEST_NAME), scope="row"),
                *(element("td", unit.words(value)) for value in (line.series.last, low, high)),
            )
        )
    head = [element("th", words, scope="col") for words in ("", "last", "least", "greatest")]
    return element("table", element("thead", element("tr", head)), element("tbody", rows), class_="legend figures")


def sample(place: int) -> Element:
    """The strokes of a chart's line, for a legend."""
    colour, strokes = place % LINES, place // LINES % 2 * LINES + place % LINES
    return element(
        "svg",
        element("line", x1=0, x2=28, y1=5, y2=5, class_=f"line stroke{colour} dash{strokes}"),
        viewBox="0 0 28 10", width=28, height=10, aria_hidden="true", class_="sample",
    )  # fmt: skip
