"""A run folded from its events: true for good ones, calm for all others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cilda.runs.layout import RunFolder
from cilda.runs.status import Status
from cilda.runs.store import RunRecord, read_events
from cilda_tui.notices import MOST_NOTICES
from cilda_tui.view import MOST_STAGES, RunView
from tests.tui.any_events import any_events, any_objects
from tests.tui.made_events import evaluation, event, metrics, stage, view_of
from tests.tui.made_run import MADE, MadeRun


def whole_view(made: MadeRun) -> RunView:
    """All that lies in a made run's folder."""
    view = RunView(made.folder, made.record, made.status)
    view.take(list(read_events(made.folder.events)))
    view.take_system(list(read_events(made.folder.system)))
    view.take_examples(list(read_events(made.folder.augmentations)))
    view.refresh(made.record, made.status)
    return view


def use(view: RunView) -> None:
    """Asks for all that a panel may ask for."""
    for curves in view.stages.values():
        curves.shares()
        curves.shares(until_step=3)
        curves.progress.line()
        curves.pace.left(100)
        assert curves.track.last_step >= -1
        for series in curves.curves.values():
            series.columns([0, 10, 100])
    for example in view.examples:
        assert example.changed is not None
        assert example.teacher_flips in (True, False) and example.student_flips in (True, False)
        assert example.disagree in (True, False) and example.disagree_real in (True, False)
        assert example.gain is None or example.key
    assert view.machine.at(1.0) is None or view.machine.gpus is not None
    assert all(notice.what is not None for notice in view.notices)
    assert len({alert.key for alert in view.alerts}) == len(view.alerts)


@settings(max_examples=60)
@given(st.lists(any_events() | any_objects(), max_size=12), st.integers(1, 4))
def test_whatever_comes_in_whatever_order_is_taken_calmly_and_left_as_it_is(
    events: list[dict[str, Any]], at_once: int
) -> None:
    before = repr(events)
    view = RunView(RunFolder(Path("runs/one")))
    for start in range(0, len(events), at_once):
        part = events[start : start + at_once]
        view.take(part)
        view.take_system(part)
        view.take_examples(part)
        use(view)
    assert repr(events) == before


@settings(max_examples=40)
@given(st.lists(any_objects(), min_size=3, max_size=3))
def test_whatever_the_small_files_say(contents: list[dict[str, Any]]) -> None:
    folder = RunFolder(Path("runs/one"))
    view = RunView(folder, RunRecord(folder, {"terms": contents[0], "config": contents[1]}, contents[2], {}))
    view.take([metrics(1, total=0.5)])
    view.refresh(RunRecord(folder, *contents), Status("running"), ())
    use(view)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_it_does_not_matter_how_events_are_batched(sizes: list[int]) -> None:
    events = [stage(), *(metrics(step, total=1 / step, seconds__data=0.1) for step in range(1, 60))]
    events += [
        evaluation(59, 0.8, best=True),
        event("started", 60.0, attempt=2),
        stage(30, t=61.0, resumed_from="step-student-00000030"),
    ]
    events += [metrics(step, t=30.0 + step, total=2 / step) for step in range(31, 50)]
    whole, pieces, place = view_of(*events), view_of(), 0
    for size in sizes * len(events):
        pieces.take(events[place : place + size])
        place += size
    assert place >= len(events)
    one, other = whole.stage, pieces.stage
    assert one is not None and other is not None
    assert one.seams == other.seams == [30]
    mean, other_mean = (found.curves["student/total"].points().mean.tolist() for found in (one, other))
    assert mean == other_mean
    assert one.evaluations == other.evaluations == []
    assert one.progress.best is other.progress.best is None
    assert one.progress.left_seconds == pytest.approx(other.progress.left_seconds, rel=0.01)
    assert one.pace.left(100) == other.pace.left(100)
    assert whole.notices == pieces.notices


@pytest.mark.parametrize("situation", sorted(MADE))
def test_every_made_run_is_told_as_it_is(situation: str, tmp_path: Path) -> None:
    with MADE[situation](tmp_path) as made:
        view = whole_view(made)
    use(view)
    stage_of = {"waiting": None, "empty": None, "teacher stage": "teacher"}.get(situation, "student")
    assert (view.stage.name if view.stage else None) == stage_of
    told = {
        "stalled": "silent", "failed": "end", "killed": "end", "crashed": "end", "not a number": "not finite",
    }.get(situation)  # fmt: skip
    keys = [alert.key for alert in view.alerts if not alert.key.startswith("trainer:")]
    assert keys == ([told] if told else [])


