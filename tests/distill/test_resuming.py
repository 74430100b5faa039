from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cilda.distill.batch import Batch
from cilda.distill.checkpoint import load_checkpoint
from cilda.distill.players import Projection
from cilda.distill.step import TurnResult, TurnSettings
from cilda.distill.trainer import Trainer
from cilda.errors import CildaError
from cilda.methods import METHODS
from cilda.methods.recipe import Player
from cilda.runs.atomic import read_json
from cilda.runs.control import RunStopped
from tests.tiny_players import mask_id, tiny_players, tiny_tokenized
from tests.tiny_trainer import events_of, fresh_players, orders_of, tiny_trainer
from tests.trees import same

CASES: list[tuple[str, Projection]] = [
    ("cilda", "critic"), ("cilda_minild", "ascend"), ("mate_kd", "critic"), ("kd", "critic"), ("finetune", "critic"),
    ("codir", "critic"), ("rail_kd", "critic"), ("combined_kd", "critic"), ("tinybert", "critic"),
]  # fmt: skip


class Killed(BaseException):
    """The end of a process, as near as one process can come to it."""


def ended(trainer: Trainer) -> dict[str, Any]:
    """All that a run leads to: its last state as the disk has it, the student, the scores of each evaluation."""
    best = trainer.run()
    evaluations = {event["turn"]: event["scores"] for event in events_of(trainer, "evaluation")}
    last = load_checkpoint(max(trainer.writer.folder.checkpoints.glob("step-*")))
    return {
        "last": last,
        "student": {name: weight.clone() for name, weight in trainer.players.student.state_dict().items()},
        "best": [best.score, best.turn, best.scores],
        "evaluations": dict(sorted(evaluations.items())),
        "done": dict(trainer.done),
    }


def dying(trainer: Trainer, step: int) -> Callable[[Player, Batch], TurnResult]:
    """A trainer's turns, until it is killed in the middle of one, after it has moved the weights."""
    play = trainer._play

    def _play(player: Player, batch: Batch) -> TurnResult:
        result = play(player, batch)
        if trainer._step == step:
            raise Killed
        return result

    return _play


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_a_run_that_stops_after_every_turn_is_the_run_that_never_stops(
    tmp_path: Path, name: str, projection: Projection
) -> None:
    """Each turn in a new trainer, with weights and random states that begin elsewhere."""
    recipe, turn = METHODS[name], TurnSettings(mask_id("bert"), projection=projection, generator_dropout=True)
    whole = ended(tiny_trainer(tmp_path, recipe, name="whole", turn=turn))
    for attempt in range(1, 100):
        torch.manual_seed(1000 + attempt)
        players = fresh_players(recipe, seed=40 + attempt) if attempt > 1 else None
        again = tiny_trainer(tmp_path, recipe, name="again", turn=turn, players=players, attempt=attempt)
        orders_of(again).interrupt("SIGTERM")
        try:
            outcome = ended(again)
            break
        except RunStopped:
            pass
        assert sum(again.done.values()) == attempt
    assert same(outcome, whole)
    assert attempt == sum(whole["done"].values()) + 1
    assert [event.get("resumed_from") for event in events_of(again, "stage")] == [
        None, *(f"step-student-{step:08d}" for step in range(1, attempt))
    ]  # fmt: skip


