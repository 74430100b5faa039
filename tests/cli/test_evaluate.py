"""`cilda eval`: the same numbers as transformers gives, shown and kept in several ways."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from cilda.distill.model_folder import save_model
from cilda.distill.models import load_classifier
from cilda.tasks import TASKS
from tests.cli.conftest import LABELS, Cilda, Desk, Shown, reviews, write_csv
from tests.test_hub_server import write_rows
from tests.tiny_models import tiny_classifier

LATENCY = ("latency_p50_ms", "latency_p95_ms", "texts_per_second")


def what_transformers_says(folder: Path, texts: list[str]) -> list[str]:
    """The label of each text by `from_pretrained` alone, each text by itself."""
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        logits = [model(**tokenizer(text, return_tensors="pt")).logits[0] for text in texts]
    return [str(model.config.id2label[int(one.argmax())]) for one in logits]


def test_a_student_that_has_learned_predicts_the_same_in_transformers(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    longer = ["--method", "finetune", "--max-turns", 60, "--learning-rate", 0.01, "--set", "evaluate_every=30"]
    assert cilda("distill", *desk.quick(tmp_path), *longer, "--name", "learned").code == 0
    run = tmp_path / "learned"
    texts, gold = zip(*reviews(40, 1), strict=True)
    shown = cilda("eval", run, "--file", desk.folder / "held.csv", "--predictions", tmp_path / "said.tsv")
    assert shown.code == 0, shown.err
    header, *lines = (tmp_path / "said.tsv").read_text(encoding="utf-8").splitlines()
    assert header == "id\tprediction"
    expected = what_transformers_says(run / "student", list(map(str, texts)))
    assert lines == [f"held:{row}\t{label}" for row, label in enumerate(expected)]
    assert sum(said == label for said, label in zip(expected, gold, strict=True)) >= 36
    again = cilda("eval", run, "--file", desk.folder / "held.csv", "--predictions", tmp_path / "said.tsv")
    assert (again.code, again.what) == (1, f"{tmp_path}/said.tsv exists already")


def test_json_holds_every_number_of_student_and_teacher(cilda: Cilda, desk: Desk, finished: tuple[Path, Shown]) -> None:
    run, _ = finished
    shown = cilda("eval", run, "--file", desk.folder / "held.csv", "--json")
    answer = json.loads(shown.out)
    assert (answer["task"], answer["labels"]) == ("rows", list(LABELS))
    assert answer["models"] == {"student": f"{run}/student", "teacher": str(desk.teacher)}
    scores = {who: by["held.csv"] for who, by in answer["results"].items()}
    recorded = json.loads((run / "student" / "cilda.json").read_text(encoding="utf-8"))["scores"]["validation"]
    assert scores["student"]["scores"] == pytest.approx(recorded)
    assert scores["student"]["parameters"] < scores["teacher"]["parameters"]
    assert scores["student"]["weight_bytes"] == 4 * scores["student"]["parameters"]
    table = np.asarray(scores["student"]["confusion"])
    assert table.sum(axis=1).tolist() == [20, 20]
    assert table.trace() / table.sum() == pytest.approx(recorded["accuracy"])
    assert all(scores["student"][key] > 0 for key in LATENCY)


def test_the_table_shows_student_beside_teacher_and_a_confusion(
    cilda: Cilda, desk: Desk, finished: tuple[Path, Shown]
) -> None:
    run, _ = finished
    out = cilda("eval", run, "--file", desk.folder / "held.csv").out
    title, columns, accuracy, f1, calibration, same, parameters, *rest = out.splitlines()
    assert title == f"rows held.csv: 40 rows, {desk.folder}/held.csv"
    assert columns.split() == ["student", "teacher"]
    assert (accuracy.split()[0], f1.split()[0], parameters.split()[0]) == ("accuracy", "macro_f1", "parameters")
    assert calibration.startswith("calibration error") and same.startswith("says the same")
    below, header, bad, good, _ = rest[-5:]
    assert below == "student: rows are gold, columns what it says"
    assert (header.split(), bad.split()[0], good.split()[0]) == (["bad", "good"], "bad", "good")
    assert all(len(line) < 80 for line in out.splitlines()[1:])


def test_a_run_is_meant_by_name_by_its_beginning_as_a_folder_or_as_the_latest(
    cilda: Cilda, desk: Desk, finished: tuple[Path, Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = finished
    rows = ["--file", desk.folder / "held.csv", "--json"]
    in_runs = [*rows, "--runs-dir", run.parent]
    for reference in (["one"], ["on"], [run], [run / "student"]):
        shown = cilda("eval", *reference, *in_runs)
        assert json.loads(shown.out)["models"]["student"] == f"{run}/student", shown.err
    latest = cilda("eval", *in_runs)
    assert latest.err.startswith("latest run: one\n")
    assert json.loads(latest.out)["models"]["student"] == f"{run}/student"
    monkeypatch.setenv("CILDA_RUNS_DIR", str(run.parent))
    assert cilda("eval", "one", *rows).code == 0
    monkeypatch.chdir(run)
    assert cilda("eval", "student", *rows).code == 0


def test_the_user_s_own_settings_count_for_eval_too(
    cilda: Cilda, desk: Desk, finished: tuple[Path, Shown], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("CILDA_TEXT", "for another file")
    (tmp_path / "cilda").mkdir()
    (tmp_path / "cilda" / "config.toml").write_text(f'runs_dir = "{finished[0].parent}"\n', encoding="utf-8")
    assert cilda("eval", "one", "--file", desk.folder / "held.csv").code == 0


def test_what_is_no_run_and_no_model(cilda: Cilda, desk: Desk, finished: tuple[Path, Shown], tmp_path: Path) -> None:
    runs = finished[0].parent
    for reference, what, code in (
        ("two", "no run named 'two'", 3),
        ("", "no run named ''", 3),
        (desk.folder, f"no run named '{desk.folder}'", 3),
        (desk.base, f"{desk.base} has no trained head: there is nothing to score", 1),
    ):
        task = ["--task", "demo"] if reference == desk.base else []
        shown = cilda("eval", reference, *task, "--runs-dir", runs)
        assert (shown.code, shown.out) == (code, ""), shown.err
        assert what in shown.what
    assert "cilda finetune --teacher" in shown.todo
    shown = cilda("eval", "--runs-dir", tmp_path)
    assert (shown.code, shown.what) == (3, f"no runs in {tmp_path}")


def test_a_run_that_failed_says_why_it_has_no_student(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    assert cilda("distill", *desk.quick(tmp_path), "--name", "failed", "--max-length", "129").code == 1
    shown = cilda("eval", "--runs-dir", tmp_path)
    assert shown.code == 4
    assert shown.what.startswith("run failed left no student: a maximum length of 129 tokens is more than")


def test_a_model_that_says_nothing_of_its_task_needs_one(cilda: Cilda, desk: Desk) -> None:
    shown = cilda("eval", desk.teacher)
    assert (shown.code, shown.todo) == (2, "name a task with --task")
    shown = cilda("eval", desk.teacher, "--task", "sts2")
    assert (shown.code, shown.what) == (2, "no task named 'sts2'")
    shown = cilda("eval", desk.teacher, "--task", "demo", "--split", "tests")
    assert (shown.code, shown.what) == (2, "no split of demo named 'tests'")
    shown = cilda("eval", desk.teacher, "--task", "demo", "--max-length", "2")
    assert (shown.code, shown.what[:15]) == (2, "max_length is 2")
    shown = cilda("eval", desk.teacher, "--task", "demo", "--text", "text")
    assert (shown.code, shown.what) == (2, "columns are named without --file")


def test_rows_of_a_file_are_checked_before_the_model_is_loaded(
    cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    run, _ = finished
    strange = write_csv(tmp_path / "strange.csv", ["text", "label"], [["a film", "good"], ["a plot", "goood"]])
    shown = cilda("eval", run, "--file", strange)
    assert shown.what == f"{strange}, line 3, column 'label': no label named 'goood'"
    assert shown.todo.startswith("did you mean good?")
    shown = cilda("eval", run, "--split", "tests")
    assert (shown.code, shown.what) == (2, "no split of rows named 'tests'")
    shown = cilda("eval", run, "--file", strange, "--split", "train")
    assert (shown.code, shown.what) == (2, f"--split train and --file {strange} are both given")


def test_rows_without_labels_are_predicted_and_not_scored(
    cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    bare = write_csv(tmp_path / "bare.csv", ["text"], [["a fine film"], ["a dull\tplot"]])
    shown = cilda("eval", finished[0], "--file", bare, "--predictions", tmp_path / "said.tsv", "--json")
    result = json.loads(shown.out)["results"]["student"]["bare.csv"]
    assert (result["scores"], result["confusion"]) == ({}, None)
    assert len((tmp_path / "said.tsv").read_text(encoding="utf-8").splitlines()) == 3
    assert cilda("eval", finished[0], "--file", bare).out.splitlines()[2].startswith("says the same")


def test_every_validation_split_of_a_task_and_labels_in_another_order(cilda: Cilda, tmp_path: Path) -> None:
    for split in ("validation_matched", "validation_mismatched"):
        columns: dict[str, list[object]] = {
            "premise": ["a film"] * 6,
            "hypothesis": ["it is a film"] * 6,
            "label": [0, 1, 2] * 2,
        }
        write_rows(tmp_path / "data" / "mnli" / f"{split}.parquet", columns)
    order = TASKS["mnli"].labels[::-1]
    model = tiny_classifier("bert", tmp_path / "model", labels=order, layers=1, width=16)
    shown = cilda("eval", model, "--task", "mnli", "--data-dir", tmp_path / "data", "--json", "--max-length", 16)
    assert shown.code == 0, shown.err
    assert "were brought into the task's order (entailment, neutral, contradiction)" in shown.err
    assert list(json.loads(shown.out)["results"]["model"]) == ["validation_matched", "validation_mismatched"]
    one = cilda(
        "eval", model, "--task", "mnli", "--data-dir", tmp_path / "data", "--json", "--split", "validation_mismatched"
    )
    assert list(json.loads(one.out)["results"]["model"]) == ["validation_mismatched"]


def test_a_teacher_that_is_gone_is_left_out_unless_it_was_asked_for(
    cilda: Cilda, desk: Desk, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    run, _ = finished
    copied = tmp_path / "student"
    shutil.copytree(run / "student", copied)
    record = json.loads((copied / "cilda.json").read_text(encoding="utf-8"))
    rows = ["--file", desk.folder / "held.csv", "--json"]
    for teacher, said in (("/gone", "its teacher is no longer at /gone"), ("a/b", "shown without its teacher: ")):
        (copied / "cilda.json").write_text(json.dumps(record | {"teacher": teacher}), encoding="utf-8")
        shown = cilda("eval", copied, *rows)
        assert said in shown.err
        assert len(json.loads(shown.out)["results"]) == 1
    assert cilda("eval", copied, *rows, "--teacher", "a/b").code == 1
    assert "teacher" in json.loads(cilda("eval", copied, *rows, "--teacher", desk.teacher).out)["results"]


def test_a_record_that_is_damaged_is_told(cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path) -> None:
    copied = tmp_path / "student"
    shutil.copytree(finished[0] / "student", copied)
    (copied / "cilda.json").write_text('{"task": {"name": "x"}}', encoding="utf-8")
    shown = cilda("eval", copied)
    assert (shown.code, shown.todo) == (1, "name one with --task")
    assert f"the task in {copied}/cilda.json cannot be read" in shown.what


def test_a_number_that_is_none_is_a_word_in_json(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    loaded = load_classifier(str(tiny_classifier("bert", tmp_path / "base", labels=(), layers=1, width=16)), (), seed=0)
    with torch.no_grad():
        for weight in loaded.model.parameters():
            weight.fill_(float("nan"))
    save_model(tmp_path / "broken", loaded.model, loaded.tokenizer, {})
    columns: dict[str, list[object]] = {
        "sentence1": ["a", "b"],
        "sentence2": ["c", "d"],
        "label": [1.0, 2.5],
        "idx": [0, 1],
    }
    write_rows(tmp_path / "data" / "stsb" / "validation.parquet", columns)
    shown = cilda("eval", tmp_path / "broken", "--task", "stsb", "--data-dir", tmp_path / "data", "--json")
    assert "Traceback" not in shown.err
    assert shown.code == 0, shown.err
    assert json.loads(shown.out)["results"]["model"]["validation"]["scores"] == {"pearson": "NaN", "spearman": "NaN"}
