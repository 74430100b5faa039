from __future__ import annotations

from cilda_tui.wire import RATE_SECONDS, Meter


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def write(meter: Meter, clock: Clock, count: int, *, seconds: float) -> None:
    meter.begin()
    clock.seconds += seconds
    meter.end(count)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    clock = Clock()
    meter = Meter(clock)
    for _ in range(8):
        write(meter, clock, 1000, seconds=0.0)
        clock.seconds += 0.5
    assert meter.rate() == 1000 * 7 / RATE_SECONDS
    clock.seconds += RATE_SECONDS
    assert (meter.rate(), meter.sent_bytes) == (0.0, 8000)


def test_a_line_whose_writes_take_their_time_is_slow_and_gets_better() -> None:
    clock = Clock()
    meter = Meter(clock)
    write(meter, clock, 100, seconds=0.01)
    assert not meter.slow()
    write(meter, clock, 100, seconds=2.0)
    assert meter.slow()
    clock.seconds += 5
    assert not meter.slow()


def test_a_write_that_does_not_come_back_is_noticed_at_once() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.begin()
    assert not meter.stuck()
    clock.seconds += 0.6
    assert meter.stuck() and meter.slow()
    meter.end(1)
    assert not meter.stuck()
