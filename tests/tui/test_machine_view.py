"""The machine's readings: now, then, and as curves."""

from __future__ import annotations

from typing import Any

from cilda_tui.machine_view import MOST_READINGS, MachineView
from tests.tui.made_events import event


def view_of(*readings: dict[str, Any]) -> MachineView:
    view = MachineView()
    for reading in readings:
        view.take(event("system", reading.pop("t"), **reading))
    return view


def test_without_a_driver_there_are_no_gpus() -> None:
    view = view_of({"t": 1.0, "cpu_fraction": 0.5, "cores": [0.25, 0.75], "memory_used_mb": 1, "memory_total_mb": 4})
    assert view.latest is not None
    assert (view.gpus, view.latest.cores, view.latest.memory_fraction) == ((), (0.25, 0.75), 0.25)
    assert view.history["cpu"].last == 0.5


def test_why_a_gpu_is_slowed_down_in_words_and_who_works_on_it() -> None:
    told = {"name": "H100", "busy_fraction": 0.5, "throttle_reasons": 0x44, "ours_mb": 10, "strangers": 2}
    view = view_of({"t": 1.0, "gpus": [told, {"throttle_reasons": 1, "ours_mb": 0}, "none"]})
    first, second, third = view.gpus
    assert (first.throttled, first.ours, first.strangers) == (("power cap", "much too hot"), True, 2)
    assert (second.throttled, second.ours, second.number) == ((), False, 1)
    assert third.name == ""
    assert view.history["gpu0.busy"].last == 0.5


def test_what_was_moved_is_told_a_second() -> None:
    view = view_of({"t": 10.0, "network_in_mb": 4.0}, {"t": 12.0, "network_in_mb": 4.0})
    assert view.latest is not None and view.latest.network_in_mb_s == 2.0


def test_the_machine_as_it_was() -> None:
    view = view_of(*({"t": float(second), "cpu_fraction": second / 10_000} for second in range(5000)))
    assert len(view.readings) <= MOST_READINGS
    assert view.at(None) is view.latest
    at, early = view.at(2500.0), view.at(-1.0)
    assert at is not None and 2400 <= at.t <= 2500
    assert early is None
    newest = view.at(4990.5)
    assert newest is not None and newest.t == 4990
    assert view.track.step_at(3000.0) == 3000


def test_a_machine_of_many_gpus_and_cores_is_cut() -> None:
    view = view_of({"t": 1.0, "cores": [0.5] * 10_000, "gpus": [{}] * 10_000})
    assert view.latest is not None
    assert (len(view.latest.cores), len(view.gpus)) == (512, 32)
