"""How fast a stage has lately gone: work counts, also without turns; sleep does not."""

from __future__ import annotations

import pytest

from cilda.runs.rate import RATE_SECONDS, Rate, interrupts


def rate_of(*marks: tuple[float, int]) -> Rate:
    rate = Rate()
    for seconds, step in marks:
        rate.mark(seconds, step, "student", step)
    return rate


def test_the_last_minutes_count_and_not_the_past() -> None:
    slow = [(RATE_SECONDS + 10 * place, 1000 + place) for place in range(40)]
    assert rate_of(*((float(step), step) for step in range(100)), *slow).seconds_for(10) == pytest.approx(100)


def test_a_machine_that_slept_begins_anew() -> None:
    rate = rate_of((0, 0), (1, 10), (2, 20), (3602, 30))
    assert rate.seconds_for(10) is None
    rate.mark(3603, 40, "student", 40)
    assert rate.seconds_for(10) == 1


def test_a_long_evaluation_is_work() -> None:
    rate = rate_of((0, 0), (1, 10))
    rate.worked()
    rate.mark(101, 20, "student", 20)
    assert rate.seconds_for(20) == 101


def test_slow_turns_are_no_gaps() -> None:
    assert rate_of((0, 0), (90, 1), (180, 2), (290, 3)).seconds_for(1) == pytest.approx(290 / 3, rel=0.2)


def test_lines_of_two_players_may_come_in_either_order() -> None:
    rate = Rate()
    for seconds, step, player, turn in ((0, 10, "student", 5), (0, 7, "generator", 2), (10, 20, "student", 12)):
        rate.mark(seconds, step, player, turn)
    assert rate.seconds_for(10) == 10
    rate.mark(11, 16, "student", 8)
    assert (rate.step, rate.seconds_for(10)) == (16, None), "turns that come again are another process's"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "started"}, True),
        ({"kind": "stage"}, True),
        ({"kind": "request", "what": "pause", "answer": "done"}, True),
        ({"kind": "request", "what": "resume", "answer": "done"}, True),
        ({"kind": "request", "what": "resume", "answer": "refused"}, False),
        ({"kind": "request", "what": "checkpoint", "answer": "done"}, False),
        ({"kind": "metrics"}, False),
    ],
)
def test_what_interrupts(fields: dict[str, str], expected: bool) -> None:
    assert interrupts(fields) is expected
