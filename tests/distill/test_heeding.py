from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cilda.distill.heeding import Heeding
from cilda.distill.loading import last_linear
from cilda.distill.trainer import Trainer
from cilda.errors import CildaError
from cilda.methods import METHODS
from cilda.runs.atomic import read_json
from cilda.runs.control import RunStopped, ask
from cilda.runs.events import Event
from cilda.runs.presence import Presence, RunGone
from tests.tiny_trainer import events_of, orders_of, tiny_trainer


def answers(trainer: Trainer) -> list[tuple[str, str, str | None]]:
    """What was asked, what was answered, and the checkpoint or the reason."""
    return [
        (event["what"], event["answer"], event.get("checkpoint") or event.get("why"))
        for event in events_of(trainer, "request")
    ]


def status(trainer: Trainer) -> str:
    """What the run says of itself."""
    return str(read_json(trainer.writer.folder.state_json)["status"])


def napping(trainer: Trainer, *naps: Callable[[], object]) -> list[str]:
    """Has something happen in each nap of a pause; gives the statuses that stand on the disk meanwhile."""
    heeding = trainer._heeding
    assert isinstance(heeding, Heeding)
    left, seen = list(naps), list[str]()

    def nap(seconds: float) -> None:
        assert 0 < seconds < 1
        seen.append(status(trainer))
        left.pop(0)()
        # As if the nap had been slept.
        orders_of(trainer)._next = 0.0

    heeding._nap = nap
    return seen


def test_a_checkpoint_is_written_when_it_is_asked_for(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, METHODS["cilda"])
    ask(trainer.writer.folder, "checkpoint")
    trainer.run()
    assert answers(trainer) == [("checkpoint", "done", "step-student-00000001")]
    assert events_of(trainer, "checkpoint")[0]["path"] == "step-student-00000001"
    (answer,) = events_of(trainer, "request")
    assert (answer["stage"], answer["turn"]) == ("student", 0)
    assert not list(trainer.writer.folder.control_new.iterdir())


