"""Fields of events: what they should be, or missing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from cilda.runs import field
from tests.tui.any_events import JSON


@given(JSON)
def test_anything_is_a_number_a_count_a_text_an_object_or_missing(value: object) -> None:
    number, whole = field.finite(value), field.count(value)
    assert number is None or math.isfinite(number)
    assert whole is None or (number is not None and whole == int(number) and 0 <= whole <= field.LARGEST_COUNT)
    assert len(field.name(value)) <= field.LONGEST_NAME
    assert isinstance(field.mapping(value), dict)
    assert all(math.isfinite(inner) for inner in field.numbers(value).values())


@pytest.mark.parametrize("value", ["NaN", "Infinity", 1e999, math.nan, 10**400, True, "1", None, [1]])
def test_what_is_no_finite_number(value: object) -> None:
    assert field.finite(value) is None
    assert field.count(value) is None


def test_a_count_is_whole_and_never_below_zero() -> None:
    assert (field.count(3), field.count(3.9), field.count(-1), field.count(0)) == (3, 3, None, 0)


def test_an_object_of_very_many_numbers_is_cut() -> None:
    assert len(field.numbers({str(number): number for number in range(1000)})) == 100
