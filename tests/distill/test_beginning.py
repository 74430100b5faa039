from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cilda.distill.beginning import Beginning
from cilda.methods import METHODS
from cilda.runs.atomic import read_json
from cilda.runs.control import Orders, RunStopped, What, ask
from cilda.runs.layout import create
from cilda.runs.locks import Lock
from cilda.runs.status import status_of
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from tests.tiny_players import tiny_batch, tiny_turns


def begun(tmp_path: Path) -> tuple[Beginning, RunWriter]:
    """A run that has just begun."""
    writer = RunWriter(create(tmp_path, "run"))
    writer.state("starting")
    return Beginning(writer, Orders(writer.folder, writer)), writer


def told(writer: RunWriter, kind: str) -> list[dict[str, Any]]:
    """The events of one kind that lie on disk."""
    writer.close()
    return list(read_events(writer.folder.events, {kind}))


def test_each_step_is_said_to_whoever_looks(tmp_path: Path) -> None:
    beginning, writer = begun(tmp_path)
    lock = Lock.take(writer.folder.trainer_lock, attempt=1, supervised=False)
    beginning.step("loading the teacher bert-base")
    assert [event["what"] for event in told(writer, "alert")] == ["loading the teacher bert-base"]
    status = status_of(writer.folder)
    assert (status.word, status.why) == ("starting", "loading the teacher bert-base")
    beginning.over()
    writer.close()
    assert status_of(writer.folder).why == ""
    lock.release()


def test_behind_the_teacher_s_stage_the_run_is_still_running(tmp_path: Path) -> None:
    beginning, writer = begun(tmp_path)
    writer.state("running")
    beginning.step("making the student")
    assert read_json(writer.folder.state_json)["status"] == "running"


@pytest.mark.parametrize("now", [False, True])
def test_a_stop_before_the_first_turn_ends_it_at_once_and_saves_nothing(tmp_path: Path, now: bool) -> None:
    beginning, writer = begun(tmp_path)
    beginning.step("loading")
    beginning._doing = "measuring an evaluation"
    ask(writer.folder, "pause")
    ask(writer.folder, "stop", now=now)
    ask(writer.folder, "checkpoint")
    assert beginning.orders is not None
    beginning.orders._next = 0.0
    with pytest.raises(RunStopped, match="before the first turn, while measuring an evaluation") as caught:
        beginning.hear()
    assert caught.value.checkpoint is None
    answers = [(event["what"], event["answer"]) for event in told(writer, "request")]
    assert answers == [("pause", "refused"), ("stop", "accepted"), ("stop", "done"), ("checkpoint", "refused")]
    (stopped,) = told(writer, "stopped")
    assert stopped["checkpoint"] is None and "before the first turn" in stopped["what"]
    assert not list(writer.folder.checkpoints.iterdir())
    assert not list(writer.folder.control_new.iterdir())


@pytest.mark.parametrize(
    ("what", "why"),
    [("pause", "nothing is lost"), ("checkpoint", "nothing to save yet"), ("resume", "it is not paused")],
)
def test_what_makes_no_sense_yet_is_refused_in_words(tmp_path: Path, what: What, why: str) -> None:
    beginning, writer = begun(tmp_path)
    ask(writer.folder, what)
    beginning.hear()
    (answer,) = told(writer, "request")
    assert answer["answer"] == "refused" and why in answer["why"]


def test_a_note_is_taken_while_it_starts(tmp_path: Path) -> None:
    beginning, writer = begun(tmp_path)
    ask(writer.folder, "note", text="a cold start")
    beginning.hear()
    assert [event["text"] for event in told(writer, "note")] == ["a cold start"]


def test_signals_go_on_ending_a_process_that_only_listens_in_between(tmp_path: Path) -> None:
    beginning, _ = begun(tmp_path)
    beginning.hear()
    assert beginning.orders is not None
    assert beginning.orders.attended is False


def test_a_stop_is_heard_within_a_batch_and_no_hook_stays(tmp_path: Path) -> None:
    beginning, writer = begun(tmp_path)
    turns = tiny_turns("bert", METHODS["kd"])
    teacher = turns.players.teacher
    assert teacher is not None
    ask(writer.folder, "stop")
    with pytest.raises(RunStopped), beginning.heard_in(teacher, None):
        teacher(tiny_batch("bert"))
    assert not any(module._forward_pre_hooks for module in teacher.modules())


def test_without_orders_nobody_is_heard(tmp_path: Path) -> None:
    _, writer = begun(tmp_path)
    ask(writer.folder, "stop")
    Beginning(writer).step("loading")
    assert told(writer, "request") == []
