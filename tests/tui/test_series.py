"""A series holds millions of values in bounded memory and loses no spike: held against plain slow loops."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.series import LARGEST, Columns, Series

ANY_FLOAT = st.floats(width=32) | st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 0.0])


@dataclass(frozen=True)
class Added:
    step: int
    mean: float
    low: float
    high: float
    count: int


@st.composite
def additions(draw: st.DrawFn, numbers: st.SearchStrategy[float] = ANY_FLOAT, most: int = 80) -> list[Added]:
    found: list[Added] = []
    step = draw(st.integers(0, 50))
    for stride in draw(st.lists(st.integers(0, 3) | st.integers(0, 500), max_size=most)):
        step += stride
        found.append(Added(step, draw(numbers), draw(numbers), draw(numbers), draw(st.integers(1, 20))))
    return found


def orderly() -> st.SearchStrategy[list[Added]]:
    """Additions as a trainer writes them: finite, the mean between its extremes."""
    whole = st.integers(-1000, 1000).map(float)
    return additions(whole).map(
        lambda found: [
            Added(one.step, sorted((one.mean, one.low, one.high))[1], min(one.low, one.mean, one.high),
                  max(one.low, one.mean, one.high), one.count)
            for one in found
        ]
    )  # fmt: skip


def series_of(found: list[Added], most_buckets: int = 10_000) -> Series:
    series = Series(most_buckets)
    for one in found:
        series.add(one.step, one.mean, one.low, one.high, one.count)
    return series


def slow_columns(found: list[Added], edges: list[int]) -> list[tuple[float, float, float, int, bool]]:
    """The same by plain loops: low, high, mean, count, bad."""
    columns = []
    for left, right in itertools.pairwise(edges):
        inside = [one for one in found if left <= one.step < right]
        amounts = [
            max(-LARGEST, min(LARGEST, value))
            for one in inside
            for value in (one.mean, one.low, one.high)
            if math.isfinite(value)
        ]
        good = [one for one in inside if math.isfinite(one.mean)]
        count = sum(one.count for one in good)
        total = sum(max(-LARGEST, min(LARGEST, one.mean)) * one.count for one in good)
        columns.append(
            (
                min(amounts, default=math.nan),
                max(amounts, default=math.nan),
                total / count if count else math.nan,
                count,
                len(good) < len(inside),
            )
        )
    return columns


def assert_same(found: Columns, wanted: list[tuple[float, float, float, int, bool]]) -> None:
    lows, highs, means, counts, bads = zip(*wanted, strict=True) if wanted else ([], [], [], [], [])
    np.testing.assert_allclose(found.low, lows, rtol=1e-6, atol=1e-37)
    np.testing.assert_allclose(found.high, highs, rtol=1e-6, atol=1e-37)
    # Where amounts cancel, the order of adding shows.
    scale = max((abs(value) for value in [*lows, *highs] if math.isfinite(value)), default=1.0)
    np.testing.assert_allclose(found.mean, means, rtol=1e-6, atol=1e-9 * scale + 1e-37)
    assert found.count.tolist() == list(counts)
    assert found.bad.tolist() == list(bads)


@given(additions(), st.lists(st.integers(-5, 3000), max_size=20).map(sorted))
def test_columns_are_what_a_plain_loop_finds(found: list[Added], edges: list[int]) -> None:
    assert_same(series_of(found).columns(edges), slow_columns(found, edges))


@given(additions(), st.integers(4, 20), st.integers(0, 3), st.integers(1, 12))
def test_folding_keeps_least_greatest_mean_and_count(found: list[Added], most: int, power: int, columns: int) -> None:
    series = series_of(found, most)
    assert len(series) <= most
    assert series.width & (series.width - 1) == 0
    # Columns of whole buckets are as exact as if nothing had been folded.
    edges = [place * series.width * 2**power for place in range(columns + 1)]
    edges.append(2**40)
    assert_same(series.columns(edges), slow_columns(found, edges))


@given(additions(), st.integers(4, 20))
def test_what_is_asked_between_additions_changes_nothing(found: list[Added], most: int) -> None:
    asked = Series(most)
    for one in found:
        asked.add(one.step, one.mean, one.low, one.high, one.count)
        asked.columns([0, one.step + 1])
        asked.at(one.step // 2)
        asked.points()
    for name, array in vars(asked.points()).items():
        np.testing.assert_array_equal(array, getattr(series_of(found, most).points(), name))


@given(additions(), st.integers(0, 600))
def test_what_is_played_again_counts_instead(found: list[Added], step: int) -> None:
    series = series_of(found)
    series.forget_from(step)
    kept = [one for one in found if one.step < step]
    assert len(series) == len({one.step for one in kept})
    assert series.last_step == (kept[-1].step if kept else -1)
    assert_same(series.columns([0, step // 2, 2**40]), slow_columns(kept, [0, step // 2, 2**40]))


@given(orderly(), st.integers(4, 20), st.integers(0, 600))
def test_of_folded_buckets_only_the_one_cut_through_keeps_what_came_after(
    found: list[Added], most: int, step: int
) -> None:
    series = series_of(found, most)
    width = series.width
    series.forget_from(step)
    edge = step // width * width
    kept = [one for one in found if one.step < edge]
    assert_same(series.columns([0, edge]), slow_columns(kept, [0, edge]))
    assert series.last_step < max(step, 0)
    series.add(step, 1.0, 1.0, 1.0)
    assert series.last == 1.0 and series.last_step == step


def test_a_step_that_falls_says_that_turns_are_played_again() -> None:
    series = Series()
    for step, value in ((1, 5.0), (2, 6.0), (3, 7.0), (2, 60.0)):
        series.add(step, value, value, value)
    assert series.points().step.tolist() == [1, 2]
    assert series.points().mean.tolist() == [5.0, 60.0]


def test_turns_weigh_as_many_as_they_are() -> None:
    series = Series()
    series.add(1, 1.0, 0.5, 1.5, count=3)
    series.add(2, 5.0, 5.0, 5.0, count=1)
    column = series.columns([0, 10])
    assert (column.low[0], column.high[0], column.mean[0], column.count[0]) == (0.5, 5.0, 2.0, 4)


def test_a_value_that_is_not_finite_marks_its_column_and_leaves_the_extremes_of_the_others() -> None:
    series = Series()
    series.add(1, math.nan, 0.25, 0.75, count=2)
    series.add(2, math.inf, math.inf, math.inf)
    series.add(3, 1.0, 1.0, math.inf)
    found = series.columns([0, 2, 3, 4])
    assert found.bad.tolist() == [True, True, False]
    assert (found.low[0], found.high[0]) == (0.25, 0.75)
    assert math.isnan(found.mean[0]) and math.isnan(found.low[1])
    assert (found.low[2], found.high[2], found.mean[2]) == (1.0, 1.0, 1.0)


def test_the_value_at_a_step_is_the_newest_until_then() -> None:
    series = Series()
    assert series.at(3) is None
    for step in (10, 20, 30):
        series.add(step, step / 10, 0.0, 5.0)
    assert [series.at(step) for step in (9, 10, 19, 20, 31)] == [None, 1.0, 1.0, 2.0, 3.0]
    assert series.last == 3.0
    assert (series.first_step, series.last_step) == (10, 30)


@given(st.lists(st.tuples(st.integers(), ANY_FLOAT), max_size=40), st.integers(4, 8))
def test_no_step_and_no_value_is_refused(found: list[tuple[int, float]], most: int) -> None:
    series = Series(most)
    for step, value in found:
        series.add(step, value, value, value)
    assert len(series) <= most
    assert len(series.points().step) == len(series)
    assert (np.diff(series.points().step) > 0).all()


@pytest.mark.slow
def test_a_million_additions_stay_small_and_keep_the_one_spike() -> None:
    series = Series()
    for step in range(1_000_000):
        value = 900.0 if step == 654_321 else 1.0
        series.add(step, value, value, value)
    assert series.nbytes < 1_000_000
    found = series.columns(np.arange(0, 1_048_577, 8192))
    assert np.flatnonzero(found.high == 900).tolist() == [654_321 // 8192]
    assert found.count.sum() == 1_000_000
