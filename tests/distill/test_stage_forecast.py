from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cilda.distill import fitting
from cilda.distill.batch import Batch
from cilda.distill.batching import Batching
from cilda.distill.budget import Budget
from cilda.distill.checkpoint import random_states
from cilda.distill.data import TokenizedRows
from cilda.distill.dry_turn import dry, state_bytes, step_seconds, tried
from cilda.distill.fitting import fit
from cilda.distill.memory import Room, _group_free, measured, room
from cilda.distill.stage_forecast import forecast, usual_batch
from cilda.distill.step import Turns, TurnSettings
from cilda.distill.trainer_settings import TrainerSettings
from cilda.methods import METHODS
from tests.tiny_players import mask_id, tiny_batch, tiny_players, tiny_tokenized, tiny_turns
from tests.tiny_trainer import tiny_trainer

CPU = torch.device("cpu")
MB = 1_000_000


def settings(**given: Any) -> TrainerSettings:
    """A stage of 90 turns in batches of 4, evaluated after every 30."""
    chosen: dict[str, Any] = {"stage": "student", "total_turns": 90, "learning_rate": 1e-3, "batch_size": 4}
    return TrainerSettings(**{**chosen, "evaluate_every": 30, "turn": TurnSettings(mask_id("bert")), **given})


def everything(trainer: Any) -> list[Any]:
    """All that a trainer's state holds, as lists."""
    flat: list[Any] = []

    def walk(value: Any) -> None:
        if isinstance(value, torch.Tensor):
            flat.append(value.clone())
        elif isinstance(value, dict):
            for key in value:
                flat.append(key)
                walk(value[key])
        elif isinstance(value, list | tuple):
            for one in value:
                walk(one)
        else:
            flat.append(value)

    walk(trainer.state())
    return flat


@pytest.mark.parametrize("turns_before", [0, 3])
@pytest.mark.parametrize("name", ["finetune", "cilda", "cilda_minild"])
def test_looking_ahead_moves_nothing(name: str, turns_before: int, tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, METHODS[name])
    for _ in range(turns_before):
        if METHODS[name].generator:
            trainer.play("generator")
        trainer.play("student")
    before, clock = everything(trainer), dict(trainer.turns.clock.seconds)
    forecast(trainer.turns, trainer.streams["student"].rows, trainer.validation, trainer.settings)
    after = everything(trainer)
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
    assert trainer.turns.clock.seconds == clock
    assert trainer.turns.micro_batch is None
    for player in (trainer.players.student, trainer.players.generator, trainer.players.losses, trainer.players.teacher):
        if player is not None:
            assert not player.training
            assert all(weight.grad is None and not weight.requires_grad for weight in player.parameters())


