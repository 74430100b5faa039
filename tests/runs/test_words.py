"""Numbers, times and strange texts in few characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.words import duration, one_line, packed, short, size_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.6, "1 m 0 s"), (192, "3 m 12 s"), (3600, "1 h 0 m"), (11_520, "3 h 12 m"), (187_200, "2 d 4 h")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (1500, "2 kB"), (2.5e6, "2 MB"), (1.25e10, "12.5 GB")]
)
def test_sizes(count: float, words: str) -> None:
    assert size_words(count) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0.000"), (0.4821, "0.482"), (-12.5, "-12.500"), (2e-5, "2.0e-05"), (12345.6, "12346"), (3e9, "3.0e+09")],
)
def test_numbers(value: float, words: str) -> None:
    assert short(value) == words


@given(st.floats())
def test_every_number_is_short(value: float) -> None:
    assert len(short(value)) <= 9


@given(st.lists(st.text("ab ", min_size=1, max_size=12)), st.integers(1, 40))
def test_cells_are_packed_whole_and_in_order(cells: list[str], width: int) -> None:
    lines = packed(cells, width)
    assert "  ".join(lines) == "  ".join(cells)
    assert all(len(line) <= width or line in cells for line in lines)


@given(st.text())
def test_no_text_leaves_its_line_or_moves_the_cursor(text: str) -> None:
    assert one_line(text).isprintable()
