"""Whatever a text holds, it is shown as visible letters whose cells add up."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda_tui.safe import cut, cut_inside, shown, wrapped
from tests.tui.strange_texts import strange_texts


@given(strange_texts())
def test_every_text_becomes_visible_letters_whose_cells_add_up(text: str) -> None:
    found = shown(text)
    assert found.isprintable()
    assert cell_len(found) == sum(cell_len(letter) for letter in found)
    assert not any(unicodedata.category(letter)[0] == "C" for letter in found)
    assert not found or cell_len(found[0]) > 0, "no mark joins what stands before the text"


@given(strange_texts())
def test_in_ascii_a_text_takes_a_cell_a_letter(text: str) -> None:
    found = shown(text, ascii=True)
    assert found.isascii() and found.isprintable()
    assert len(found) <= cell_len(shown(text)) + 1


@given(strange_texts(), st.integers(-1, 30))
def test_what_is_cut_fits(text: str, cells: int) -> None:
    found = cut(shown(text), cells)
    assert cell_len(found) <= max(0, cells)
    if cell_len(shown(text)) <= cells:
        assert found == shown(text)


@given(strange_texts(), st.integers(0, 30))
def test_wrapped_lines_fit_and_lose_only_blanks(text: str, cells: int) -> None:
    lines = wrapped(shown(text), cells)
    assert lines and all(cell_len(line) <= cells for line in lines)
    if cells > 1:
        assert "".join(lines).replace(" ", "") == shown(text).replace(" ", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain [bold]text[/bold]", "plain [bold]text[/bold]"),
        ("a\x1b[31mb\x07", "a␛[31mb␇"),
        ("one\r\ntwo\tthree", "one⏎two␉three"),
        ("abc\u202edef", "abc�def"),
        ("e\u0301\u0302\u0303\u0304\u0305x", "é\u0302\u0303x"),
        ("\u0301x", "◌\u0301x"),
        ("👨\u200d👩\u200d👧", "👨👩👧"),
        ("👍🏽", "👍"),
        ("❤\ufe0f\u200d🔥", "❤🔥"),
        ("🇩🇪", "DE"),
        ("a\u200bb", "a�b"),
        ("a\xa0b\u3000c", "a b  c"),
    ],
)
def test_what_strange_letters_are_shown_as(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_in_ascii_letters_have_twins_or_a_question_mark_a_cell() -> None:
    assert shown("“naïve” – 日本…", ascii=True) == '"na?ve" - ????.'


def test_a_very_long_text_costs_no_more_than_a_long_one() -> None:
    assert len(shown("ä" * 100_000)) == 2000
    assert shown("x" * 50, limit=10) == "xxxxxxxxx…"


def test_a_cut_text_ends_with_the_ellipsis() -> None:
    assert cut("distillation", 7) == "distil…"
    assert cut("日本語", 4) == "日…"


def test_lines_break_at_blanks_where_they_can() -> None:
    assert wrapped("the film is a joy", 8) == ["the film", "is a joy"]
    assert wrapped("incomprehensible", 6) == ["incomp", "rehens", "ible"]
    assert wrapped("", 5) == [""]


@pytest.mark.parametrize(
    ("cells", "cut_text"), [(20, "20261122-sst2-a7f3"), (12, "20261…2-a7f3"), (8, "202…a7f3"), (5, "2026…"), (0, "")]
)
def test_a_name_is_cut_in_its_middle_and_keeps_its_end(cells: int, cut_text: str) -> None:
    assert cut_inside("20261122-sst2-a7f3", cells, "…") == cut_text


@given(strange_texts(), st.integers(0, 30))
def test_what_is_cut_in_its_middle_fits(text: str, cells: int) -> None:
    assert cell_len(cut_inside(shown(text), cells, "…")) <= cells
