"""The whole screen: every situation at every size, and what stands where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.dashboard import draw_dashboard
from cilda_tui.glyphs import ASCII, UNICODE, Glyphs
from cilda_tui.ui import PANES, Ui
from tests.tui.made_run import MADE
from tests.tui.panels.viewed import check_frame, view_named

SITUATIONS = tuple(MADE)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_each_situation_fills_the_screen_and_says_what_the_run_is_doing(
    situation: str, width: int, height: int
) -> None:
    view = view_named(situation)
    frame = draw_dashboard(view, Ui(), width, height, UNICODE)
    check_frame(frame, width, height)
    assert view.status.shown.upper() in frame.lines()[0]


@given(
    st.sampled_from(SITUATIONS), st.integers(1, 250), st.integers(1, 80), st.sampled_from(PANES), st.booleans(),
    st.sampled_from([UNICODE, ASCII, UNICODE.without_colour()]),
)  # fmt: skip
def test_no_size_and_no_pane_breaks_it(
    situation: str, width: int, height: int, focus: str, zoomed: bool, glyphs: Glyphs
) -> None:
    frame = draw_dashboard(view_named(situation), Ui(focus=focus, zoomed=zoomed), width, height, glyphs)
    check_frame(frame, width, height)
    if glyphs.ascii:
        assert all(line.isascii() for line in frame.lines())


def test_a_small_screen_shows_one_chart_and_a_large_one_four() -> None:
    view = view_named("running")
    small = "\n".join(draw_dashboard(view, Ui(), 80, 24, UNICODE).lines())
    large = "\n".join(draw_dashboard(view, Ui(), 120, 40, UNICODE).lines())
    assert "student losses" in small
    assert "agreement" not in small
    for words in ("student losses", "scores", "generator objective", "agreement", "2 machine", "3 augmented texts"):
        assert words in large


def test_a_zoomed_pane_has_the_screen_for_itself() -> None:
    lines = draw_dashboard(view_named("running"), Ui(focus="machine", zoomed=True), 80, 24, UNICODE).lines()
    assert "2 machine" in lines[1]
    assert "losses" not in "\n".join(lines)


def test_without_a_run_the_list_of_runs_is_shown() -> None:
    lines = draw_dashboard(None, Ui(focus="runs", zoomed=True), 80, 24, UNICODE).lines()
    assert lines[0] == " cilda"
    assert "no runs yet" in lines[2]
    check_frame(draw_dashboard(None, Ui(focus="runs", zoomed=True), 3, 2, UNICODE), 3, 2)
