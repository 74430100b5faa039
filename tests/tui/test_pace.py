"""How long the rest will take, and how sure that is."""

from __future__ import annotations

import pytest

from cilda_tui.pace import WINDOW_SECONDS, Pace


def test_an_even_pace_has_a_narrow_band() -> None:
    pace = Pace()
    assert pace.left(100) is None
    for step in range(1000):
        pace.add(step / 2, step)
    left = pace.left(1000)
    assert left is not None
    assert (left.soonest, left.likely, left.latest) == pytest.approx((500, 500, 500), rel=0.02)
    assert pace.steps_per_second == pytest.approx(2)


def test_an_uneven_pace_has_a_wide_one_around_what_is_likely() -> None:
    pace, now = Pace(), 0.0
    for step in range(600):
        now += 0.5 if step // 100 % 2 else 1.5
        pace.add(now, step)
    left = pace.left(600)
    assert left is not None
    assert left.soonest < 0.9 * left.likely < left.likely < 0.9 * left.latest


def test_only_the_last_quarter_of_an_hour_counts() -> None:
    pace = Pace()
    for step in range(1000):
        pace.add(step * 10.0, step)
    for step in range(1000, 4000):
        pace.add(10_000.0 + step - 1000, step)
    assert pace.steps_per_second == pytest.approx(1, rel=0.01)
    assert WINDOW_SECONDS < 3000


@pytest.mark.parametrize("again", [(5.0, 101), (101.0, -5000)])
def test_a_clock_that_was_set_back_or_turns_that_come_again_begin_anew(again: tuple[float, int]) -> None:
    pace = Pace()
    for step in range(100):
        pace.add(100.0 + step, step)
    pace.add(*again)
    assert pace.left(10) is None or again[0] == 101.0


def test_lines_of_two_players_in_either_order() -> None:
    pace = Pace()
    for second in range(100):
        pace.add(float(second), 10 * second + 5)
        pace.add(float(second), 10 * second)
    assert pace.steps_per_second == pytest.approx(10, rel=0.02)


def test_an_interruption_begins_anew_and_a_standstill_promises_nothing() -> None:
    pace = Pace()
    for second in range(100):
        pace.add(float(second), 7)
    assert pace.left(10) is None
    pace.interrupted()
    assert pace.steps_per_second is None
