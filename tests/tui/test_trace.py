"""What of a line is drawn in which column: smoothed from the left, joined where nothing is missing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.columns import columns_for
from cilda_tui.plot import Line
from cilda_tui.scale import Scale
from cilda_tui.series import Floats, Series
from cilda_tui.trace import Trace, trace_of
from tests.tui.made_plots import plot, series

UNIT = Scale(0.0, 10.0, (), ())


def traced(line: Line, columns: int = 40, **changes: Any) -> Trace:
    of = plot(line, **changes)
    return trace_of(line, of, columns_for("step", of.shown(), columns))


def shown(trace: Trace, values: Floats) -> list[float]:
    return [float(value) for value in trace.shown(values) if not math.isnan(value)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(0, 0.99))
def test_smoothing_averages_with_what_was_before(values: list[float], smoothing: float) -> None:
    """Held against the sum that it stands for: every value before, each step further counting that much less."""
    trace = traced(Line("total", series(values)), smoothing=smoothing)
    slow = []
    for place in range(len(values)):
        weights = [smoothing ** (place - other) for other in range(place + 1)]
        slow.append(sum(w * v for w, v in zip(weights, values, strict=False)) / sum(weights))
    assert shown(trace, trace.smooth) == pytest.approx(slow, rel=1e-9, abs=1e-6)


def test_the_first_values_are_not_drawn_to_zero() -> None:
    trace = traced(Line("total", series([5.0, 5.0, 5.0])), smoothing=0.98)
    assert shown(trace, trace.smooth) == pytest.approx([5.0, 5.0, 5.0])


def test_on_a_logarithmic_axis_powers_stay_on_a_line_and_what_is_not_above_zero_is_refused() -> None:
    trace = traced(Line("total", series([100.0, 1.0, -1.0, 1.0])), log=True, smoothing=0.5)
    smooth = shown(trace, trace.smooth)
    assert smooth == pytest.approx([100.0, 10 ** (2 / 3), 10 ** (2 / 7)])
    assert trace.shown(trace.refused).sum() == 1


def test_scores_are_never_smoothed() -> None:
    trace = traced(Line("accuracy", series([0.1, 0.9, 0.1]), points=True), smoothing=0.9)
    assert shown(trace, trace.smooth) == [0.1, 0.9, 0.1]


def level_gaps(trace: Trace) -> int:
    """Gaps of the drawn line between its first and last column."""
    missing = np.isnan(trace.shown(trace.levels(UNIT, 41)))
    drawn = np.flatnonzero(~missing)
    inside = missing[drawn[0] : drawn[-1] + 1]
    return int((np.diff(inside.astype(int)) == 1).sum())


def test_values_that_come_rarely_are_joined() -> None:
    assert level_gaps(traced(Line("total", series([1.0, 5.0, 2.0], every=100)), smoothing=0.0)) == 0


def test_where_values_usually_come_often_a_long_silence_is_a_gap() -> None:
    made = Series()
    for step in [*range(100), *range(300, 400)]:
        made.add(step, 1.0, 1.0, 1.0)
    assert level_gaps(traced(Line("total", made), columns=104)) == 1
    assert level_gaps(traced(Line("accuracy", made, points=True), columns=104)) == 0


def test_a_value_that_is_not_finite_breaks_the_line() -> None:
    assert level_gaps(traced(Line("total", series([1.0] * 10 + [math.nan] + [1.0] * 9)), columns=20)) == 1


def test_between_two_values_a_line_is_straight_and_a_band_holds() -> None:
    line = Line("total", series([0.0, 10.0], every=2, spread=1.0))
    trace = traced(line, columns=18, smoothing=0.0)
    levels = trace.shown(trace.levels(UNIT, 41))
    assert levels[:5].tolist() == [0.0, 10.0, 20.0, 30.0, 40.0]
    low, high = trace.band()
    assert np.isnan(low[5:]).all()
    assert len(set(low[:4].tolist())) <= 2 and float(np.nanmax(high)) == 11.0


def test_bounds_are_those_of_what_is_shown() -> None:
    line = Line("total", series([50.0] * 50 + [1.0] * 50, spread=0.5))
    trace = traced(line, window=(80.0, 100.0), smoothing=0.0)
    assert trace.bounds(band=True, log=False) == (0.5, 1.5)
    assert trace.bounds(band=False, log=False) == (1.0, 1.0)
    assert traced(Line("total", Series())).bounds(band=True, log=False) is None