def test_a_stop_leaves_a_checkpoint_of_the_very_turn(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    ask(trainer.writer.folder, "stop")
    with pytest.raises(RunStopped, match=r"stopped by .+ at student turn 1") as caught:
        trainer.run()
    assert caught.value.checkpoint == "step-student-00000001"
    assert (trainer.writer.folder.checkpoints / "step-student-00000001").is_dir()
    assert status(trainer) == "stopping"
    assert [answer[:2] for answer in answers(trainer)] == [("stop", "accepted"), ("stop", "done")]
    (stopped,) = events_of(trainer, "stopped")
    assert (stopped["what"], stopped["checkpoint"]) == (str(caught.value), "step-student-00000001")


def test_a_stop_at_once_writes_none(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    ask(trainer.writer.folder, "stop", now=True)
    with pytest.raises(RunStopped) as caught:
        trainer.run()
    assert caught.value.checkpoint is None
    assert caught.value.request.now
    assert not list(trainer.writer.folder.checkpoints.iterdir())
    assert events_of(trainer, "stopped")[0]["checkpoint"] is None


def test_all_who_ask_at_once_are_answered_in_their_order(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    folder = trainer.writer.folder
    ask(folder, "note", text="a cold start")
    ask(folder, "resume")
    for _ in range(2):
        ask(folder, "stop")
    ask(folder, "checkpoint")
    ask(folder, "pause")
    ask(folder, "resume")
    ask(folder, "note", text="too late?")
    orders_of(trainer).interrupt("SIGTERM")
    with pytest.raises(RunStopped) as caught:
        trainer.run()
    assert caught.value.request.by == "SIGTERM"
    name = "step-student-00000001"
    assert answers(trainer) == [
        ("stop", "accepted", None),
        ("stop", "done", name),
        ("note", "done", None),
        ("resume", "refused", "it is stopping"),
        ("stop", "done", name),
        ("stop", "done", name),
        ("checkpoint", "done", name),
        ("pause", "refused", "it is stopping"),
        ("resume", "refused", "it is stopping"),
        ("note", "done", None),
    ]
    assert [event["text"] for event in events_of(trainer, "note")] == ["a cold start", "too late?"]
    assert len(events_of(trainer, "stopped")) == len(events_of(trainer, "checkpoint")) == 1
    assert not list(folder.control_new.iterdir())


def test_a_pause_lasts_until_somebody_resumes_it(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    folder = trainer.writer.folder
    ask(folder, "pause")
    seen = napping(
        trainer,
        lambda: None,
        lambda: ask(folder, "pause"),
        lambda: ask(folder, "checkpoint"),
        lambda: (ask(folder, "resume"), ask(folder, "resume")),
    )
    best = trainer.run()
    assert seen == ["paused"] * 4
    name = "step-student-00000001"
    assert answers(trainer) == [
        ("pause", "done", name),
        ("pause", "done", "it is paused already"),
        ("checkpoint", "done", name),
        ("resume", "done", None),
        ("resume", "refused", "it is not paused"),
    ]
    assert trainer.done["student"] == 9
    trainer.writer.close()
    assert status(trainer) == "running"
    assert best == tiny_trainer(tmp_path, name="never-paused").run()


def test_who_hears_an_answer_finds_the_status_in_accord_with_it(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    folder = trainer.writer.folder
    seen: list[tuple[str, str, str]] = []

    def look(event: Event) -> None:
        if event["kind"] == "request":
            seen.append((event["what"], event["answer"], status(trainer)))

    trainer.writer._listeners.append(look)
    ask(folder, "pause")
    napping(trainer, lambda: (ask(folder, "resume"), ask(folder, "stop")))
    with pytest.raises(RunStopped):
        trainer.run()
    assert seen == [
        ("pause", "done", "paused"),
        ("resume", "done", "running"),
        ("stop", "accepted", "stopping"),
        ("stop", "done", "stopping"),
    ]


def test_a_paused_run_can_be_stopped(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    ask(trainer.writer.folder, "pause")
    napping(trainer, lambda: orders_of(trainer).interrupt("SIGINT"))
    with pytest.raises(RunStopped, match="stopped by SIGINT at student turn 1"):
        trainer.run()
    assert [event["path"] for event in events_of(trainer, "checkpoint")] == ["step-student-00000001"]
    assert status(trainer) == "stopping"


def test_a_disk_that_refuses_is_the_answer(tmp_path: Path) -> None:
    """It hinders neither a pause nor a stop."""
    trainer = tiny_trainer(tmp_path)
    folder = trainer.writer.folder
    folder.checkpoints.rmdir()
    folder.checkpoints.write_text("no folder", encoding="utf-8")
    for what in ("checkpoint", "pause"):
        ask(folder, what)
    napping(trainer, lambda: ask(folder, "stop"))
    with pytest.raises(RunStopped) as caught:
        trainer.run()
    assert caught.value.checkpoint is None
    told = [(what, answer) for what, answer, _ in answers(trainer)]
    assert told == [("checkpoint", "refused"), ("pause", "done"), ("stop", "accepted"), ("stop", "done")]
    assert all("a file is where a folder is needed" in (why or "") for _, _, why in answers(trainer)[:2])
    alerts = [event["what"] for event in events_of(trainer, "alert")]
    assert [what.split(":")[0] for what in alerts] == [
        "a checkpoint could not be written",
        "stopped without a checkpoint of this turn, which the disk refused",
    ]


def test_a_checkpoint_of_weights_that_blew_up_is_refused_to_all(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    last_linear(trainer.players.student.model).bias.data[0] = float("inf")
    trainer._ledger._next = float("inf")
    ask(trainer.writer.folder, "note", text="odd")
    ask(trainer.writer.folder, "checkpoint")
    ask(trainer.writer.folder, "stop")
    with pytest.raises(CildaError, match="student turn 1"):
        trainer.run()
    assert [answer[:2] for answer in answers(trainer)] == [
        ("note", "done"), ("checkpoint", "refused"), ("stop", "refused")
    ]  # fmt: skip
    assert not list(trainer.writer.folder.checkpoints.iterdir())


def test_the_status_stays_stopping_though_numbers_of_earlier_turns_come_in(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    trainer._ledger._next = float("inf")
    seen: list[str] = []

    def look(event: Event) -> None:
        if event["kind"] == "checkpoint":
            seen.append(status(trainer))

    trainer.writer._listeners.append(look)
    ask(trainer.writer.folder, "stop")
    with pytest.raises(RunStopped):
        trainer.run()
    assert seen == ["stopping"]


def test_nothing_is_asked_of_a_trainer_whose_run_folder_has_gone(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, total_turns=3)
    shutil.rmtree(trainer.writer.folder.path)
    assert trainer.run().turn == 3
    assert not trainer.writer.folder.checkpoints.exists()


def test_a_trainer_whose_run_was_removed_ends_and_brings_nothing_of_it_back(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path)
    folder = trainer.writer.folder
    folder.run_json.write_text("{}", encoding="ascii")
    seconds = [0.0]
    heeding = trainer._heeding
    assert heeding is not None
    heeding._presence = Presence(folder, stopwatch=lambda: seconds[0])
    shutil.rmtree(folder.path)

    def play_on(event: Event) -> None:
        seconds[0] += 40

    trainer.writer._listeners.append(play_on)
    with pytest.raises(RunGone):
        trainer.run()
    trainer.writer.close()
    assert not folder.path.exists()
