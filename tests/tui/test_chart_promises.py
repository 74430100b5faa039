"""What charts promise for any values at any size: never an error, no spike lost, drawn columns at rest."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda_tui.chart import draw_chart
from cilda_tui.frame import Frame
from cilda_tui.glyphs import ASCII, UNICODE, Glyphs
from cilda_tui.measured import Measured, columns_of, measured
from cilda_tui.plot import Line, Plot
from cilda_tui.scale import Scale
from cilda_tui.series import Series
from cilda_tui.trace import Trace
from cilda_tui.track import AXES
from tests.tui.made_plots import any_plot, curve, falling, plot, roles, series, track

GLYPHS = st.sampled_from([UNICODE, ASCII, UNICODE.without_colour(), ASCII.without_colour()])
SMALL = st.floats(-1000, 1000, width=32)
# A chart's inside on 60×17 cells, below title and legend.
WIDTH, HEIGHT = 60, 17


@given(any_plot(), st.integers(-1, 90), st.integers(-1, 30), GLYPHS, st.booleans())
def test_any_plot_is_drawn_at_any_size(of: Plot, width: int, height: int, glyphs: Glyphs, focused: bool) -> None:
    frame = draw_chart(of, width, height, glyphs, focused=focused)
    assert (frame.width, frame.height) == (max(0, width), max(0, height))
    for row in range(frame.height):
        text = frame.text(row)
        assert cell_len(text) == frame.width
        assert text.isprintable()
        if glyphs.ascii:
            assert text.isascii()


def inside(of: Plot, glyphs: Glyphs = UNICODE) -> tuple[Frame, Measured]:
    """A chart, and where things are in it."""
    return draw_chart(of, WIDTH, HEIGHT, glyphs), measured(of, WIDTH, HEIGHT, glyphs, legend_rows=1)


def dot_is_set(frame: Frame, chart: Measured, column: int, dot: int) -> bool:
    """Whether a dot of a braille chart, counted from the lowest, is drawn or hidden behind a line's cell."""
    x, y = chart.sheet.left + column // 2, chart.row(dot)
    letter, role = frame.part(x, y, 1, 1).text(0), next(frame.part(x, y, 1, 1).segments(0))[1]
    if role.startswith("line."):
        return True
    bit = ((6, 2, 1, 0), (7, 5, 4, 3))[column % 2][dot % 4]
    return 0x2800 <= ord(letter) < 0x2900 and bool(ord(letter) - 0x2800 >> bit & 1)


@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=60), st.integers(1, 200), st.floats(0, 0.98))
def test_no_spike_is_lost(ends: list[tuple[float, float]], every: int, smoothing: float) -> None:
    made = Series()
    for place, pair in enumerate(ends):
        low, high = sorted(pair)
        made.add(1 + place * every, (low + high) / 2, low, high)
    frame, chart = inside(plot(Line("total", made), smoothing=smoothing))
    assert chart.scale is not None
    points = made.points()
    dots = chart.scale.dots(points.high, chart.raster.dots), chart.scale.dots(points.low, chart.raster.dots)
    for place, step in enumerate(points.step.tolist()):
        for ends_of in dots:
            assert dot_is_set(frame, chart, chart.columns.column(step), int(ends_of[place]))


@given(st.lists(SMALL, min_size=1, max_size=58), st.lists(SMALL, min_size=1, max_size=20), st.sampled_from(AXES))
def test_the_playhead_shows_what_was_shown_then(earlier: list[float], later: list[float], axis: str) -> None:
    # Of the future an axis knows where it went on.
    values = earlier + (later if axis == "step" else later[:1])
    then, now = plot(Line("total", series(earlier))), plot(Line("total", series(values)))
    shown_then, shown_now = replace(then, axis=axis), replace(now, axis=axis, until=len(earlier))
    assert draw_chart(shown_now, WIDTH, HEIGHT, UNICODE).changed(draw_chart(shown_then, WIDTH, HEIGHT, UNICODE)) == []


@given(st.lists(SMALL, min_size=2, max_size=80), st.floats(0, 0.98), GLYPHS)
def test_drawn_columns_never_move_while_the_axes_stay(values: list[float], smoothing: float, glyphs: Glyphs) -> None:
    made, before = Series(), None
    for step, value in enumerate(values, 1):
        made.add(step, value, value - 1, value + 1)
        frame, chart = inside(plot(Line("total", made), smoothing=smoothing), glyphs)
        if before and (before[1].columns, before[1].scale) == (chart.columns, chart.scale):
            last = chart.sheet.left + chart.columns.column(step - 1) // chart.raster.across
            top, rows = chart.sheet.top, chart.sheet.rows
            assert frame.part(0, top, last, rows).changed(before[0].part(0, top, last, rows)) == []
        before = frame, chart


