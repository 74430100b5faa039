from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from cilda.distill.best import Best
from cilda.distill.checkpoint import load_checkpoint, save_checkpoint
from cilda.distill.keeper import Keeper, forget
from cilda.distill.manifest import MANIFEST
from cilda.distill.trainer import Trainer
from cilda.errors import CildaError
from cilda.methods import METHODS
from cilda.runs.events import Event
from cilda.runs.layout import create, give_up
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from tests.small_disk import small_disk
from tests.tiny_trainer import events_of, fresh_players, tiny_trainer
from tests.trees import same


def keeper(tmp_path: Path, *, keep: int = 2) -> Keeper:
    """A keeper of a student stage in a new run."""
    return Keeper(RunWriter(create(tmp_path, "run")), "student", keep)


def weights(value: float) -> dict[str, torch.Tensor]:
    """A student of three weights."""
    return {"weight": torch.full((3,), value)}


def names(kept: Keeper | Trainer) -> list[str]:
    """What lies in the folder of checkpoints."""
    folder = kept.folder if isinstance(kept, Keeper) else kept.writer.folder.checkpoints
    return sorted(path.name for path in folder.iterdir())


def warnings(kept: Keeper | Trainer) -> list[str]:
    """The warnings among a run's alerts."""
    writer = kept._writer if isinstance(kept, Keeper) else kept.writer
    writer.close()
    return [event["what"] for event in read_events(writer.folder.events, {"alert"}) if event["level"] == "warning"]