@pytest.mark.parametrize("name", [pytest.param("cilda", marks=pytest.mark.long), "kd"])
def test_a_run_that_is_killed_in_any_turn_ends_the_same(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a generator phase, in mid-epoch, before the first checkpoint: turns come again with the same numbers."""
    recipe = METHODS[name]
    whole = ended(tiny_trainer(tmp_path, recipe, name="whole"))
    for step in range(sum(whole["done"].values())):
        killed = tiny_trainer(tmp_path, recipe, name=f"killed-{step}")
        monkeypatch.setattr(killed, "_play", dying(killed, step))
        with pytest.raises(Killed):
            killed.run()
        newest = max((path.name for path in killed.writer.folder.checkpoints.glob("step-*")), default=None)
        players = None if newest is None else fresh_players(recipe)
        again = tiny_trainer(tmp_path, recipe, name=f"killed-{step}", players=players, attempt=2)
        assert same(ended(again), whole)
        assert events_of(again, "stage")[-1].get("resumed_from") == newest
        assert events_of(again, "alert") == []


def test_a_run_in_batches_of_tokens_that_is_killed_in_mid_epoch_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size: dict[str, Any] = {"tokens_per_batch": 40, "checkpoint_every": 1, "total_turns": 6}
    whole = ended(tiny_trainer(tmp_path, METHODS["cilda"], name="whole", **size))
    for step in (3, 6):
        killed = tiny_trainer(tmp_path, METHODS["cilda"], name=f"killed-{step}", **size)
        monkeypatch.setattr(killed, "_play", dying(killed, step))
        with pytest.raises(Killed):
            killed.run()
        players = fresh_players(METHODS["cilda"])
        again = tiny_trainer(tmp_path, METHODS["cilda"], name=f"killed-{step}", players=players, attempt=2, **size)
        assert same(ended(again), whole)
        assert events_of(again, "stage")[-1]["resumed_from"]


def test_a_run_that_is_killed_at_any_point_of_writing_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of the places where the disk is waited for: within a file, between files, between best and state."""
    settings: dict[str, Any] = {"total_turns": 4, "evaluate_every": 2, "keep_checkpoints": 1}
    whole = ended(tiny_trainer(tmp_path, name="whole", **settings))
    sync, rename = os.fsync, Path.rename
    left = 0

    def count() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    def mortal_sync(descriptor: int) -> None:
        count()
        sync(descriptor)

    def mortal_rename(path: Path, to: Path) -> Path:
        count()
        return rename(path, to)

    for kill in range(1000):
        left = kill
        name = f"killed-{kill}"
        killed = tiny_trainer(tmp_path, name=name, **settings)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", mortal_sync)
            patch.setattr(Path, "rename", mortal_rename)
            try:
                killed.run()
                break
            except Killed:
                pass
        resumable = bool(list(killed.writer.folder.checkpoints.glob("step-*")))
        players = fresh_players(METHODS["kd"]) if resumable else None
        again = tiny_trainer(tmp_path, name=name, players=players, attempt=2, **settings)
        assert same(ended(again), whole), kill
        assert [event for event in events_of(again, "alert") if event["level"] == "warning"] == []
        assert not list(again.writer.folder.checkpoints.glob(".*"))
    assert kill > 30


def test_patience_that_has_run_out_is_out_for_good(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"learning_rate": 1e-9, "total_turns": 90, "early_stopping": 2}
    whole = ended(tiny_trainer(tmp_path, name="run", **settings))
    assert whole["done"]["student"] == 9
    again = tiny_trainer(tmp_path, name="run", players=fresh_players(METHODS["kd"]), attempt=2, **settings)
    assert same(ended(again), whole)
    assert len(events_of(again, "evaluation")) == 3
    assert events_of(again, "stage")[-1]["resumed_from"] == "step-student-00000009"


def test_patience_is_counted_over_attempts(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"learning_rate": 1e-9, "total_turns": 90, "early_stopping": 3}
    whole = ended(tiny_trainer(tmp_path, name="whole", **settings))
    for attempt in range(1, 99):
        again = tiny_trainer(tmp_path, name="again", attempt=attempt, **settings)
        orders_of(again).interrupt("SIGTERM")
        try:
            assert same(ended(again), whole)
            break
        except RunStopped:
            continue
    assert again.done["student"] == 12


def test_the_state_says_at_once_where_a_resumed_run_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tiny_trainer(tmp_path, METHODS["cilda"])
    monkeypatch.setattr(first, "_play", dying(first, 8))
    with pytest.raises(Killed):
        first.run()
    assert first.best is not None
    again = tiny_trainer(tmp_path, METHODS["cilda"], attempt=2)
    monkeypatch.setattr(again, "_play", dying(again, 5))
    with pytest.raises(Killed):
        again.run()
    state = read_json(again.writer.folder.state_json)
    assert (state["status"], state["attempt"], state["stage"]) == ("running", 2, "student")
    assert (state["turn"], state["step"], state["total_turns"], state["epoch"]) == (3, 5, 9, 1.0)
    assert (state["best"], state["best_turn"]) == (first.best.score, 3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_size": 5}, "its batch size: 4; this run's: 5"),
        ({"tokens_per_batch": 64}, "its batch size: 4; this run's: at most 64 tokens"),
        ({"total_turns": 10}, "its total turns: 9; this run's: 10"),
        ({"student_turns": 3}, "its turns in a cycle"),
        ({"turn": TurnSettings(mask_id("bert"), seed=7)}, "its seed: 0; this run's: 7"),
        ({"turn": TurnSettings(mask_id("bert"), bfloat16=True)}, "its precision: float32; this run's: bfloat16"),
        ({"recipe": METHODS["finetune"]}, "its terms"),
        ({"players": tiny_players("roberta", METHODS["kd"])}, "its student"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_in_words(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    tiny_trainer(tmp_path).run()
    other = tiny_trainer(tmp_path, attempt=2, **settings)
    with pytest.raises(CildaError, match=words) as caught:
        other.run()
    assert "step-student-00000009 does not fit" in caught.value.what
    assert other.writer.folder.checkpoints.joinpath("step-student-00000009").is_dir()


def test_a_checkpoint_over_other_rows_is_refused(tmp_path: Path) -> None:
    tiny_trainer(tmp_path).run()
    other = tiny_trainer(tmp_path, attempt=2)
    other._fingerprint = {**other._fingerprint, "training rows": tiny_tokenized("bert", 9).rows.fingerprint()}
    with pytest.raises(CildaError, match="its training rows"):
        other.run()


def test_checkpoints_come_as_often_as_asked(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, METHODS["cilda"], checkpoint_every=2, keep_checkpoints=9)
    trainer.run()
    assert [event["turn"] for event in events_of(trainer, "checkpoint")] == [2, 4, 6, 8, 9]
    names = sorted(path.name for path in trainer.writer.folder.checkpoints.glob("step-*"))
    assert [event["path"] for event in events_of(trainer, "checkpoint")] == names


def test_a_micro_batch_that_memory_forced_outlives_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failed try is no turn: nothing of it is counted, and the batch is the one that is played again."""
    whole = ended(tiny_trainer(tmp_path, name="whole", turn=TurnSettings(mask_id("bert"), micro_batch=2)))
    first = tiny_trainer(tmp_path, name="again", auto_batch=True)
    play, tries = first.turns.student, list[int]()

    def short_of_memory(batch: Batch, *, norms_by_term: bool = False) -> TurnResult:
        tries.append(batch.size)
        if len(tries) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return play(batch, norms_by_term=norms_by_term)

    monkeypatch.setattr(first.turns, "student", short_of_memory)
    orders_of(first).interrupt("SIGTERM")
    with pytest.raises(RunStopped):
        first.run()
    assert (first.done["student"], first.streams["student"].place, first.turns.micro_batch) == (1, 1, 2)
    assert "memory ran out" in events_of(first, "alert")[0]["what"]
    again = tiny_trainer(tmp_path, name="again", players=fresh_players(METHODS["kd"]), attempt=2, auto_batch=True)
    assert same(ended(again), whole)
    assert again.turns.micro_batch == 2
