from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from cilda.distill.model_facts import facts
from cilda.distill.preflight import Disk, Preflight, duration, look, tell
from cilda.distill.trainer import Trainer
from cilda.errors import CildaError
from cilda.methods import METHODS
from tests.tiny_players import tiny_encoder, tokenizer_of
from tests.tiny_trainer import TASK, events_of, tiny_trainer


def looked(tmp_path: Path) -> tuple[Trainer, Preflight]:
    """A trainer and what was found of its run."""
    trainer = tiny_trainer(tmp_path, METHODS["cilda"])
    models = [
        facts(role, role, tiny_encoder("bert", layers=layers), tokenizer_of("bert"))
        for role, layers in (("teacher", 3), ("student", 2))
    ]
    found = look(
        trainer.turns,
        trainer.streams["student"].rows,
        trainer.validation,
        trainer.settings,
        task=TASK,
        models=models,
        folder=tmp_path / "not" / "there",
    )
    return trainer, found


def test_a_look_over_is_plain_json(tmp_path: Path) -> None:
    _, found = looked(tmp_path)
    told = json.loads(json.dumps(found.to_json()))
    assert told["runs"] is True and told["seconds"] > 0
    assert told["models"][1]["layers"] == 2 and told["models"][1]["labels"] == ["LABEL_0", "LABEL_1"]
    assert told["stages"][0]["fit"]["peak_bytes"] > 0
    assert told["stages"][0]["runs"] is True


def test_checkpoints_are_counted_as_they_lie_side_by_side(tmp_path: Path) -> None:
    trainer, found = looked(tmp_path)
    players = trainer.players
    modules: dict[str, nn.Module | None] = {
        "student": players.student, "generator": players.generator, "losses": players.losses,
    }  # fmt: skip
    weights = {
        name: 4 * sum(weight.numel() for weight in module.parameters())
        for name, module in modules.items()
        if module is not None
    }
    states = sum(8 * weight.numel() for mover in trainer.optimizers.values() for weight in mover.parameters)
    # Two are kept, a third is being written; the best student twice, and its folder.
    expected = 3 * (sum(weights.values()) + states) + 3 * weights["student"] + 50_000_000
    assert found.disk.needed_bytes == expected
    assert found.disk.free_bytes is not None and found.disk.free_bytes > 0


def test_it_is_told_in_the_run_s_events_and_what_will_not_run_is_refused(tmp_path: Path) -> None:
    trainer, found = looked(tmp_path)
    tell(replace(found, warnings=("mind the gap",)), trainer.writer)
    with pytest.raises(CildaError, match="too large") as refused:
        tell(replace(found, troubles=("too large",), todo="smaller"), trainer.writer)
    assert refused.value.todo == "smaller"
    said = [(event["level"], event["what"]) for event in events_of(trainer, "alert")]
    assert ("warning", "mind the gap") in said
    assert any(level == "info" and "can be had" in what for level, what in said)


def test_a_disk_too_small_is_a_warning_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cilda.distill.preflight.free_bytes", lambda _: 1_000_000)
    _, found = looked(tmp_path)
    assert found.disk == Disk(found.disk.needed_bytes, 1_000_000)
    assert any("the disk will not suffice: 1 MB are free" in warning for warning in found.warnings)
    assert not found.troubles


@pytest.mark.parametrize(
    ("seconds", "words"), [(5.2, "5 s"), (150, "2 min"), (5400, "1 h 30 min"), (100_000, "1 d 3 h")]
)
def test_time_is_told_in_two_units_at_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words
