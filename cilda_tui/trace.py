"""One line column by column: its band, its smoothed values, and which of them are joined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cilda_tui.columns import Columns
from cilda_tui.plot import Line, Plot
from cilda_tui.scale import Scale
from cilda_tui.series import Bools, Floats, Ints

# Columns on both sides of what is shown, at most: there lines enter and leave as if all were shown.
_MOST_OUTSIDE = 2048
# Values this many usual distances apart are not joined, nor over more than this part of the chart.
_GAP_STRIDES = 8
_GAP_PART = 1 / 32
# Over so many columns a band holds until the next value.
_HELD_COLUMNS = 4


@dataclass(frozen=True)
class Trace:
    """Arrays hold a number for each column, `before` of them left of what is shown, NaN where there is nothing."""

    before: int
    count: int
    low: Floats
    high: Floats
    mean: Floats
    smooth: Floats
    """NaN between the columns that hold values."""
    joined: Bools
    """By filled column, whether the line goes on to the next filled one."""
    bad: Bools
    """Where a value was not finite."""
    refused: Bools
    """Where a value is not above 0, which a logarithmic axis cannot show."""

    def shown(self, values: np.ndarray) -> np.ndarray:
        """Of one of the arrays, the part that is shown."""
        return values[self.before : self.before + self.count]

    def bounds(self, *, band: bool, log: bool) -> tuple[float, float] | None:
        """The least and the greatest amount to be shown; None if there is none."""
        parts = [self.shown(self.smooth), *([self.shown(self.low), self.shown(self.high)] if band else [])]
        amounts = np.concatenate(parts)
        amounts = amounts[amounts > 0] if log else amounts[~np.isnan(amounts)]
        return (float(amounts.min()), float(amounts.max())) if len(amounts) else None

    def levels(self, scale: Scale, dots: int) -> Floats:
        """At which dot the line is in each column, shown or not, straight between the values that are joined."""
        found = np.full(len(self.smooth), np.nan)
        filled, places, left = self._between
        if len(filled):
            levels = np.interp(places, filled, scale.levels(self.smooth[filled], dots))
            drawn = (places == filled[left]) | self.joined[left]
            found[places[drawn]] = levels[drawn]
        return found

    def band(self) -> tuple[Floats, Floats]:
        """The least and greatest amount in each shown column.

        Where columns are narrower than what lies between two values, an amount holds until the next.
        """
        filled, places, left = self._between
        low, high = self.low, self.high
        if len(filled) > 1 and len(filled) < len(places):
            near = np.append(np.diff(filled), 0) <= max(_HELD_COLUMNS, self.count * _GAP_PART)
            held = (self.joined & near)[left] & np.isnan(low[places])
            low, high = low.copy(), high.copy()
            low[places[held]], high[places[held]] = low[filled[left[held]]], high[filled[left[held]]]
        return self.shown(low), self.shown(high)

    @cached_property
    def _between(self) -> tuple[Ints, Ints, Ints]:
        """Columns that hold values; all from the first to the last of them; for each the place of the one before."""
        filled = np.flatnonzero(~np.isnan(self.smooth))
        places = np.arange(filled[0], filled[-1] + 1) if len(filled) else filled
        return filled, places, np.searchsorted(filled, places, side="right") - 1


def trace_of(line: Line, plot: Plot, columns: Columns) -> Trace:
    """What a plot shows of one of its lines in these columns."""
    series, track = line.series, line.track or plot.track
    first, last = (columns.column(float(value)) for value in track.from_steps(columns.axis, _ends(line)))
    smoothing = 0.0 if line.points else min(max(plot.smoothing, 0.0), 0.999)
    # As many values as smoothing remembers, which lie so many columns apart.
    reach = math.log(0.01) / math.log(smoothing) if smoothing > 0 else 1.0
    reach *= max(1.0, (last - first) / max(1, len(series) - 1))
    before = min(max(math.ceil(reach), columns.count), max(0, -first) + 1, _MOST_OUTSIDE)
    after = min(columns.count, max(0, last + 1 - columns.count), _MOST_OUTSIDE)
    edges = _steps(columns.edges(before, after), line, plot, columns)
    found = series.columns(edges)
    usable = found.count > 0
    refused = np.zeros(len(usable), np.bool_)
    if plot.log:
        refused = found.low <= 0
        usable &= ~(found.mean <= 0)
    filled = np.flatnonzero(usable)
    smooth = np.full(len(usable), np.nan)
    # Smoothed as drawn: on a logarithmic axis, where tenfold is always as far.
    means = np.log(found.mean[filled]) if plot.log else found.mean[filled]
    smooth[filled] = np.exp(_smoothed(means, smoothing)) if plot.log else _smoothed(means, smoothing)
    broken = np.flatnonzero((found.bad | refused) & ~usable)
    joined = _joined(filled, broken, edges, line, columns.count)
    return Trace(before, columns.count, found.low, found.high, found.mean, smooth, joined, found.bad, refused)


def _ends(line: Line) -> list[int]:
    return [max(0, line.series.first_step), max(0, line.series.last_step)]


def _steps(edges: Floats, line: Line, plot: Plot, columns: Columns) -> Ints:
    """The first whole step at or after each edge, none beyond the playhead."""
    track, until = line.track or plot.track, plot.until_of(line)
    # What came out of arithmetic may miss a whole number by a hair.
    steps = np.ceil(track.to_steps(columns.axis, edges) - 1e-6) if columns.axis != "step" else np.ceil(edges)
    end = 2.0**53 if until is None else float(until + 1)
    return np.clip(steps, -1.0, max(end, -1.0)).astype(np.int64)


def _smoothed(values: Floats, smoothing: float) -> Floats:
    """Each value averaged with those before it, which count `smoothing` times less from column to column.

    The first ones are averages of the few that there are, instead of being drawn to 0.
    """
    if smoothing == 0:
        return values
    found, total, weight = [], 0.0, 0.0
    for value in values.tolist():
        total = smoothing * total + (1 - smoothing) * value
        weight = smoothing * weight + (1 - smoothing)
        found.append(total / weight)
    return np.array(found)


def _joined(filled: Ints, broken: Ints, edges: Ints, line: Line, shown: int) -> Bools:
    """Whether the line goes on from each filled column to the next."""
    joined = np.zeros(len(filled), np.bool_)
    if len(filled) < 2:
        return joined
    left, right = filled[:-1], filled[1:]
    joined[:-1] = np.searchsorted(broken, left) == np.searchsorted(broken, right)
    if not line.points:
        series = line.series
        stride = (series.last_step - series.first_step) / max(1, len(series) - 1)
        far = (right - left > max(2, shown * _GAP_PART)) & (edges[right] - edges[left] > _GAP_STRIDES * stride)
        joined[:-1] &= ~far
    return joined
