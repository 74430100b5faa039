"""Alerts: each rises when it should, falls when it should, and none flickers."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.status import Status
from cilda_tui.alerts import IDLE_SECONDS, PLATEAU_EVALUATIONS, TRAINER_SECONDS
from cilda_tui.view import RunView
from tests.tui.made_events import evaluation, event, metrics, stage, view_of


def keys(view: RunView) -> list[str]:
    return [alert.key for alert in view.alerts]


def system(t: float, **fields: Any) -> dict[str, Any]:
    return event("system", t, **fields)


def gpu(busy: float, *, ours_mb: int = 100) -> list[dict[str, Any]]:
    return [{"name": "GPU", "busy_fraction": busy, "ours_mb": ours_mb}]


def test_a_healthy_run_alerts_nobody() -> None:
    view = view_of(
        stage(), *(metrics(step, total=0.5 + 1 / step) for step in range(1, 500)), evaluation(500, 0.9, best=True)
    )
    view.take_system([system(second, gpus=gpu(0.9), disk_free_mb=100_000) for second in range(300)])
    assert view.alerts == []


def test_a_term_that_is_not_finite_is_named_with_the_step_since_when() -> None:
    view = view_of(stage(), metrics(1, total=0.5, hard_label__real=0.5))
    view.take([metrics(2, total="NaN", hard_label__real="NaN", gradient_norm="Infinity")])
    [alert] = view.alerts
    assert (alert.key, alert.level, alert.since) == ("not finite", "error", 2.0)
    assert alert.what == "student/hard_label.real and 2 more not finite since step 2"
    view.take([metrics(3, total="NaN", hard_label__real="NaN", gradient_norm="Infinity")])
    assert view.alerts == [alert]


def test_a_single_value_that_is_not_finite_is_told_for_half_a_minute() -> None:
    view = view_of(stage(), metrics(1, total="NaN"), word="running")
    for step in range(2, 32):
        view.take([metrics(step, total=0.5)])
        assert keys(view) == ["not finite"]
    view.take([metrics(33, total=0.5)])
    assert keys(view) == []


def test_a_loss_that_climbs_far_above_its_lowest_is_diverging() -> None:
    view = view_of(stage(), *(metrics(step, total=0.5 + 0.01 * (step % 5)) for step in range(1, 300)))
    assert keys(view) == []
    view.take([metrics(step, total=2.0) for step in range(300, 340)])
    view.take([metrics(step, total=2.0) for step in range(340, 380)])
    assert keys(view) == ["diverging"]
    view.take([metrics(step, total=0.51) for step in range(380, 500)])
    view.take([metrics(step, total=0.51) for step in range(500, 600)])
    assert keys(view) == []


def test_one_spike_is_no_divergence() -> None:
    view = view_of(stage(), *(metrics(step, total=0.5) for step in range(1, 300)))
    for step in range(300, 400):
        view.take([metrics(step, total=50.0 if step == 300 else 0.5)])
        assert keys(view) == []


def test_a_score_that_does_not_get_better_is_a_plateau_until_it_does() -> None:
    view = view_of(stage(), metrics(1, total=0.5), evaluation(1, 0.9, best=True))
    for turn in range(2, 2 + PLATEAU_EVALUATIONS):
        assert keys(view) == []
        view.take([evaluation(turn, 0.8), evaluation(turn, 0.99, best=False, split="other")])
    assert keys(view) == ["plateau"]
    assert view.alerts[0].level == "info"
    view.take([evaluation(50, 0.95, best=True)])
    assert keys(view) == []


def test_a_gpu_that_idles_for_a_minute_while_the_run_runs() -> None:
    view = view_of(stage(), metrics(1))
    for second in range(int(IDLE_SECONDS)):
        view.take_system([system(100.0 + second, gpus=gpu(0.0))])
        assert keys(view) == []
    view.take_system([system(101.0 + IDLE_SECONDS, gpus=gpu(0.0))])
    assert keys(view) == ["gpu idle"]
    for second in range(5):
        view.take_system([system(170.0 + second, gpus=gpu(0.9))])
    assert keys(view) == ["gpu idle"], "five seconds of work are no end of idling"
    view.take_system([system(190.0, gpus=gpu(0.9))])
    assert keys(view) == []


@pytest.mark.parametrize(
    ("word", "device", "gpus"),
    [
        ("paused", "cuda:0", gpu(0.0)),
        ("running", "cpu", gpu(0.0, ours_mb=0)),
        ("running", "cuda:1", [*gpu(0.0, ours_mb=0), *gpu(0.9, ours_mb=0)]),
        ("running", "cuda:0", []),
        ("running", "cuda:0", None),
    ],
)
def test_a_gpu_that_nobody_needs_may_idle(word: str, device: str, gpus: object) -> None:
    view = view_of(event("started", device=device), stage(), metrics(1), word=word)
    for second in range(200):
        view.take_system([system(100.0 + second, gpus=gpus)])
    assert keys(view) == []


def test_in_a_container_where_the_driver_does_not_know_our_process_the_device_counts() -> None:
    view = view_of(event("started", device="cuda:0"), stage(), metrics(1))
    for second in range(100):
        view.take_system([system(100.0 + second, gpus=gpu(0.0, ours_mb=0))])
    assert keys(view) == ["gpu idle"]


def test_a_disk_that_fills_up() -> None:
    view = view_of(stage(), metrics(1))
    view.take_system([system(1.0, disk_free_mb=4000)])
    assert [(alert.key, alert.level) for alert in view.alerts] == [("disk low", "warning")]
    view.take_system([system(2.0, disk_free_mb=900)])
    assert [(alert.key, alert.level) for alert in view.alerts] == [("disk low", "error")]
    view.take_system([system(second, disk_free_mb=6000) for second in range(3, 100)])
    assert keys(view) == ["disk low"], "a little more than the limit is not enough to let go"
    for second in range(100, 140):
        view.take_system([system(second, disk_free_mb=9000)])
    assert keys(view) == []


@pytest.mark.parametrize(
    ("word", "why", "key", "level"),
    [
        ("failed", "it broke", "end", "error"),
        ("killed", "SIGKILL", "end", "error"),
        ("killed", "out of memory: the kernel ended it", "end", "error"),
        ("crashed", "everything of it is gone", "end", "error"),
        ("stalled", "nothing has moved for 12 min", "silent", "error"),
        ("lost", "no sign", "silent", "warning"),
        ("orphaned", "its supervisor is gone", "silent", "warning"),
    ],
)
def test_an_end_or_a_silence_is_told_at_once_and_with_what_to_do(word: str, why: str, key: str, level: str) -> None:
    view = view_of(stage(), metrics(1), word=word, why=why)
    [alert] = view.alerts
    assert (alert.key, alert.level) == (key, level)
    assert alert.todo or word == "orphaned"
    view.refresh(view.record, Status("running"), ())
    assert view.alerts == []


def test_what_a_stalled_run_is_called_does_not_change_as_time_goes_by() -> None:
    view = view_of(stage(), metrics(1), word="stalled", why="nothing has moved for 12 min")
    before = view.alerts
    view.refresh(view.record, Status("stalled", "nothing has moved for 13 min"), ())
    assert view.alerts == before


@pytest.mark.parametrize("word", ["finished", "stopped", "paused", "starting", "running", "stopping"])
def test_other_words_alert_nobody(word: str) -> None:
    assert view_of(stage(), metrics(1), word=word).alerts == []


def test_a_warning_of_the_trainer_stands_for_a_while_and_an_error_until_the_next_process() -> None:
    view = view_of(
        event("alert", 10.0, level="warning", what="w"), event("alert", 10.0, level="error", what="e", todo="do")
    )
    view.take([event("alert", 10.0, level="info", what="i")])
    assert [(alert.what, alert.todo) for alert in view.alerts] == [("e", "do"), ("w", "")]
    view.take([metrics(1, t=11.0 + TRAINER_SECONDS)])
    assert [alert.what for alert in view.alerts] == ["e"]
    view.take([event("started", 12.0 + TRAINER_SECONDS, attempt=2)])
    assert view.alerts == []


def test_a_warning_said_a_thousand_times_is_one_alert() -> None:
    view = view_of(*(event("alert", float(n), level="warning", what="again") for n in range(1000)))
    assert len(view.alerts) == 1


def test_a_folder_that_is_gone_and_lines_that_are_too_new() -> None:
    view = view_of(metrics(1))
    view.tell(reading=None, bad_lines=0, newer_lines=3, trouble=None, gone=True)
    assert keys(view) == ["unreadable", "newer"]
    view.tell(reading=None, bad_lines=0, newer_lines=0, trouble="Input/output error", gone=False)
    assert view.alerts[0].what == "the run cannot be read: Input/output error"


def test_in_a_run_that_has_ended_nothing_waits_for_time_to_pass() -> None:
    view = view_of(stage(), metrics(1), word="running")
    for second in range(100):
        view.take_system([system(100.0 + second, gpus=gpu(0.0))])
    assert keys(view) == ["gpu idle"]
    view.refresh(view.record, Status("finished"), ())
    assert view.alerts == []


@given(st.lists(st.sampled_from((0.0, 0.04, 0.06, 0.3, 1.0)), min_size=50, max_size=300))
def test_whatever_a_gpu_does_its_alert_changes_at_most_once_in_ten_seconds(busy: list[float]) -> None:
    view = view_of(stage(), metrics(1))
    turned = [-math.inf]
    stood = False
    for second, fraction in enumerate(busy):
        view.take_system([system(100.0 + second, gpus=gpu(fraction))])
        if bool(view.alerts) != stood:
            stood = not stood
            turned.append(second)
    assert all(later - before >= 10 for before, later in itertools.pairwise(turned))


@pytest.mark.parametrize(
    ("word", "why", "since"),
    [
        ("failed", "no", 900.0),
        ("killed", "SIGKILL", 900.0),
        ("stalled", "nothing has moved", 500.0),
        ("lost", "", 800.0),
    ],
)
def test_what_the_runs_files_tell_has_the_time_that_they_tell_not_that_of_the_first_event_read(
    word: str, why: str, since: float
) -> None:
    view = view_of(stage(t=10), word=word, why=why, heartbeat=800.0, moved=500.0)
    if word in ("failed", "killed"):
        view.refresh(replace(view.record, exit={"t": 900.0}), view.status)
    [alert] = view.alerts
    assert alert.since == since