def test_terms_teacher_and_whose_turn_it_is(tmp_path: Path) -> None:
    with MADE["generator phase"](tmp_path) as made:
        view = whole_view(made)
    assert view.teacher == ("bert-base-sst2", "accuracy", 0.943)
    assert view.terms["student"] == ("hard_label.real", "logit_kl.real", "logit_kl.soft")
    assert view.stage is not None
    assert view.stage.player == "generator"
    assert (view.stage.last_step, view.stage.total_steps) == (2010, 6600)
    assert view.now is not None and abs(view.now - made.now) < 2
    assert (view.device, view.attempt) == ("cuda:0", 1)


def test_what_a_run_came_to(tmp_path: Path) -> None:
    with MADE["finished"](tmp_path) as made:
        view = whole_view(made)
    assert view.outcome is not None and view.outcome.teacher_parameters == 109_483_778
    assert view.outcome.student["validation"]["accuracy"] == pytest.approx(0.93, abs=0.02)
    assert view.stage is not None and view.stage.progress.ended
    assert [notice.level for notice in view.notices][-1] == "good"


def test_the_newest_stage_is_the_one_that_spoke_last() -> None:
    view = view_of(stage(name="teacher"), metrics(1, stage="teacher"), stage(t=5.0), metrics(1, t=6.0))
    assert list(view.stages) == ["teacher", "student"]
    assert view.stage is view.stages["student"]
    assert view.stages["teacher"].progress.ended


def test_a_stage_that_nobody_announced_is_known_from_its_metrics_and_the_state() -> None:
    state: dict[str, Any] = {"stage": "student", "total_turns": 1000, "total": 1100, "best": 0.75, "best_turn": 400}
    view = view_of(metrics(500, total=0.5), **state)
    assert view.stage is not None
    assert view.stage.progress.best == ("score", 0.75, 400)
    assert (view.stage.total_turns, view.stage.total_steps, view.stage.progress.fraction) == (1000, 1100, 0.5)


def test_a_million_strange_names_take_no_more_room_than_a_few() -> None:
    view = view_of()
    for number in range(3000):
        view.take([metrics(number, stage=f"stage {number % 50}", player=f"player {number}", **_means(number))])
        view.take(
            [event("note", text=f"{number}" * 1000), event("request", id=str(number), what="note", answer="done")]
        )
    assert len(view.stages) <= MOST_STAGES
    assert all(len(curves.curves) <= 128 for curves in view.stages.values())
    assert len(view.notices) <= MOST_NOTICES * 3 // 2
    assert len(view.requests) <= 500


def test_time_is_that_of_the_newest_event_or_reading() -> None:
    view = view_of(event("note", 10.0, text="x"))
    view.take_system([event("system", 12.0)])
    assert view.now == 12.0
    view.take([event("note", 11.0, text="x")])
    assert view.now == 12.0


def _means(number: int) -> dict[str, Any]:
    return {f"key {number}": 1.0}


TAKERS: list[Callable[[RunView, list[dict[str, Any]]], None]] = [
    RunView.take,
    RunView.take_system,
    RunView.take_examples,
]


@pytest.mark.parametrize("take", TAKERS)
def test_no_events_are_no_trouble(take: Callable[[RunView, list[dict[str, Any]]], None]) -> None:
    take(view_of(), [])


def test_time_that_a_run_was_paused_is_no_turn_s() -> None:
    def answered(what: str, t: float) -> dict[str, Any]:
        return event("request", t, id=what, what=what, answer="done")

    before = [metrics(step, total=1.0) for step in range(1, 60)]
    after = [metrics(step, t=3600.0 + step, total=1.0) for step in range(60, 120)]
    view = view_of(stage(), *before, answered("pause", 60.0), answered("resume", 3650.0), *after)
    assert view.stage is not None
    assert view.stage.pace.steps_per_second == pytest.approx(1.0, rel=0.05)


def test_time_between_two_processes_is_no_work() -> None:
    view = view_of(
        event("started", 100.0, attempt=1),
        event("stopped", 160.0, what="stopped", checkpoint=None),
        event("note", 500.0, text="later", by="me@here"),
        event("started", 1000.0, attempt=2),
        event("alert", 1030.0, level="info", what="killed after this"),
        event("started", 2000.0, attempt=3),
        event("finished", 2010.0),
    )
    assert view.took == 60 + 30 + 10
    assert view_of().took is None