def test_a_dry_turn_that_breaks_leaves_everything_as_it_was() -> None:
    turns = tiny_turns("bert", METHODS["cilda"])
    before = random_states(turns.random)

    def refuse(_module: nn.Module, _inputs: Any, _output: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    handle = turns.players.student.register_forward_hook(refuse)
    with pytest.raises(torch.OutOfMemoryError), dry(turns) as still:
        still.student(tiny_batch("bert"))
    handle.remove()
    after = random_states(turns.random)
    assert torch.equal(before["cpu"], after["cpu"])
    assert all(torch.equal(before["streams"][name], after["streams"][name]) for name in before["streams"])
    assert all(weight.grad is None for mover in turns.optimizers.values() for weight in mover.parameters)


@pytest.mark.parametrize("total_turns", [9, 1_000_000])
def test_a_run_is_looked_over_in_a_few_turns_however_long_it_is(total_turns: int) -> None:
    turns = tiny_turns("bert", METHODS["cilda"])
    rows = tiny_tokenized("bert", 40)
    played: list[int] = []
    turns.players.student.register_forward_pre_hook(lambda *_: played.append(1))
    forecast(turns, rows, {"validation": rows}, settings(total_turns=total_turns))
    # Quick ones are played twice, the first having been slowed by what is only done once.
    assert len(played) <= 12


def test_a_stage_takes_its_turns_and_its_evaluations() -> None:
    turns, rows = tiny_turns("bert", METHODS["cilda"]), tiny_tokenized("bert", 40)
    told = forecast(turns, rows, {"validation": rows}, settings(generator_turns=2, student_turns=30))
    assert {name: player.turns for name, player in told.players.items()} == {"generator": 6, "student": 90}
    # After turns 30, 60 and 90, and of the best student once more.
    assert told.evaluations == 4
    student, generator = told.players["student"].seconds, told.players["generator"].seconds
    assert told.seconds == pytest.approx(90 * student + 6 * generator + 4 * told.evaluation_seconds)
    assert min(student, generator, told.evaluation_seconds) > 0
    assert told.runs and told.fit.fits and told.fit.measured and told.fit.proposal is None


def test_the_largest_batch_holds_the_longest_texts_and_the_usual_one_those_in_between() -> None:
    rows = tiny_tokenized("bert", 40)
    largest, usual = rows.batch(Batching(4).largest(rows.lengths)[0]), usual_batch(rows, Batching(4), seed=0)
    assert largest.ids_BT.shape == (4, rows.lengths.max())
    assert sorted(largest.attention_BT.sum(1).tolist()) == sorted(np.sort(rows.lengths)[-4:].tolist())
    assert usual.size == 4
    assert rows.lengths.min() < usual.ids_BT.shape[1] < rows.lengths.max()
    assert [len(batch) for batch in Batching(100).largest(rows.lengths)] == [40]
    assert usual_batch(rows, Batching(100), seed=0).size == 40


def test_a_usual_batch_of_tokens_has_about_as_many_texts_as_the_mean() -> None:
    rows, batching = tiny_tokenized("bert", 40), Batching(1, tokens=64)
    usual = usual_batch(rows, batching, seed=0)
    assert abs(usual.size - 40 / batching.per_epoch(rows.lengths)) <= 1
    assert 32 < usual.ids_BT.numel() <= 64


def test_of_batches_of_tokens_the_one_that_takes_most_memory_is_what_must_fit() -> None:
    turns, rows = tiny_turns("bert", METHODS["kd"]), tiny_tokenized("bert", 40)
    played: list[tuple[int, ...]] = []

    def look(_model: nn.Module, _inputs: Any, named: dict[str, Any]) -> None:
        played.append(tuple(named["input_ids"].shape))

    turns.players.student.model.register_forward_pre_hook(look, with_kwargs=True)
    told = forecast(turns, rows, {"validation": rows}, settings(tokens_per_batch=64))
    shapes = [tuple(rows.batch(one).ids_BT.shape) for one in Batching(4, 64).largest(rows.lengths)]
    assert len(shapes) > 1 and set(shapes) <= set(played)
    assert (told.fit.texts, told.fit.length) in shapes and told.fit.measured


def longest_of(rows: TokenizedRows) -> Batch:
    """The 32 longest texts."""
    return rows.batch(Batching(32).largest(rows.lengths)[0])


class Ledger:
    """A device on which a turn of n texts takes 100 MB and 10 MB for each of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit_mb: int) -> None:
        self.played: list[int] = []
        monkeypatch.setattr(fitting, "tried", self.tried)
        monkeypatch.setattr(fitting, "room", lambda _: Room(0, limit_mb * MB))

    def tried(self, turns: Turns, player: Any, batch: Any, micro_batch: int | None = None) -> Any:
        """A turn that takes what its texts take."""
        at_once = min(batch.size, micro_batch or batch.size)
        self.played.append(at_once)
        trial = tried(turns, player, batch, micro_batch)
        return type(trial)(player, batch.size, trial.length, trial.seconds, (100 + 10 * at_once) * MB)


@pytest.mark.parametrize(
    ("limit_mb", "fits", "proposal", "largest_played"),
    # 80 % of the limit may be used; 32 texts take 420 MB, 16 take 260, 8 take 180, 1 takes 110.
    [(530, True, None, 32), (520, False, 16, 4), (250, False, 8, 4), (100, False, None, 4)],
)
def test_on_a_cpu_only_what_is_foretold_to_fit_is_played(
    limit_mb: int, fits: bool, proposal: int | None, largest_played: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(monkeypatch, limit_mb)
    turns, rows = tiny_turns("bert", METHODS["finetune"]), tiny_tokenized("bert", 40)
    found = fit(turns, longest_of(rows), states_bytes=0)
    assert (found.fits, found.proposal, max(ledger.played)) == (fits, proposal, largest_played)
    assert found.measured == fits
    assert found.peak_bytes == pytest.approx(420 * MB, rel=0.01)


def test_what_is_proposed_is_taken_only_with_auto_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger(monkeypatch, 250)
    rows = tiny_tokenized("bert", 40)
    for auto_batch in (False, True):
        turns = tiny_turns("bert", METHODS["kd"])
        told = forecast(
            turns,
            rows,
            {"validation": rows},
            settings(batch_size=32),
            auto_batch=auto_batch,
            held_states_bytes=0,
        )
        assert told.fit.proposal == 8
        assert turns.micro_batch == (8 if auto_batch else None)


def test_adamw_s_states_are_added_for_all_who_learn() -> None:
    turns = tiny_turns("bert", METHODS["cilda"])
    weights = sum(weight.numel() for mover in turns.optimizers.values() for weight in mover.parameters)
    assert set(turns.optimizers) == {"student", "generator", "critic"}
    assert state_bytes(turns.optimizers) == 2 * 4 * weights
    assert step_seconds(turns.optimizers["student"], CPU) > 0


def test_a_device_tells_what_may_be_taken_and_what_was() -> None:
    before = room(CPU)
    with measured(CPU) as peak:
        block = torch.ones(50 * MB)
        del block
    assert peak.bytes - before.held_bytes == pytest.approx(200 * MB, rel=0.1)
    with measured(CPU) as later:
        pass
    assert later.bytes < peak.bytes - 150 * MB
    assert before.held_bytes > 0 and before.free_bytes > 0
    assert before.limit_bytes == before.held_bytes + before.free_bytes


def test_a_control_group_s_limit_counts_whatever_its_version(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/a/b\n0::/x/y\n")
    old, new = tmp_path / "sys/fs/cgroup/memory/a/b", tmp_path / "sys/fs/cgroup/x"
    (new / "y").mkdir(parents=True)
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text("1000\n")
    (old / "memory.usage_in_bytes").write_text("300\n")
    (old / "memory.stat").write_text("cache 9\ntotal_inactive_file 50\n")
    (new / "y" / "memory.max").write_text("max\n")
    (new / "y" / "memory.current").write_text("5\n")
    (new / "memory.max").write_text("400\n")
    (new / "memory.current").write_text("100\n")
    assert _group_free(tmp_path) == [750, 300]
    assert _group_free(tmp_path / "nowhere") == []


def test_players_that_are_looked_at_twice_say_the_same() -> None:
    recipe = METHODS["mate_kd"]
    turns = tiny_turns("bert", recipe, players=tiny_players("bert", recipe))
    first, second = (fit(turns, tiny_batch("bert")) for _ in range(2))
    assert (first.texts, first.length, first.fits) == (second.texts, second.length, second.fits)


def test_where_time_is_short_few_texts_tell_what_many_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(monkeypatch, 2000)
    said: list[str] = []
    turns, rows = tiny_turns("bert", METHODS["cilda"]), tiny_tokenized("bert", 40)
    told = forecast(
        turns,
        rows,
        {"validation": rows},
        settings(batch_size=32),
        held_states_bytes=0,
        budget=Budget(0.0, tell=said.append),
    )
    # Of each player one text, then two.
    assert ledger.played == [1, 2, 1, 2]
    assert told.fit.fits and not told.fit.measured and told.runs
    assert told.fit.peak_bytes == pytest.approx(420 * MB, rel=0.01)
    assert told.seconds > 0 and told.evaluation_seconds > 0
    assert said[0].startswith("measuring the student's stage: a turn of the generator on 1 text of ")
    assert said[-1] == "measuring the student's stage: an evaluation"


def test_what_nearly_does_not_fit_is_measured_though_time_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(monkeypatch, 530)
    turns, rows = tiny_turns("bert", METHODS["finetune"]), tiny_tokenized("bert", 40)
    found = fit(turns, longest_of(rows), states_bytes=0, budget=Budget(0.0))
    assert found.measured and max(ledger.played) == 32
