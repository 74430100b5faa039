"""A legend tells as much of each line as there is room for, and never more than that."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.frame import Frame
from cilda_tui.legend import Entry, draw_legend, rows_of, value_words


def entries(*names: str) -> list[Entry]:
    return [Entry("abcdefgh"[place], name, "0.482", f"line.{place}") for place, name in enumerate(names)]


def drawn(names: tuple[str, ...], width: int, most: int) -> list[str]:
    rows = rows_of(entries(*names), width, most, "…")
    frame = Frame(width, most)
    draw_legend(frame, 0, rows)
    return frame.lines()


def test_names_stand_in_full_where_they_fit() -> None:
    assert drawn(("total", "logit_kl.soft"), 60, 1) == ["a total 0.482    b logit_kl.soft 0.482"]


def test_a_second_row_comes_before_names_are_cut() -> None:
    assert drawn(("total", "logit_kl.soft"), 26, 2) == ["a total 0.482", "b logit_kl.soft 0.482"]


def test_names_are_cut_to_one_length_and_the_last_left_out() -> None:
    assert drawn(("total", "hard_label.real", "logit_kl.soft"), 60, 1) == [
        "a total 0.482    b hard….real 0.482    c logi….soft 0.482"
    ]
    assert drawn(("total", "hard_label.real", "logit_kl.soft"), 20, 1) == ["a tot… 0.482"]


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "-"), (0.4821, "0.482"), (math.nan, "NaN"), (math.inf, "inf"), (-math.inf, "-inf"), (2e-5, "2.0e-05")],
)
def test_values_in_a_few_letters(value: float | None, words: str) -> None:
    assert value_words(value) == words


@given(st.lists(st.text("ab漢é", max_size=40), max_size=8), st.integers(0, 80), st.integers(1, 3))
def test_no_row_is_wider_than_there_is_room_but_for_a_single_name(names: list[str], width: int, most: int) -> None:
    rows = rows_of(entries(*names), width, most, "…")
    assert len(rows) <= most
    frame = Frame(width, most)
    draw_legend(frame, 0, rows)
    for place, row in enumerate(rows):
        for entry in row[1:]:
            assert f"{entry.mark} {entry.name}" in frame.text(place)
