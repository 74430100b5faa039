"""A column that was drawn never moves while more comes on its right; zooming and panning keep what they promise."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.columns import columns_for, whole

ENDS = st.floats(-1e12, 1e15) | st.integers(0, 10**9).map(float)


def test_a_single_column_lies_on_one_side_of_zero() -> None:
    columns = columns_for("step", (-15.0, 8.0), 1)
    assert (columns.left, columns.right) == (0.0, 8.0)


@given(ENDS, ENDS, st.integers(2, 400))
def test_all_that_shall_be_shown_is_shown_in_rising_columns(one: float, other: float, count: int) -> None:
    low, high = sorted((one, other))
    columns = columns_for("step", (low, high), count)
    edges = columns.edges()
    assert len(edges) == count + 1
    assert (np.diff(edges) > 0).all()
    assert edges[0] == columns.left <= low and edges[-1] == columns.right >= high
    assert len(columns.edges(before=3, after=5)) == count + 9
    assert columns.edges(3, 5)[3] == columns.left


def test_widths_are_powers_of_two_and_halfway_between() -> None:
    widths = [columns_for("step", (0, last), 10).width for last in (9, 10, 11, 20, 21, 30, 31, 60, 61, 1000)]
    assert widths == [1.0, 1.0, 1.5, 2.0, 3.0, 3.0, 4.0, 6.0, 8.0, 128.0]


@given(st.integers(2, 100), st.lists(st.integers(1, 400), min_size=2, max_size=40))
def test_a_growing_run_never_moves_a_column_until_the_next_width(count: int, strides: list[int]) -> None:
    last, before = 8, columns_for("step", (0.0, 9.0), count)
    for stride in strides:
        last += stride
        columns = columns_for("step", (0.0, last + 1.0), count)
        if last + 1 <= before.right:
            assert columns == before
        else:
            assert columns.width > before.width
            assert last + 1 > (columns.right - columns.width) * 2 / 3
        before = columns


@given(ENDS, st.floats(1e-3, 1e9), st.integers(1, 300), st.floats(0, 1))
def test_a_value_falls_into_the_column_between_its_edges(low: float, span: float, count: int, part: float) -> None:
    columns = columns_for("time", (low, low + span), count)
    value = low + part * span
    column = columns.column(value)
    slack = columns.width * 1e-3
    assert columns.value(column) - slack <= value <= columns.value(column + 1) + slack


def test_a_run_that_has_just_begun_does_not_jump_about() -> None:
    assert whole("step", [(1.0, 2.0)]) == (1.0, 9.0)
    assert whole("time", []) == (0.0, 10.0)
    assert whole("epoch", [(math.nan, 3.0), (2.0, 5.0), (1.0, 4.0)]) == (1.0, 5.0)
