"""Metrics folded together keep their spikes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.windows import Window, window_seconds


def summed(values: list[float]) -> dict[str, float]:
    window = Window()
    for value in values:
        window.add({"loss": value})
    return window.take()["loss"]


def test_a_window_by_hand() -> None:
    assert summed([1.0, 4.0, 1.0]) == {"n": 3, "mean": 2.0, "min": 1.0, "max": 4.0, "last": 1.0}


@given(st.lists(st.floats(-1e300, 1e300), min_size=1))
def test_the_mean_lies_between_the_ends(values: list[float]) -> None:
    found = summed(values)
    assert found["n"] == len(values)
    assert found["min"] <= found["mean"] <= found["max"]
    assert found["min"] == pytest.approx(min(values), rel=1e-6)
    assert found["max"] == pytest.approx(max(values), rel=1e-6)
    assert found["last"] == pytest.approx(values[-1], rel=1e-6)


@given(st.permutations([math.nan, 3.0, -1.0]))
def test_a_nan_is_told_by_the_mean_and_hides_no_spike(values: list[float]) -> None:
    found = summed(values)
    assert math.isnan(found["mean"])
    assert (found["n"], found["min"], found["max"]) == (3, -1.0, 3.0)


def test_nothing_but_nan() -> None:
    found = summed([math.nan, math.nan])
    assert found.pop("n") == 2
    assert all(math.isnan(value) for value in found.values())


def test_infinities_stay() -> None:
    found = summed([1.0, math.inf])
    assert (found["mean"], found["min"], found["max"]) == (math.inf, 1.0, math.inf)
    assert math.isnan(summed([math.inf, -math.inf])["mean"])


def test_a_sum_beyond_the_largest_number_is_no_infinite_mean() -> None:
    assert summed([1.5e308, 1.5e308])["mean"] == 1.5e308


def test_keys_that_come_and_go_are_counted_by_themselves() -> None:
    window = Window()
    window.add({"loss": 1.0})
    window.add({"loss": 3.0, "gradient_norm": 2.0})
    assert window.turns == 2
    found = window.take()
    assert (found["loss"]["n"], found["gradient_norm"]["n"]) == (2, 1)
    assert window.take() == {}


def test_the_caller_may_use_its_mapping_again() -> None:
    window, values = Window(), {"loss": 1.0}
    window.add(values)
    values["loss"] = 9.0
    assert window.take()["loss"]["max"] == 1.0


def test_lines_are_half_a_second_apart_at_first_and_two_seconds_at_last() -> None:
    assert [window_seconds(elapsed) for elapsed in (0, 600, 1200, 2400, 86_400)] == [0.5, 0.5, 1.0, 2.0, 2.0]
