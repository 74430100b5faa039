"""The charts in their places, and the small curves below them."""

from __future__ import annotations

import pytest

from cilda_tui.glyphs import ASCII, UNICODE, Glyphs
from cilda_tui.panels.curves import draw_place, draw_sparks, first_chart
from cilda_tui.ui import Ui
from tests.tui.panels.viewed import check_frame, view_named


def title(ui: Ui, index: int, places: int, situation: str = "running") -> str:
    frame = draw_place(view_named(situation), ui, [], index, places, 60, 12, UNICODE)
    return frame.lines()[0]


def test_charts_turn_like_pages_so_that_the_focused_one_is_seen() -> None:
    assert title(Ui(), 0, 4) == "▸1 student losses"
    assert title(Ui(), 1, 4) == "scores"
    assert title(Ui(chart=5), 1, 4) == "▸rewriting"
    assert title(Ui(chart=5), 0, 4) == "1 gradient norms"
    assert first_chart(Ui(chart=5), 0) == 0


def test_a_place_beyond_the_last_chart_stays_empty() -> None:
    assert title(Ui(chart=999), 3, 6) == ""


def test_before_the_first_value_the_place_says_so() -> None:
    frame = draw_place(view_named("waiting"), Ui(), [], 0, 4, 40, 5, UNICODE)
    assert frame.lines() == ["▸1 curves", "", "  no values yet", "", ""]
    assert draw_sparks(view_named("waiting"), Ui(), 40, 1, UNICODE).lines() == ["  no curves yet"]


def test_small_curves_stand_beside_their_newest_values() -> None:
    frame = draw_sparks(view_named("running"), Ui(), 100, 2, UNICODE)
    first, second = frame.lines()
    assert first.startswith("  total ")
    assert " 0.5332  score " in first
    assert "  generator " in first
    assert second.startswith("  agree ")


def test_what_finds_no_room_in_a_row_begins_the_next() -> None:
    frame = draw_sparks(view_named("running"), Ui(), 45, 3, UNICODE)
    assert [line.split()[0] for line in frame.lines()] == ["total", "score", "generator"]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("situation", ["running", "not a number", "hostile", "empty", "resumed"])
def test_every_size_is_kept(situation: str, glyphs: Glyphs) -> None:
    view = view_named(situation)
    for width, height in ((1, 1), (7, 2), (30, 5), (90, 25)):
        check_frame(draw_place(view, Ui(), [view], 0, 1, width, height, glyphs), width, height)
        check_frame(draw_sparks(view, Ui(), width, height, glyphs), width, height)
