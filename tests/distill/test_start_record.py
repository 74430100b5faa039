from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cilda.distill import start_record
from cilda.distill.memory import Room
from cilda.distill.preflight import looked_ahead
from cilda.distill.start_record import StartRecord
from cilda.distill.trainer import Trainer
from cilda.methods import METHODS
from tests.tiny_trainer import tiny_trainer


def looked(trainer: Trainer, record: StartRecord) -> tuple[Any, int]:
    """The stage's forecast, and how often the student was asked for it."""
    played: list[int] = []
    handle = trainer.players.student.register_forward_pre_hook(lambda *_: played.append(1))
    rows = trainer.streams["student"].rows
    found = looked_ahead(trainer.turns, rows, trainer.validation, trainer.settings, record=record)
    handle.remove()
    return found, len(played)


def test_who_goes_on_with_a_run_measures_nothing_again(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, METHODS["cilda"])
    first, played = looked(trainer, StartRecord(trainer.writer.folder))
    assert played > 0
    again = tiny_trainer(tmp_path, METHODS["cilda"], attempt=2)
    second, played = looked(again, StartRecord(again.writer.folder))
    assert played == 0
    assert replace(second, fit=replace(second.fit, limit_bytes=0)) == replace(
        first, fit=replace(first.fit, limit_bytes=0)
    )


def test_other_settings_or_another_number_of_threads_are_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = tiny_trainer(tmp_path, METHODS["kd"])
    record = StartRecord(trainer.writer.folder)
    looked(trainer, record)
    assert looked(tiny_trainer(tmp_path, METHODS["kd"], batch_size=5, attempt=2), record)[1] > 0
    looked(trainer, record)
    monkeypatch.setattr("torch.get_num_threads", lambda: 99)
    assert looked(trainer, record)[1] > 0


def test_where_less_memory_is_free_than_then_it_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = tiny_trainer(tmp_path, METHODS["kd"])
    record = StartRecord(trainer.writer.folder)
    found, _ = looked(trainer, record)
    monkeypatch.setattr(start_record, "room", lambda _: Room(0, found.fit.peak_bytes))
    assert record.forecast(trainer.settings, trainer.device) is None


def drop_a_field(content: dict[str, Any]) -> None:
    del content["stages"]["student"]["forecast"]["players"]


def no_number(content: dict[str, Any]) -> None:
    content["stages"]["student"]["forecast"]["players"]["student"]["seconds"] = "soon"


def no_stages(content: dict[str, Any]) -> None:
    content["stages"] = 3


def newer(content: dict[str, Any]) -> None:
    content["v"] = 2


@pytest.mark.parametrize("damage", [drop_a_field, no_number, no_stages, newer])
def test_a_damaged_record_is_none(tmp_path: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    trainer = tiny_trainer(tmp_path, METHODS["kd"])
    record, path = StartRecord(trainer.writer.folder), trainer.writer.folder.path / "start.json"
    looked(trainer, record)
    content = json.loads(path.read_text(encoding="ascii"))
    damage(content)
    path.write_text(json.dumps(content), encoding="ascii")
    assert record.forecast(trainer.settings, trainer.device) is None
    looked(trainer, record)
    assert record.forecast(trainer.settings, trainer.device) is not None
