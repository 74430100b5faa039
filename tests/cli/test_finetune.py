"""`cilda finetune`: a teacher trained once, kept where distill finds it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification

from cilda.runs.store import read_events
from tests.cli.conftest import LABELS, Cilda, Desk, read_state


@pytest.fixture(name="quick")
def _quick(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options of a training of half an epoch, with a cache of its own."""
    monkeypatch.setenv("CILDA_CACHE_DIR", str(tmp_path / "cache"))
    return [
        *("--train", f"{desk.folder}/rows.csv", "--validation", f"{desk.folder}/held.csv"),
        *("--text", "text", "--label", "label", "--teacher", f"{desk.base}", "--epochs", "0.5", "--max-length", "16"),
        *("--batch-size", "16", "--learning-rate", "0.001", "--runs-dir", f"{tmp_path}/runs"),
    ]


def test_a_teacher_is_trained_once_and_its_folder_is_printed(cilda: Cilda, quick: list[str], tmp_path: Path) -> None:
    first = cilda("finetune", *quick, "--name", "first")
    assert first.code == 0, first.err
    (kept,) = (tmp_path / "cache" / "teachers").iterdir()
    assert first.out == f"{kept}\n"
    assert "teacher: 2 turns" in first.err
    assert AutoModelForSequenceClassification.from_pretrained(kept).config.id2label == dict(enumerate(LABELS))
    assert read_state(tmp_path / "runs" / "first")["status"] == "finished"

    second = cilda("finetune", *quick, "--name", "second", "--json")
    answer = json.loads(second.out)
    assert (answer["run"], answer["folder"]) == ("second", str(kept))
    assert set(answer["scores"]["validation"]) == {"accuracy", "macro_f1"}
    assert f"fine-tuned before, taken from {kept}" in second.err
    assert not list(read_events(tmp_path / "runs" / "second" / "events", {"stage"}))

    other = cilda("finetune", *quick, "--seed", 7)
    assert other.code == 0
    assert other.out != first.out


def test_distill_takes_the_teacher_that_finetune_made(
    cilda: Cilda, quick: list[str], desk: Desk, tmp_path: Path
) -> None:
    kept = cilda("finetune", *quick).out.strip()
    distilled = [option if option != "--epochs" else "--teacher-epochs" for option in quick]
    distilled = [option if option != "--learning-rate" else "--set" for option in distilled]
    distilled = [option if option != "0.001" else "teacher_learning_rate=0.001" for option in distilled]
    shown = cilda("distill", *distilled, "--student", "1L", "--max-turns", 1, "--generator", desk.base,
                  "--foreground")  # fmt: skip
    assert shown.code == 0, shown.err
    assert f"taken from {kept}" in shown.err


def test_the_model_can_be_saved_in_a_folder_of_one_s_own(
    cilda: Cilda, quick: list[str], desk: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    shown = cilda("finetune", *quick, "--out", out, "--name", "own")
    assert shown.out == f"{out}\n"
    assert not list(tmp_path.glob(".mine*"))
    again = cilda("finetune", *quick, "--out", out)
    assert (again.code, again.what) == (1, f"{out} exists already")
    # Its masked LM is known, so that a generator is found without being named.
    shown = cilda("distill", *quick[:8], "--teacher", out, *quick[12:14], "--student", "1L", "--max-turns", 1,
                  "--foreground", "--runs-dir", tmp_path / "runs")  # fmt: skip
    assert shown.code == 0, shown.err
    assert f"generator: {desk.base}, the teacher's own base model" in shown.err


def test_eval_scores_what_finetune_made(cilda: Cilda, quick: list[str], desk: Desk, tmp_path: Path) -> None:
    kept = cilda("finetune", *quick, "--name", "made").out.strip()
    shown = cilda("eval", "made", "--runs-dir", tmp_path / "runs", "--file", desk.folder / "held.csv", "--json")
    assert json.loads(shown.out)["models"] == {"model": kept}


def test_a_teacher_that_knows_the_task_is_not_trained(
    cilda: Cilda, quick: list[str], desk: Desk, tmp_path: Path
) -> None:
    shown = cilda("finetune", *quick, "--teacher", desk.teacher, "--name", "known")
    assert shown.out == f"{desk.teacher}\n"
    assert not list(read_events(tmp_path / "runs" / "known" / "events", {"stage"}))