def test_while_a_loss_falls_hardly_anything_is_redrawn() -> None:
    """Three thousand steps: some thirty new widths and bounds want a new drawing; else it is a cell or two."""
    frames = [
        draw_chart(plot(Line("total", falling(3000)), until=until), 60, 17, UNICODE) for until in range(1, 3000, 10)
    ]
    cells = [
        sum(span.end - span.start for span in after.changed(before) if span.row > 1)
        for before, after in itertools.pairwise(frames)
    ]
    assert sum(count > 20 for count in cells) < 40
    assert sorted(cells)[len(cells) // 2] <= 4


@given(st.integers(0, 600), st.floats(0, 0.95), st.integers(1, 40))
def test_a_window_shows_what_the_whole_shows_there(start: int, smoothing: float, every: int) -> None:
    """Lines enter and leave a window where they would if all were shown, smoothed from before its left edge."""
    made = series([math.sin(place / 9) for place in range(1000 // every)], every=every)
    whole = measured(plot(Line("total", made), smoothing=smoothing, steps=1000), 400, HEIGHT, UNICODE, 1)
    ends = whole.columns.value(start), whole.columns.value(start + 104)
    chart = measured(replace(whole.plot, window=ends), WIDTH, HEIGHT, UNICODE, 1)
    # Long labels leave fewer columns.
    assume(chart.columns.count == 104)
    assert (chart.columns.width, chart.columns.left) == (whole.columns.width, ends[0])
    levels = [one.traces[0].shown(one.traces[0].levels(Scale(-1, 1, (), ()), 100)) for one in (whole, chart)]
    np.testing.assert_allclose(levels[1][: len(levels[0]) - start], levels[0][start : start + 104], atol=1.5)


def test_meaning_is_never_in_colour_alone() -> None:
    """Several lines have letters in the legend and behind their ends; a single one needs none."""
    two = draw_chart(plot(Line("total", falling(300)), Line("other", falling(300, 1.0, 0.9))), 60, 17, UNICODE)
    assert "a total" in two.text(1) and "b other" in two.text(1)
    ends = [two.text(row).rstrip()[-1] for row in range(2, 15)]
    assert ends.count("a") == 1 and ends.count("b") == 1
    assert {"line.0", "line.1"} <= roles(two)


def test_the_seventh_line_takes_the_first_ones_colour_and_a_letter_of_its_own() -> None:
    lines = [Line(f"line {place}", falling(100, 1.0 + place, 0.5 + place)) for place in range(7)]
    frame = draw_chart(plot(*lines), 120, 40, UNICODE)
    assert "g line 6" in frame.text(1) + frame.text(2)
    assert "line.6" not in roles(frame)


def test_a_slow_line_to_the_terminal_can_do_without_the_band() -> None:
    assert "band.0" not in roles(draw_chart(plot(Line("total", falling(300)), band=False), 60, 17, UNICODE))


def test_without_the_band_bounds_are_those_of_the_smoothed_line() -> None:
    spike = plot(Line("total", curve(400, lambda step: 9.0 if step == 111 else 1.0)), smoothing=0.9)
    with_band, without = (measured(replace(spike, band=band), 60, 17, UNICODE, 1).scale for band in (True, False))
    assert with_band is not None and without is not None
    assert with_band.high >= 9 > without.high


def test_an_overlaid_run_is_drawn_along_its_own_epochs() -> None:
    slow = track(0)
    for step in range(1, 201):
        slow.add(step, step / 50, float(step), None)
    lines = Line("total", falling(200)), Line("other:total", falling(200), track=slow)
    chart = measured(plot(*lines, axis="epoch"), 60, 17, UNICODE, 1)
    ends = [chart.columns.value(filled(trace)[-1]) for trace in chart.traces]
    assert ends == [pytest.approx(2.0, abs=chart.columns.width), pytest.approx(4.0, abs=chart.columns.width)]


def filled(trace: Trace) -> list[int]:
    """The shown columns that hold values."""
    return [int(place) for place in np.flatnonzero(~np.isnan(trace.shown(trace.mean)))]


def test_the_playhead_hides_nothing_of_an_overlaid_run() -> None:
    own, other = falling(200), falling(200)
    of = Plot("losses", (Line("total", own), Line("b:total", other, track=track(200))), track(200), until=50)
    chart = measured(of, 60, 17, UNICODE, 1)
    ends = [chart.columns.value(filled(trace)[-1]) for trace in chart.traces]
    assert ends == [pytest.approx(50, abs=chart.columns.width), pytest.approx(200, abs=chart.columns.width)]
    assert chart.columns.right >= 200


def test_an_axis_of_which_nothing_is_known_says_so_and_counts_steps() -> None:
    of = Plot("losses", (Line("total", falling(50)),), track(0), axis="epoch")
    frame = draw_chart(of, 60, 17, UNICODE)
    assert "no epoch known: by step" in frame.text(0)
    assert frame.text(16).rstrip().endswith("step")


def test_names_out_of_data_cannot_move_the_cursor() -> None:
    hostile = plot(Line("\x1b[2J\u202e[bold]", falling(50)), title="\x1b]0;x\x07", references=(("\n\r", 1.0),))
    for row in draw_chart(hostile, 60, 17, UNICODE).lines():
        assert row.isprintable()


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_keys_find_the_columns_that_are_drawn(glyphs: Glyphs) -> None:
    of = plot(Line("total", falling(1234)))
    assert columns_of(of, 60, glyphs) == measured(of, 60, 17, glyphs, 1).columns
