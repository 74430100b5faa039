"""`cilda distill` from its options to the student's folder."""

from __future__ import annotations

import json
import os
import signal
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from cilda.config import RunConfig
from cilda.methods import METHODS
from cilda.rewrites.labels import label_names
from cilda.runs.layout import RunFolder
from cilda.runs.store import open_run, read_events
from tests.cli.conftest import BLAME, LABELS, PRAISE, Cilda, Desk, Shown, read_state, write_csv
from tests.tiny_models import tiny_classifier


def events(run: Path, *kinds: str) -> list[dict[str, Any]]:
    """The events of a run, of these kinds or of all."""
    return list(read_events(run / "events", kinds or None))


def test_stdout_is_the_student_s_folder_and_stderr_tells_the_rest(finished: tuple[Path, Shown]) -> None:
    run, shown = finished
    assert shown.out == f"{run}/student\n"
    assert shown.err.startswith(f"run one in {run.parent}\n")
    for said in (
        "teacher",
        "accuracy",
        "student: layer 1 of the teacher's 2",
        "student: 4 turns",
        "finished, worked for",
    ):
        assert said in shown.err
    header, accuracy, f1, parameters = [line.split() for line in shown.err.splitlines()[-4:]]
    assert header == ["split", "metric", "teacher", "student"]
    assert (accuracy[:2], f1[:2], parameters[0]) == (
        ["validation", "accuracy"],
        ["validation", "macro_f1"],
        "parameters",
    )


