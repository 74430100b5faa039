"""Letters that are drawings, as rectangles within their cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.cell_shapes import shapes_of
from cilda_tui.glyphs import UNICODE


@pytest.mark.parametrize(("letter", "count"), [("⠁", 1), ("⠃", 2), ("⣿", 8), ("⠀", 0), ("█", 1), ("└", 2), ("a", 0)])
def test_each_dot_and_line_is_one_shape(letter: str, count: int) -> None:
    assert len(shapes_of(letter)) == count


def test_the_first_dot_is_above_and_left_and_the_last_below_and_right() -> None:
    (first,), (last,) = shapes_of("⠁"), shapes_of(chr(0x2880))
    assert first.x < 0.5 < last.x and first.y < 0.25 and last.y > 0.75


def test_a_bar_grows_with_its_letters() -> None:
    widths = [shapes_of(letter)[0].width for letter in UNICODE.partial + UNICODE.full]
    heights = [shapes_of(letter)[0].height for letter in UNICODE.levels[1:]]
    assert widths == heights == [place / 8 for place in range(1, 9)]


@given(st.characters() | st.sampled_from(UNICODE.parts + UNICODE.empty + "─│┬╌┊"))
def test_no_shape_leaves_its_cell(letter: str) -> None:
    for shape in shapes_of(letter):
        assert shape.x >= 0 and shape.x + shape.width <= 1
        assert shape.y >= 0 and shape.y + shape.height <= 1
