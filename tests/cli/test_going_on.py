"""Where a run would go on: told before its trainer is started, with what is damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from cilda.cli import going_on
from cilda.cli.going_on import place_of
from cilda.distill.checkpoint import save_checkpoint
from cilda.runs.atomic import write_json_atomic
from cilda.runs.layout import RunFolder, create
from tests.cli.conftest import Cilda, Desk

OLDER, NEWER = "step-student-00000003", "step-student-00000012"


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> RunFolder:
    """A run with two full checkpoints and their best student."""
    folder = create(tmp_path, "one")
    save_checkpoint(folder.checkpoints, "best-student-00000003", {"student": {"weight": torch.arange(3.0)}})
    for name in (OLDER, NEWER):
        save_checkpoint(
            folder.checkpoints, name, {"student": {"weight": torch.arange(9.0)}}, needs=["best-student-00000003"]
        )
    return folder


def damage(folder: RunFolder, name: str, *, cut: bool = False) -> None:
    path = folder.checkpoints / name / "student.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-1] if cut else data[:-1] + b"?")


def test_the_newest_whole_one_is_taken(run: RunFolder) -> None:
    assert place_of(run).name == NEWER
    damage(run, NEWER)
    place = place_of(run)
    assert (place.name, place.damaged_names) == (OLDER, (NEWER,))
    assert "student.safetensors is not as it was written" in place.damaged[0].what
    damage(run, OLDER, cut=True)
    assert place_of(run).name is None
    assert place_of(run).damaged_names == (NEWER, OLDER)


def test_one_whose_best_student_is_damaged_is_of_no_use(run: RunFolder) -> None:
    damage(run, "best-student-00000003")
    assert place_of(run).damaged_names == (NEWER, OLDER)


def test_what_would_take_too_long_is_compared_by_its_size(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(going_on, "LOOK_SECONDS", -1.0)
    damage(run, NEWER)
    assert place_of(run).name == NEWER
    damage(run, NEWER, cut=True)
    assert place_of(run).name == OLDER


def test_a_stage_that_is_over_does_not_count(run: RunFolder) -> None:
    (run.checkpoints / ".damaged-step-teacher-00000003").mkdir()
    write_json_atomic(run.state_json, {"stage": "student"})
    for name in (OLDER, NEWER):
        shutil.rmtree(run.checkpoints / name)
    assert place_of(run) == going_on.Place(None, (), (), ())
    write_json_atomic(run.state_json, {"stage": "teacher"})
    assert place_of(run).lost == (".damaged-step-teacher-00000003",)
    shutil.rmtree(run.checkpoints)
    assert place_of(run).name is None


def test_a_run_without_a_whole_checkpoint_is_not_begun_anew_unasked(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    quick = desk.quick(tmp_path)
    assert cilda("distill", *quick, "--name", "one").code == 0
    run = RunFolder(tmp_path / "one")
    run.student.rename(run.path / "before")
    write_json_atomic(run.state_json, {"status": "stopped", "attempt": 1, "stage": "student"})
    steps = sorted(path.name for path in run.checkpoints.glob("step-*"))
    for name in steps:
        damage(run, name)
    for _ in range(2):
        shown = cilda("resume", "one", "--runs-dir", tmp_path)
        assert (shown.code, shown.out) == (1, "")
        assert shown.what == f"none of one's checkpoints is whole: {', '.join(reversed(steps))}"
        assert f"cilda resume {run.path} --anew" in shown.todo
    shown = cilda("resume", "one", "--anew", "--foreground", "--runs-dir", tmp_path)
    assert shown.code == 0, shown.err
    assert "one: it begins anew" in shown.err
    assert len(list(run.checkpoints.glob(".given-up-*"))) == len(steps)
    assert (run.student / "config.json").is_file()