def test_a_finished_run_keeps_what_was_asked_what_happened_and_the_student(finished: tuple[Path, Shown]) -> None:
    run, _ = finished
    record = open_run(RunFolder(run))
    assert record.run["config"]["student"] == "1L"
    assert record.run["origins"]["student"] == "--student"
    assert record.run["terms"]["generator"][0] == {"key": "logit_kl.soft", "weight": 0.5, "per_log_batch": False}
    assert record.state["status"] == "finished"
    kinds = [event["kind"] for event in events(run)]
    assert (kinds[0], kinds[-1]) == ("started", "finished")
    assert kinds.count("evaluation") == kinds.count("checkpoint") == 2
    assert {"teacher", "layer_map", "stage", "metrics"} <= set(kinds)
    (done,) = events(run, "finished")
    assert (done["turns"], set(done["student"])) == (4, {"validation"})
    rewrites = [(one["player"], one["why"]) for one in read_events(run / "augmentations")]
    assert rewrites.count(("student", "sample")) == 3 * 4, "of turns 1, 2 and 4"
    assert rewrites.count(("generator", "sample")) == 2 * 4, "of turns 1 and 2"
    assert label_names(RunFolder(run)) == LABELS
    files = {path.name for path in (run / "student").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md", "cilda.json"} <= files
    assert not list(run.rglob(".*")), "unfinished files are left"
    assert not list((run / "checkpoints").glob("best-*")), "the student lies there twice"


def test_the_student_loads_with_transformers_and_names_the_labels(finished: tuple[Path, Shown]) -> None:
    run, _ = finished
    model = AutoModelForSequenceClassification.from_pretrained(run / "student")
    assert model.config.id2label == dict(enumerate(LABELS))
    assert model.config.num_hidden_layers == 1
    assert AutoTokenizer.from_pretrained(run / "student")("the film is fine")["input_ids"]
    assert all(weight.requires_grad for weight in model.parameters())


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_runs(method: str, cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    shown = cilda("distill", *desk.quick(tmp_path), "--method", method, "--name", method, "--json")
    assert shown.code == 0, shown.err
    outcome = json.loads(shown.out)
    assert (outcome["run"], outcome["turns"]) == (method, 4)
    assert outcome["student_folder"] == f"{tmp_path}/{method}/student"
    assert set(outcome["student"]["validation"]) == set(outcome["teacher"]["validation"]) == {"accuracy", "macro_f1"}
    assert outcome["student_parameters"] < outcome["teacher_parameters"]
    learned = {
        (event["player"], key)
        for event in events(tmp_path / method, "metrics")
        for key in event["values"]
        if key.count(".") == 1 and not key.startswith(("agreement", "seconds", "gradient", "critic"))
    }
    expected = {(player, term.key) for player in ("generator", "student") for term in METHODS[method].terms(player)}
    assert learned == expected


def test_amounts_and_pairs_of_texts(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [f"the film is {word}", f"it is {other}", (row % 5) / 4]
        for row, (word, other) in enumerate(product((*PRAISE, *BLAME), repeat=2))
    ]
    table = write_csv(tmp_path / "pairs.csv", ["one", "two", "alike"], rows)
    teacher = tiny_classifier("bert", tmp_path / "teacher", labels=(), layers=2, width=16)
    own = ["--train", table, "--text", "one", "--text-pair", "two", "--label", "alike", "--teacher", teacher]
    shown = cilda(
        "distill", *own, "--generator", desk.base, "--student", "1L", "--max-length", 24, "--batch-size", 8,
        "--max-turns", 2, "--runs-dir", tmp_path, "--name", "pairs", "--foreground",
    )  # fmt: skip
    assert shown.code == 0, shown.err
    assert "pearson" in shown.err
    assert "held out with seed 42 as no validation file was given" in shown.err
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "pairs" / "student")
    assert (model.config.problem_type, model.config.num_labels) == ("regression", 1)


def test_a_teacher_without_a_head_is_fine_tuned_once(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CILDA_CACHE_DIR", str(tmp_path / "cache"))
    quick = [*desk.quick(tmp_path), "--teacher", str(desk.base), "--teacher-epochs", "1"]
    first = cilda("distill", *quick, "--name", "first")
    assert first.code == 0, first.err
    assert "has no head for rows: fine-tuning it first" in first.err
    assert [event["stage"] for event in events(tmp_path / "first", "stage")] == ["teacher", "student"]
    (kept,) = (tmp_path / "cache" / "teachers").iterdir()

    second = cilda("distill", *quick, "--name", "second")
    assert f"taken from {kept}" in second.err
    assert [event["stage"] for event in events(tmp_path / "second", "stage")] == ["student"]
    weights = [(tmp_path / name / "student" / "model.safetensors").read_bytes() for name in ("first", "second")]
    assert weights[0] == weights[1]


def test_the_same_seed_gives_the_same_student_and_another_seed_another(
    cilda: Cilda, desk: Desk, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    for name, seed in (("same", 3), ("other", 4)):
        assert cilda("distill", *desk.quick(tmp_path), "--seed", seed, "--name", name).code == 0
    one, same, other = (
        (run / "student" / "model.safetensors").read_bytes()
        for run in (finished[0], tmp_path / "same", tmp_path / "other")
    )
    assert one == same
    assert one != other


def test_fewer_rows_fewer_turns_other_weights(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    shown = cilda(
        "distill", *desk.quick(tmp_path), "--name", "less", "--method", "kd", "--limit", 16, "--max-turns", 2,
        "--weight", "logit_kl.real=0.25", "--json",
    )  # fmt: skip
    assert json.loads(shown.out)["turns"] == 2
    assert "train: 16 rows" in shown.err
    terms = open_run(RunFolder(tmp_path / "less")).run["terms"]["student"]
    assert [(term["key"], term["weight"]) for term in terms] == [("hard_label.real", 0.5), ("logit_kl.real", 0.25)]


def test_a_dry_run_prints_settings_that_config_reads_back(cilda: Cilda, tmp_path: Path) -> None:
    given = ["--task", "rte", "--student", "3L", "--epochs", "2.5", "--set", "pooling=mean", "--name", "try"]
    given += ["--weight", "generator.logit_kl.soft=0.25", "--data-dir", "dä\nta", "--seed", "7"]
    shown = cilda("distill", "--dry-run", *given)
    assert (shown.code, shown.err) == (0, "")
    (tmp_path / "run.toml").write_text(shown.out, encoding="utf-8")
    again = cilda("distill", "--dry-run", "--config", tmp_path / "run.toml")
    assert RunConfig.checked(tomllib.loads(again.out)) == RunConfig.checked(tomllib.loads(shown.out))
    lines = shown.out.splitlines()
    assert any(line.startswith('task = "rte"  # --task; ') for line in lines)
    assert any(line.startswith('pooling = "mean"  # --set; ') for line in lines)
    assert any(line.startswith("batch_size = 32  # default; ") for line in lines)
    assert any(line.startswith(f'task = "rte"  # {tmp_path}') for line in again.out.splitlines())
    assert lines[-1] == "# student descends 0.3333 * logit_kl.soft"
    assert not list(tmp_path.glob("runs"))


def test_the_demo_s_settings_can_be_looked_at(cilda: Cilda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CILDA_TASK", "rte")
    shown = cilda("distill", "--demo", "--dry-run", "--epochs", "3")
    settings = tomllib.loads(shown.out)
    assert (settings["task"], settings["epochs"], settings["student"]) == ("demo", 3.0, "2L-64H")


def test_flag_over_environment_over_config_over_own_file_over_default(
    cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settled(*flags: str) -> tuple[int, str]:
        out = cilda("distill", "--dry-run", *flags).out
        (line,) = [line for line in out.splitlines() if line.startswith("batch_size")]
        return tomllib.loads(out)["batch_size"], line.partition("# ")[2].partition(";")[0]

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settled() == (32, "default")
    own = tmp_path / "cilda" / "config.toml"
    own.parent.mkdir()
    own.write_text("batch_size = 1\n", encoding="utf-8")
    assert settled() == (1, str(own))
    run = tmp_path / "run.toml"
    run.write_text("batch_size = 2\n", encoding="utf-8")
    assert settled("--config", str(run)) == (2, str(run))
    monkeypatch.setenv("CILDA_BATCH_SIZE", "3")
    assert settled("--config", str(run)) == (3, "environment")
    assert settled("--config", str(run), "--set", "batch_size=4") == (4, "--set")
    assert settled("--config", str(run), "--set", "batch_size=4", "--batch-size", "5") == (5, "--batch-size")


def test_weights_from_several_places_are_joined(cilda: Cilda, tmp_path: Path) -> None:
    run = tmp_path / "run.toml"
    run.write_text('[weights]\n"hard_label.real" = 0.1\nlogit_kl.real = 0.2\n', encoding="utf-8")
    shown = cilda("distill", "--dry-run", "--config", run, "--method", "kd", "--weight", "logit_kl.real=0.3")
    assert tomllib.loads(shown.out)["weights"] == {"hard_label.real": 0.1, "logit_kl.real": 0.3}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_says_so(
    number: signal.Signals, code: int, cilda: Cilda, desk: Desk, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write = os.write

    def write_then_stop(descriptor: int, data: bytes) -> int:
        written = write(descriptor, data)
        if b'"evaluation"' in data:
            monkeypatch.setattr(os, "write", write)
            signal.raise_signal(number)
        return written

    monkeypatch.setattr(os, "write", write_then_stop)
    # A shell starts background jobs with SIGINT ignored, and this test may be part of one.
    interrupts = signal.signal(signal.SIGINT, signal.default_int_handler)
    handler = signal.getsignal(signal.SIGTERM)
    shown = cilda("distill", *desk.quick(tmp_path), "--name", "short")
    assert (shown.code, shown.out) == (code, "")
    assert f"go on with: cilda resume {tmp_path}/short" in shown.err
    signal.signal(signal.SIGINT, interrupts)
    assert signal.getsignal(signal.SIGTERM) is handler
    assert read_state(tmp_path / "short")["status"] == "stopped"
    assert [event["kind"] for event in events(tmp_path / "short")][-1] == "stopped"
    assert not (tmp_path / "short" / "student").exists()


@pytest.mark.parametrize("method", ["kd", "codir", "cilda_minild"])
def test_texts_without_labels_are_learned_from_the_teacher_alone(
    method: str, cilda: Cilda, desk: Desk, tmp_path: Path
) -> None:
    more = tmp_path / "more.txt"
    more.write_text("\n".join(f"the film is number {number}" for number in range(40)), encoding="utf-8")
    shown = cilda(
        "distill", *desk.quick(tmp_path), "--method", method, "--name", "run", "--unlabeled", more,
        "--set", "labeled_rows=false",
    )  # fmt: skip
    assert shown.code == 0, shown.err
    assert "train: 40 rows" in shown.err and "without labels" in shown.err
    means = [event["values"]["hard_label.real"]["mean"] for event in events(tmp_path / "run", "metrics")
             if "hard_label.real" in event["values"]]  # fmt: skip
    assert means and set(means) == {0.0}
    for rewrite in read_events(tmp_path / "run" / "augmentations"):
        assert rewrite["label"] is None
