"""Dots become letters, and no dot is lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.dots import Raster, cells_of
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.series import Bools

NAN = float("nan")


def mask(*rows: str) -> Bools:
    """Dots drawn as #, the uppermost row first."""
    return np.array([[letter == "#" for letter in row] for row in rows])


def picture(dots: Bools) -> list[str]:
    return ["".join("#" if dot else "." for dot in row) for row in dots.tolist()]


def test_eight_dots_make_a_braille_letter() -> None:
    cells = cells_of(Raster(1, 1, braille=True), [mask("#.", "..", "..", ".#")], [], UNICODE)
    assert cells.letters == [["⢁"]]


def test_two_dots_make_an_ascii_letter_lines_unlike_bands() -> None:
    raster = Raster(4, 1, braille=False)
    dots = mask("#.#.", ".##.")
    assert cells_of(raster, [dots], [], ASCII).letters == [["'", ".", ":", " "]]
    assert cells_of(raster, [], [dots], ASCII).letters == [["`", ",", ";", " "]]


def test_a_cell_belongs_to_a_line_before_a_band_and_to_the_first_of_several() -> None:
    raster = Raster(3, 1, braille=False)
    cells = cells_of(raster, [mask("...", ".#."), mask("##.", "...")], [mask("###", "###")], ASCII)
    assert cells.letters == [["'", ":", ";"]]
    assert cells.lines == [[1, 0, -1]]
    assert cells.bands == [[-1, -1, 0]]


def test_the_way_between_two_levels_is_drawn_in_the_later_column() -> None:
    raster = Raster(4, 2, braille=False)
    assert picture(raster.line(np.array([0.0, 3.0, 1.0, 1.0]), 0)) == [
        ".#..",
        ".##.",
        ".###",
        "#...",
    ]


def test_a_gap_stays_a_gap_and_what_comes_from_outside_enters() -> None:
    raster = Raster(4, 2, braille=False)
    assert picture(raster.line(np.array([0.0, NAN, 2.0, 2.0]), 0)) == ["....", "..##", "....", "#..."]
    assert picture(raster.line(np.array([3.0, 0.0, 0.0, NAN, NAN]), 1)) == ["....", "#...", "#...", "##.."]


def test_a_sparse_band_keeps_its_edges() -> None:
    raster = Raster(2, 3, braille=False)
    assert picture(raster.band(np.array([0, 1]), np.array([5, 5]), sparse=True)) == [
        "##",
        "#.",
        ".#",
        "#.",
        ".#",
        "#.",
    ]


@pytest.mark.parametrize("braille", [True, False])
@given(data=st.data())
def test_every_dot_is_found_again_in_the_letters(braille: bool, data: st.DataObject) -> None:
    raster = Raster(data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4)), braille)
    size = raster.dots * raster.columns
    drawn = [
        np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size))).reshape(raster.dots, raster.columns)
        for _ in range(2)
    ]
    letters = cells_of(raster, drawn, [], UNICODE if braille else ASCII).letters
    found = np.array([[_dots_of(letter, braille) for letter in row] for row in letters])
    rows = found.transpose(0, 2, 1, 3).reshape(raster.dots, raster.columns)
    np.testing.assert_array_equal(rows, drawn[0] | drawn[1])


def _dots_of(letter: str, braille: bool) -> list[list[bool]]:
    """The dots of a letter, row by row, read the slow way."""
    if not braille:
        return [[letter in "':"], [letter in ".:"]]
    code = 0 if letter == " " else ord(letter) - 0x2800
    return [[bool(code >> left & 1), bool(code >> right & 1)] for left, right in ((0, 3), (1, 4), (2, 5), (6, 7))]
