"""A chart's drawing and its legend say what the dashboard's series hold, spikes included."""

from __future__ import annotations

import math
import re
from typing import Any

from cilda_tui.plot import Line, Plot
from cilda_tui.plots import plot_named
from cilda_tui.report.curve_chart import HINTS, MOST_COLUMNS, curve_chart
from cilda_tui.report.markup import rendered
from cilda_tui.report.words import PERCENT, amount
from cilda_tui.series import Series
from cilda_tui.track import Track
from cilda_tui.ui import Ui
from cilda_tui.view import RunView
from tests.tui.made_events import evaluation, event, metrics, stage, view_of
from tests.tui.report.strict_html import Page, figures


def drawn(view: RunView, name: str) -> Page:
    plot = plot_named(view, Ui(), (), name)
    assert plot is not None
    chart = curve_chart(plot)
    assert chart is not None
    return Page(rendered(chart))


def of_values(values: dict[int, float], **more: Any) -> str:
    series, track = Series(), Track()
    for step, value in values.items():
        series.add(step, value, value, value)
        track.add(step, None, float(step), None)
    chart = curve_chart(Plot("values", (Line("value", series),), track, **more))
    return "" if chart is None else rendered(chart)


def path_of(html: str, name: str) -> list[tuple[float, float]]:
    path = re.search(rf'<path d="([^"]*)" class="{name}', html)
    assert path is not None
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path[1])]


def test_the_legend_tells_the_last_the_least_and_the_greatest_value() -> None:
    view = view_of(stage(), *(metrics(step, total=0.1 * (step % 7)) for step in range(1, 100)))
    assert figures(drawn(view, "student losses"), "total") == ["0.1", "0", "0.6"]


def test_a_single_spike_among_very_many_values_is_in_the_band() -> None:
    values = dict.fromkeys(range(1, 20000), 0.5) | {12_345: 9.5}
    html = of_values(values, smoothing=0.6)
    band, line = path_of(html, "band fill0"), path_of(html, "line stroke0")
    assert len(line) <= MOST_COLUMNS + 1
    assert min(y for _, y in band) < 60 < min(y for _, y in line)
    at = min(band, key=lambda place: place[1])[0]
    assert math.isclose(at, 52 + 440 * 12_345 / 20_000, abs_tol=3)


def test_hints_tell_the_exact_values_of_their_stretch() -> None:
    html = of_values({step: float(step) for step in range(1, 8801)}, smoothing=0.9)
    hints = re.findall(r"<title>(step [^<]*)</title>", html)
    assert len(hints) <= HINTS + 1
    assert hints[0] == "step 0 to 200\nvalue 100 (1 to 199)"
    assert hints[-2] == "step 8.6k to 8.8k\nvalue 8,700 (8,600 to 8,799)"


def test_the_curve_begins_at_its_first_value_and_ends_at_its_last() -> None:
    line = path_of(of_values({step: 1.0 / step for step in range(1, 500)}, smoothing=0.0), "line stroke0")
    assert line[0][0] < 56 and line[-1][0] > 486
    assert [y for _, y in line] == sorted(y for _, y in line)


def test_values_that_are_not_finite_are_marked_and_break_no_drawing() -> None:
    html = of_values({1: 1.0, 2: math.nan, 3: math.inf, 4: 2.0, 400: 1.5})
    assert "not finite" in html and "nan" not in html.lower()
    Page(html)


def test_where_nothing_is_to_be_shown_there_is_no_chart() -> None:
    assert of_values({}) == ""
    assert of_values({1: math.nan}) == ""


def test_extreme_values_stay_on_the_sheet() -> None:
    html = of_values({1: -3e38, 2: 3e38, 3: 1e-40, 4: 0.0})
    assert all(-500 < y < 700 for _, y in path_of(html, "line stroke0"))
    Page(html)


def test_the_teacher_lies_across_the_scores_and_each_score_is_a_point() -> None:
    view = view_of(
        stage(),
        event("teacher", name="t", metric="accuracy", score=0.943),
        *(turn for step in (1, 200, 400) for turn in (metrics(step, total=1.0), evaluation(step, 0.5 + step / 1000))),
    )
    page = drawn(view, "scores")
    assert page.tags["circle"] == 3
    assert "teacher 0.943" in page.text
    assert figures(page, "accuracy") == ["0.9", "0.501", "0.9"]


def test_a_seam_is_drawn_where_the_run_went_on() -> None:
    assert "went on from the checkpoint of step 40" in of_values(dict.fromkeys(range(1, 100), 1.0), seams=(40, 900_000))


def test_units_are_written_at_the_axis_the_legend_and_the_hints() -> None:
    series, track = Series(), Track()
    for step in range(60):
        series.add(step, 0.5, 0.25, 0.75)
        track.add(step, None, 1000.0 + step, None)
    chart = curve_chart(Plot("busy", (Line("cpu", series),), track, axis="time"), PERCENT)
    assert chart is not None
    page = Page(rendered(chart))
    assert figures(page, "cpu") == ["50 %", "25 %", "75 %"]
    assert "cpu 50 % (25 % to 75 %)" in page.text
    assert "time" in page.texts


def test_names_of_curves_are_texts_like_any_other() -> None:
    values: dict[str, Any] = {"<script>alert(1)</script>": 1.0, "total": 2.0}
    view = view_of(stage(), *(metrics(step, **values) for step in (1, 2)))
    page = drawn(view, "student losses")
    assert "<script>alert(1)</script>" in page.text
    assert figures(page, "<script>alert(1)</script>")[0] == amount(1.0)


def test_twelve_lines_differ_in_their_strokes() -> None:
    lines = []
    for place in range(12):
        series = Series()
        series.add(1, place, place, place)
        lines.append(Line(f"line {place}", series))
    chart = curve_chart(Plot("many", tuple(lines), Track()))
    assert chart is not None
    assert {place for place in range(12) if f"dash{place}" in rendered(chart)} == set(range(12))
