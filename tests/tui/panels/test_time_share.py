"""Where a turn's time goes: a bar that is exactly full, and the bottleneck by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.panels.time_share import draw_share
from cilda_tui.ui import Ui
from tests.tui.panels.viewed import check_frame, view_named


def test_the_bar_names_the_bottleneck() -> None:
    assert draw_share(view_named("running"), Ui(), 80, 3, ASCII).lines() == [
        "- where a turn's time goes --------------------------------- most: student 38% -",
        "  dddggggggggggggggttttttttttttttttttsssssssssssssssssssssssssssssooooooooeeee",
        "  d data  4%  g gen 19%  t teacher 24%  s student 38%  o opt 10%  e eval  6%",
    ]


def test_in_one_row_the_largest_parts_come_first() -> None:
    assert draw_share(view_named("running"), Ui(), 80, 1, UNICODE).lines() == [
        "  turn ▚▓▓▓▓▒▒▒▒▒▒█████████░░░▞  █ student 38%  ▒ teacher 24%  ▓ gen 19%"
    ]


def test_without_a_turn_there_is_nothing_to_share() -> None:
    assert draw_share(view_named("waiting"), Ui(), 40, 2, UNICODE).lines()[0] == "  a turn's time: not known yet"


@pytest.mark.parametrize("situation", ["running", "waiting"])
@given(st.integers(0, 120), st.integers(0, 5))
def test_at_every_size_each_row_is_as_wide_as_it_says(situation: str, width: int, height: int) -> None:
    for glyphs in (UNICODE, ASCII.without_colour()):
        check_frame(draw_share(view_named(situation), Ui(), width, height, glyphs), width, height)