def test_the_newest_are_kept_with_the_best_that_they_refer_to(tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    kept.keep_best(3, weights(3))
    assert kept.write(3, {"position": {"turn": 3}}) == "step-student-00000003"
    kept.keep_best(6, weights(6))
    kept.write(6, {"position": {}})
    assert names(kept) == [
        "best-student-00000003", "best-student-00000006", "step-student-00000003", "step-student-00000006"
    ]  # fmt: skip
    kept.write(9, {"position": {}})
    assert names(kept) == ["best-student-00000006", "step-student-00000006", "step-student-00000009"]


def test_one_stage_does_not_touch_the_other_s(tmp_path: Path) -> None:
    kept = keeper(tmp_path, keep=1)
    teacher = Keeper(kept._writer, "teacher", 1)
    for keeps in (teacher, kept):
        keeps.keep_best(1, weights(1))
        keeps.write(1, {"position": {}})
    kept.write(2, {"position": {}})
    assert names(kept) == [
        "best-student-00000001", "best-teacher-00000001", "step-student-00000002", "step-teacher-00000001"
    ]  # fmt: skip
    assert (found := teacher.newest()) is not None and found[0] == "step-teacher-00000001"
    forget(kept.folder, "teacher")
    assert names(kept) == ["best-student-00000001", "step-student-00000002"]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    for left in (".step-student-00000001.unfinished", ".best-teacher-00000001.removed"):
        (kept.folder / left).mkdir()
        (kept.folder / left / "half.safetensors").write_bytes(b"half")
    assert kept.newest() is None
    assert names(kept) == []
    assert warnings(kept) == []


def flip(path: Path) -> None:
    """Changes one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("file", [MANIFEST, "student.safetensors", "position.json", "optimizers.safetensors"])
def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_leads_to_the_same_end(tmp_path: Path, file: str) -> None:
    recipe = METHODS["cilda"]
    whole = tiny_trainer(tmp_path, recipe, name="whole")
    best = whole.run()
    newest = "step-student-00000014"
    first = tiny_trainer(tmp_path, recipe, name="again")
    first.run()
    flip(first.writer.folder.checkpoints / newest / file)
    again = tiny_trainer(tmp_path, recipe, name="again", players=fresh_players(recipe), attempt=2)
    assert again.run() == best
    assert events_of(again, "stage")[-1]["resumed_from"] == "step-student-00000009"
    (told,) = warnings(again)
    assert f"{newest} is not a whole checkpoint: {file} is not as it was written" in told
    assert told.endswith(f"{newest} is set aside, the run goes on from step-student-00000009")
    assert f".damaged-{newest}" in names(again)
    folders = [trainer.writer.folder.checkpoints / newest for trainer in (whole, again)]
    assert same(load_checkpoint(folders[1]), load_checkpoint(folders[0]))
    # Never chosen again, and damaged once more it gets a name of its own.
    flip(folders[1] / file)
    third = tiny_trainer(tmp_path, recipe, name="again", players=fresh_players(recipe), attempt=3)
    assert third.run() == best
    assert {f".damaged-{newest}", f".damaged-{newest}-2"} <= set(names(third))


def test_with_its_best_student_damaged_a_checkpoint_is_of_no_use(tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    for turn in (3, 6):
        kept.keep_best(turn, weights(turn))
        kept.write(turn, {"position": {"turn": turn}})
    flip(kept.folder / "best-student-00000006" / "student.safetensors")
    again = Keeper(kept._writer, "student", 2)
    assert again.newest() == ("step-student-00000003", {"position": {"turn": 3}})
    assert again.best_weights is not None and same(dict(again.best_weights), weights(3))
    (told,) = warnings(again)
    assert "best-student-00000006 is not a whole checkpoint" in told
    assert "step-student-00000006 is set aside, the run goes on from step-student-00000003" in told
    assert names(again) == [
        ".damaged-best-student-00000006", ".damaged-step-student-00000006",
        "best-student-00000003", "step-student-00000003",
    ]  # fmt: skip


def test_with_nothing_whole_left_the_run_says_so_and_begins_anew_only_when_asked_again(tmp_path: Path) -> None:
    first = tiny_trainer(tmp_path)
    best = first.run()
    shutil.rmtree(first.writer.folder.checkpoints / f"best-student-{best.turn:08d}")
    again = tiny_trainer(tmp_path, attempt=2)
    with pytest.raises(CildaError, match="none of this run's checkpoints is whole") as refused:
        again.run()
    assert "--anew" in refused.value.todo
    told = warnings(again)
    assert len(told) == 2
    assert all("it is not there" in what and what.endswith("none is left") for what in told)
    with pytest.raises(CildaError, match="none of this run's checkpoints is whole"):
        tiny_trainer(tmp_path, attempt=3).run()
    give_up(first.writer.folder)
    anew = tiny_trainer(tmp_path, attempt=4)
    assert anew.run() == best
    assert "resumed_from" not in events_of(anew, "stage")[-1]


def test_a_checkpoint_that_is_no_number_of_a_step_is_nobody_s(tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    save_checkpoint(kept.folder, "step-student-copy", {"position": {}})
    assert kept.newest() is None
    kept.write(1, {"position": {}})
    assert names(kept) == ["step-student-00000001", "step-student-copy"]


def trouble(kept: Keeper) -> str:
    """Why the latest write failed."""
    return "" if kept.trouble is None else kept.trouble.what


def test_trouble_is_told_once_of_each_kind_and_when_it_is_over(tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    shutil.rmtree(kept.folder)
    kept.folder.write_text("no folder", encoding="utf-8")
    kept.keep_best(1, weights(1))
    assert kept.write(1, {"position": {}}) is None
    assert kept.write(2, {"position": {}}) is None
    assert "a file is where" in trouble(kept)
    kept.folder.unlink()
    kept.folder.parent.rename(tmp_path / "away")
    assert kept.write(3, {"position": {}}) is None
    (tmp_path / "away").rename(kept.folder.parent)
    assert kept.write(4, {"position": {}}) == "step-student-00000004"
    assert trouble(kept) == ""
    assert names(kept) == ["best-student-00000001", "step-student-00000004"]
    kept._writer.close()
    told = [event["what"] for event in read_events(kept._writer.folder.events, {"alert"})]
    assert len(told) == 3
    assert "a file is where a folder is needed" in told[0]
    assert "No such file" in told[1]
    assert told[2] == "checkpoints can be written again"


def settled(trainer: Trainer) -> Best:
    """A run without trouble, for comparison."""
    return tiny_trainer(trainer.writer.folder.path.parent, name="settled", **SETTINGS).run()


SETTINGS: dict[str, Any] = {"learning_rate": 1e-3, "total_turns": 9}


def at_turn(trainer: Trainer, turn: int, what: Any) -> None:
    """Does something as soon as the evaluation of a turn is told."""

    def heard(event: Event) -> None:
        if event["kind"] == "evaluation" and event["turn"] == turn:
            what()

    trainer.writer._listeners.append(heard)


def test_checkpoints_that_vanish_in_mid_run_cost_nothing(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, **SETTINGS)
    at_turn(trainer, 6, lambda: shutil.rmtree(trainer.writer.folder.checkpoints))
    best = trainer.run()
    assert best == settled(trainer)
    assert names(trainer) == [f"best-student-{best.turn:08d}", "step-student-00000006", "step-student-00000009"]
    again = tiny_trainer(tmp_path, players=fresh_players(METHODS["kd"]), attempt=2, **SETTINGS)
    assert again.run() == best


def test_a_run_ends_with_its_best_student_though_the_disk_takes_nothing(tmp_path: Path) -> None:
    trainer = tiny_trainer(tmp_path, **SETTINGS)
    trainer.writer.folder.checkpoints.rmdir()
    trainer.writer.folder.checkpoints.write_text("no folder", encoding="utf-8")
    best = trainer.run()
    assert best == settled(trainer)
    assert len(warnings(trainer)) == 1
    expected = load_checkpoint(tmp_path / "settled" / "checkpoints" / f"best-student-{best.turn:08d}")["student"]
    assert same(dict(trainer.players.student.state_dict()), dict(expected))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_full_disk_ends_nothing_and_spoils_no_earlier_checkpoint(tmp_path: Path) -> None:
    """Full from turn 6 on, with room again at turn 12; the students before and after are those of a run without."""
    settings: dict[str, Any] = {**SETTINGS, "total_turns": 15}
    whole = tiny_trainer(tmp_path, METHODS["cilda"], name="whole", **settings)
    best = whole.run()
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        trainer = tiny_trainer(disk.path, METHODS["cilda"], **settings)
        folder = trainer.writer.folder.checkpoints
        before: dict[str, Any] = {}

        def full() -> None:
            before.update({path.name: load_checkpoint(path) for path in folder.glob("step-*")})
            disk.fill()

        def free() -> None:
            assert before
            assert same({path.name: load_checkpoint(path) for path in folder.glob("step-*")}, before)
            disk.free()

        at_turn(trainer, 6, full)
        at_turn(trainer, 12, free)
        assert trainer.run() == best
        refused = [what for what in warnings(trainer) if what.startswith("a checkpoint could not be written")]
        assert len(refused) == 1
        assert "no space left" in refused[0]
        assert "checkpoints can be written again" in [event["what"] for event in events_of(trainer, "alert")]
        assert [event["turn"] for event in events_of(trainer, "checkpoint")] == [3, 12, 15]
        assert not list(folder.glob(".*"))
        (newest,) = (path for path in folder.glob("step-*") if path.name == max(names(trainer)))
        assert same(load_checkpoint(newest), load_checkpoint(whole.writer.folder.checkpoints / newest.name))


def test_a_checkpoint_does_not_make_the_run_s_folder_again(tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    shutil.rmtree(kept.folder.parent)
    kept.keep_best(1, weights(1))
    assert kept.write(1, {"position": {}}) is None
    assert not kept.folder.exists()
