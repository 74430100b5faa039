"""Every letter that the screen is drawn with takes one cell, and has a twin in ASCII."""

from __future__ import annotations

from dataclasses import fields

import pytest
from rich.cells import cell_len

from cilda.runs.status import ENDS
from cilda_tui.glyphs import ASCII, UNICODE, Glyphs, glyphs_for

SINGLE = [field.name for field in fields(Glyphs) if field.type == "str"]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII, UNICODE.without_colour(), ASCII.without_colour()])
def test_each_letter_is_one_cell_wide(glyphs: Glyphs) -> None:
    for name in SINGLE:
        text = getattr(glyphs, name)
        assert text.isprintable()
        assert all(cell_len(letter) == 1 for letter in text)
        assert glyphs.braille or text.isascii()
    assert all(len(symbol) == cell_len(symbol) == 1 for symbol in glyphs.states.values())


def test_every_status_has_a_symbol_in_both() -> None:
    assert UNICODE.states.keys() == ASCII.states.keys() >= ENDS
    assert UNICODE.state("brooding") == "?"


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("fraction", [-1.0, 0.0, 0.001, 0.33, 0.5, 0.999, 1.0, 7.0])
def test_a_bar_is_as_wide_as_asked_and_hides_nothing(glyphs: Glyphs, fraction: float) -> None:
    for width in (-1, 0, 1, 7):
        bar = glyphs.bar(fraction, width)
        assert len(bar) == max(0, width)
    assert (glyphs.bar(fraction, 7) == glyphs.empty * 7) is (fraction <= 0)
    assert glyphs.bar(0.5, 4) == glyphs.full * 2 + glyphs.empty * 2


def test_without_colour_changed_tokens_stand_in_brackets() -> None:
    assert glyphs_for(ascii=False, colourless=True).changed_open == "["
    assert glyphs_for(ascii=True, colourless=False) is ASCII
    assert glyphs_for(ascii=False, colourless=False).changed_open == ""
