"""What the disk refuses, and numbers that are none: said in words, and nothing half-written stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError, serialize_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.cli.conftest import Cilda, Desk
from tests.cli.refusals import refused, refused_in_the_run


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir(mode=0o500)
    refused(cilda("distill", *desk.quick(tmp_path / "runs")), 1, "no permission to write", "--runs-dir")


def full_for(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the disk has no room for weights under this name."""

    def full(tensors: Any, path: Any, metadata: Any = None) -> None:
        if Path(path).parent.name.startswith(f".{written}"):
            # What safetensors says on a file system without space.
            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
        serialize_file(tensors, path, metadata)

    monkeypatch.setattr("safetensors.torch.serialize_file", full)


@pytest.mark.parametrize("written", ["best-student", "step-"])
def test_a_disk_without_room_for_checkpoints_is_told_and_the_run_goes_on(
    written: str, cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_for(written, monkeypatch)
    shown = cilda("distill", *desk.quick(tmp_path), "--name", "full")
    assert shown.code == 0, shown.err
    assert f"warning: a checkpoint could not be written: no space left for {tmp_path}/full/checkpoints/" in shown.err
    assert (tmp_path / "full" / "student" / "model.safetensors").exists()


def test_a_disk_without_room_for_the_student_fails_the_run(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_for("student", monkeypatch)
    shown = cilda("distill", *desk.quick(tmp_path), "--name", "full")
    refused_in_the_run(
        shown, f"no space left for {tmp_path}/full/", "free some space, or write elsewhere", tmp_path / "full"
    )


def test_a_disk_that_is_full_from_the_beginning_is_left_as_it_was(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    shown = cilda("distill", *desk.quick(tmp_path), "--name", "full")
    refused(shown, 1, f"no space left for {tmp_path}/full/run.json", "free some space")
    assert not (tmp_path / "full").exists()


def test_a_cache_that_cannot_be_written_is_told_before_the_training(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").touch()
    monkeypatch.setenv("CILDA_CACHE_DIR", str(tmp_path / "cache"))
    shown = cilda("distill", *desk.quick(tmp_path), "--teacher", desk.base, "--name", "uncached")
    told = refused_in_the_run(shown, f"{tmp_path}/cache/teachers/base-rows-", "CILDA_CACHE_DIR", tmp_path / "uncached")
    assert "stage" not in {event["kind"] for event in told}


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_batch(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    teacher = AutoModelForSequenceClassification.from_pretrained(desk.teacher)
    teacher.classifier.bias.data.fill_(float("inf"))
    teacher.save_pretrained(tmp_path / "teacher")
    AutoTokenizer.from_pretrained(desk.teacher).save_pretrained(tmp_path / "teacher")
    shown = cilda("distill", *desk.quick(tmp_path), "--teacher", tmp_path / "teacher", "--name", "wild")
    what = "logit_kl.soft is nan in generator turn 1: the run stopped there"
    refused_in_the_run(shown, what, "its batch is kept in", tmp_path / "wild")
    assert list((tmp_path / "wild").glob("not-finite-*.json"))
