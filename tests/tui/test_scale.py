"""A vertical axis stands on round numbers, holds every value, and changes rarely."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.scale import NO_DOT, scale_of

AMOUNTS = st.floats(-3.4e38, 3.4e38)
ABOVE_ZERO = st.floats(1e-45, 3.4e38)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 1.0, "0.0 0.2 0.4 0.6 0.8 1.0"),
        (0.19, 0.41, "0.15 0.20 0.25 0.30 0.35 0.40 0.45"),
        (-3.0, 8.0, "-4 -2 0 2 4 6 8"),
        (0.0, 0.0, "0.0 0.2 0.4 0.6 0.8 1.0"),
        (2e-5, 2e-5, "1.8e-5 1.9e-5 2.0e-5 2.1e-5 2.2e-5"),
        (1000.02, 1000.05, "1000.020 1000.025 1000.030 1000.035 1000.040 1000.045 1000.050"),
        (-1e38, 3e38, "-1e38 0 1e38 2e38 3e38"),
    ],
)
def test_ticks_are_round(low: float, high: float, labels: str) -> None:
    assert " ".join(scale_of(low, high, rows=13).labels) == labels


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.013, 0.9, "0.01 0.02 0.05 0.1 0.2 0.5 1"),
        (3e-5, 40.0, "0.0001 0.001 0.01 0.1 1 10"),
        (0.31, 0.72, "0.3 0.4 0.5 0.6 0.7 0.8"),
        (1e-45, 3e38, "1e-40 1e-20 1 1e20"),
    ],
)
def test_ticks_of_a_logarithmic_scale_are_decades_or_parts_of_them(low: float, high: float, labels: str) -> None:
    assert " ".join(scale_of(low, high, log=True, rows=16).labels) == labels


def test_on_a_logarithmic_scale_tenfold_is_always_as_far() -> None:
    scale = scale_of(0.01, 100.0, log=True, rows=16)
    levels = scale.levels(np.array([0.01, 0.1, 1.0, 10.0, 100.0, 0.0, -1.0]), 41)
    assert levels[:5].tolist() == pytest.approx([0, 10, 20, 30, 40])
    assert (levels[5:] < 0).all()


@given(AMOUNTS, AMOUNTS, st.integers(1, 60))
def test_every_value_lies_on_its_scale(one: float, other: float, rows: int) -> None:
    low, high = sorted((one, other))
    scale = scale_of(low, high, rows=rows)
    slack = 1e-8 * (scale.high - scale.low)
    assert scale.low - slack <= low <= high <= scale.high + slack
    dots = scale.dots(np.array([low, high, math.nan, scale.low, scale.high]), 4 * rows)
    assert dots.tolist() == [*np.clip(dots[:2], 0, 4 * rows - 1), NO_DOT, 0, 4 * rows - 1]
    assert_ticks(scale.ticks, scale.labels, scale.low, scale.high)


@given(ABOVE_ZERO, ABOVE_ZERO, st.integers(1, 60))
def test_every_value_above_zero_lies_on_its_logarithmic_scale(one: float, other: float, rows: int) -> None:
    low, high = sorted((one, other))
    scale = scale_of(low, high, log=True, rows=rows)
    assert 0 < scale.low <= low * (1 + 1e-8) and high <= scale.high * (1 + 1e-8)
    dots = scale.dots(np.array([low, high]), 4 * rows)
    assert (dots >= 0).all() and (dots < 4 * rows).all()
    assert_ticks(scale.ticks, scale.labels, scale.low, scale.high)


def assert_ticks(ticks: tuple[float, ...], labels: tuple[str, ...], low: float, high: float) -> None:
    assert len(ticks) == len(labels) >= 2
    assert list(ticks) == sorted(set(ticks))
    assert low <= ticks[0] and ticks[-1] <= high
    for tick, label in zip(ticks, labels, strict=True):
        assert float(label) == pytest.approx(tick, rel=1e-9, abs=1e-9 * (high - low))
        assert len(label) <= 13


def test_bounds_change_rarely_while_values_fall() -> None:
    """A loss that falls from 2.3 to 0.05 in a thousand steps: from the hundredth on, six times."""
    scales = [scale_of(2.3 * 0.9962**step, 2.3) for step in range(1000)]
    bounds = [(scale.low, scale.high) for scale in scales]
    assert sum(one != other for one, other in itertools.pairwise(bounds)) < 30
    assert sum(one != other for one, other in itertools.pairwise(bounds[100:])) == 6
