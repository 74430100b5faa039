from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch._inductor.config as inductor
from safetensors.torch import load_file
from torch._inductor.utils import fresh_cache
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerFast

from cilda.cli.description import describe_run
from cilda.cli.main import main
from cilda.config import RunConfig
from cilda.distill.data import tokenize
from cilda.distill.encoder import Encoder
from cilda.distill.evaluate import evaluate, logits
from cilda.distill.outcome import Outcome
from cilda.distill.run_record import recorded
from cilda.distill.session import distil, make_teacher
from cilda.distill.task_data import load_task_data
from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.events import Event
from cilda.runs.layout import RunFolder, create
from cilda.runs.predictions import read_predictions
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from tests.tiny_models import tiny_classifier, tiny_masked_lm

LABELS = ("bad", "good")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of rows and tiny models: moods.csv, stars.csv, teacher, stars, base, generator, stranger."""
    folder = tmp_path_factory.mktemp("files")
    films, moods = ("film", "plot", "story", "cast"), {"good": "great fine superb warm", "bad": "dull slow poor weak"}
    rows = [
        (f"the {film} is {word} and {other}", mood, round(1 + 2.5 * (mood == "good") + 0.5 * (film == "cast"), 1))
        for mood, words in moods.items()
        for film in films
        for word in words.split()
        for other in ("very long", "short")
    ]
    for name, column in (("moods", 1), ("stars", 2)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("review", "label"), *((row[0], row[column]) for row in rows)])
    tiny_classifier("bert", folder / "teacher", labels=LABELS, layers=3, width=16)
    tiny_classifier("bert", folder / "stars", labels=1, layers=3, width=16)
    tiny_masked_lm("bert", folder / "base", layers=3, width=16, seed=1)
    tiny_masked_lm("bert", folder / "generator", layers=1, width=16, seed=2)
    tiny_classifier("roberta", folder / "stranger", labels=LABELS, layers=1, width=16)
    tiny_masked_lm("roberta", folder / "strange-generator", layers=1, width=16)
    return folder


def config_for(files: Path, **values: Any) -> RunConfig:
    """Settings of a run of five student turns on moods.csv."""
    return RunConfig.checked({
        "train_file": files / "moods.csv",
        "text": "review",
        "label": "label",
        "teacher": str(files / "teacher"),
        "student": "2L",
        "generator": str(files / "generator"),
        "generator_turns": 1,
        "student_turns": 2,
        "max_turns": 5,
        "batch_size": 16,
        "evaluate_every": 2,
        "record_every": 2,
        "max_length": 32,
        "learning_rate": 1e-3,
        "teacher_epochs": 2,
        "teacher_learning_rate": 1e-3,
        "precision": "float32",
        "device": "cpu",
        **values,
    })  # fmt: skip


def run(config: RunConfig, runs_dir: Path, name: str = "run") -> tuple[Outcome, RunFolder]:
    """A whole run in a new folder."""
    with RunWriter(create(runs_dir, name)) as writer:
        outcome = distil(config, load_task_data(config), writer)
    return outcome, writer.folder


def events(folder: RunFolder, *kinds: str) -> list[Event]:
    return list(read_events(folder.events, kinds or None))


def assert_student_is_what_the_run_says(config: RunConfig, outcome: Outcome, folder: RunFolder) -> None:
    """Nothing but transformers loads the student, and it scores what the run told."""
    data = load_task_data(config)
    model = AutoModelForSequenceClassification.from_pretrained(folder.student)
    tokenizer = AutoTokenizer.from_pretrained(folder.student)
    (split, rows), *_ = data.validation.items()
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    tokens = tokenize(rows, tokenizer, config.max_length, regression=data.task.regression)
    assert evaluate(Encoder(model), data.task, tokens).scores == pytest.approx(outcome.student[split], rel=1e-4)
    # As a user calls it, without anything of ours.
    encoded = tokenizer(*rows.texts, padding=True, truncation=True, max_length=config.max_length, return_tensors="pt")
    model.eval()
    with torch.no_grad():
        theirs = model(**encoded).logits.numpy()
    np.testing.assert_allclose(logits(Encoder(model), tokens, 4), theirs, rtol=1e-4, atol=1e-5)


def test_a_run_ends_with_a_student_that_transformers_loads(files: Path, tmp_path: Path) -> None:
    config = config_for(files)
    outcome, folder = run(config, tmp_path)
    assert_student_is_what_the_run_says(config, outcome, folder)
    student = AutoModelForSequenceClassification.from_pretrained(folder.student)
    assert student.config.id2label == {0: "bad", 1: "good"}
    assert student.config.num_hidden_layers == 2
    assert all(weight.dtype == torch.float32 for weight in student.parameters())
    assert outcome.turns == 5 and outcome.metric == "accuracy"
    assert outcome.student_parameters == student.num_parameters() < outcome.teacher_parameters
    card = (folder.student / "README.md").read_text(encoding="utf-8")
    assert "cilda" in card and "moods" in card and f"{outcome.student['validation']['accuracy']:.4f}" in card


def test_what_the_student_said_of_every_row_is_kept(files: Path, tmp_path: Path) -> None:
    config = config_for(files)
    outcome, folder = run(config, tmp_path)
    rows = load_task_data(config).validation["validation"]
    kept = read_predictions(folder, "validation")
    assert kept is not None and kept.ids == tuple(rows.ids) and rows.labels is not None
    assert kept.gold == tuple(map(float, rows.labels))
    right = [gold == said for gold, said in zip(kept.gold, kept.said, strict=True)]
    assert sum(right) / len(right) == pytest.approx(outcome.student["validation"]["accuracy"])


def test_a_run_tells_what_happened(files: Path, tmp_path: Path) -> None:
    outcome, folder = run(config_for(files), tmp_path)
    kinds = [event["kind"] for event in events(folder)]
    assert kinds[0] == "started" and kinds[-1] == "finished"
    assert {"teacher", "layer_map", "stage", "metrics", "evaluation", "checkpoint"} <= set(kinds)
    (layer_map,) = events(folder, "layer_map")
    assert layer_map["layers"] == [[1, 1], [2, 3]]
    assert [event["turn"] for event in events(folder, "evaluation")] == [2, 4, 5]
    best = max(events(folder, "evaluation"), key=lambda event: event["scores"]["accuracy"])
    assert best["scores"] == outcome.student["validation"] and best["turn"] == outcome.best_turn
    (finished,) = events(folder, "finished")
    assert finished["student"] == outcome.student
    assert read_json(folder.state_json)["status"] == "finished"
    assert list(read_events(folder.augmentations))
    assert not list(folder.checkpoints.glob("best-*"))


def test_a_run_learns_an_amount(files: Path, tmp_path: Path) -> None:
    config = config_for(files, train_file=files / "stars.csv", teacher=str(files / "stars"), method="cilda_minild")
    outcome, folder = run(config, tmp_path)
    assert_student_is_what_the_run_says(config, outcome, folder)
    student = AutoModelForSequenceClassification.from_pretrained(folder.student)
    assert (student.config.num_labels, student.config.problem_type) == (1, "regression")
    assert outcome.metric in {"pearson", "spearman"}


def test_a_base_is_fine_tuned_once_and_taken_from_the_cache_the_next_time(files: Path, tmp_path: Path) -> None:
    config = config_for(files, teacher=str(files / "base"), cache_dir=tmp_path / "cache", method="mate_kd")
    first, folder = run(config, tmp_path, "first")
    stages = [event["stage"] for event in events(folder, "stage")]
    assert stages == ["teacher", "student"]
    (kept,) = (tmp_path / "cache" / "teachers").iterdir()
    assert AutoModelForSequenceClassification.from_pretrained(kept).config.id2label == {0: "bad", 1: "good"}
    second, again = run(config, tmp_path, "second")
    assert [event["stage"] for event in events(again, "stage")] == ["student"]
    assert any(str(kept) in event["what"] for event in events(again, "alert"))
    assert first.teacher == second.teacher and first.student == second.student
    # The teacher's stage uses up random numbers; the student's does not know of them.
    weights = [load_file(folder.student / "model.safetensors") for folder in (folder, again)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    run(config.model_copy(update={"teacher_learning_rate": 2e-3, "max_turns": 1}), tmp_path, "third")
    assert len(list((tmp_path / "cache" / "teachers").iterdir())) == 2


def test_the_teacher_alone(files: Path, tmp_path: Path) -> None:
    config = config_for(files, teacher=str(files / "base"), cache_dir=tmp_path / "cache", generator=None)
    with RunWriter(create(tmp_path, "run")) as writer:
        teacher = make_teacher(config, load_task_data(config), writer)
    (finished,) = events(writer.folder, "finished")
    assert finished["teacher"] == teacher.scores
    assert AutoModelForSequenceClassification.from_pretrained(finished["folder"]).config.num_labels == 2


def test_without_a_generator_named_the_teacher_s_base_rewrites(files: Path, tmp_path: Path) -> None:
    config = config_for(files, teacher=str(files / "base"), cache_dir=tmp_path / "cache", generator=None, max_turns=1)
    _, folder = run(config, tmp_path)
    assert any(event["what"].startswith(f"generator: {files / 'base'}") for event in events(folder, "alert"))


def refused(config: RunConfig, runs_dir: Path, what: str) -> tuple[CildaError, RunFolder]:
    """The error of a run that must not start, which its files tell too."""
    with RunWriter(create(runs_dir, "run")) as writer, pytest.raises(CildaError, match=what) as caught:
        distil(config, load_task_data(config), writer)
    (failed,) = events(writer.folder, "failed")
    assert failed["what"] == caught.value.what and failed["todo"] == caught.value.todo
    state = read_json(writer.folder.state_json)
    assert (state["status"], state["error"]) == ("failed", caught.value.what)
    assert not writer.folder.student.exists()
    return caught.value, writer.folder


def test_a_teacher_with_the_labels_in_another_order_is_refused_unless_told(files: Path, tmp_path: Path) -> None:
    turned = str(tiny_classifier("bert", tmp_path / "turned", labels=LABELS[::-1], layers=3, width=16))
    error, _ = refused(config_for(files, teacher=turned), tmp_path, "good, bad, the task bad, good")
    assert "reorder_teacher_labels=true" in error.todo
    config = config_for(files, teacher=turned, reorder_teacher_labels=True, method="kd", max_turns=1)
    outcome, folder = run(config, tmp_path, "told")
    assert_student_is_what_the_run_says(config, outcome, folder)


def test_a_teacher_of_another_task_is_refused(files: Path, tmp_path: Path) -> None:
    refused(config_for(files, teacher=str(files / "stars")), tmp_path, "gives one amount")


@pytest.mark.parametrize(("who", "name"), [("student", "stranger"), ("generator", "strange-generator")])
def test_another_vocabulary_is_refused(files: Path, tmp_path: Path, who: str, name: str) -> None:
    error, folder = refused(config_for(files, **{who: str(files / name)}), tmp_path, "different vocabularies")
    assert name in error.what
    assert not events(folder, "stage")


def test_another_vocabulary_is_no_hindrance_to_finetune(files: Path, tmp_path: Path) -> None:
    config = config_for(files, student=str(files / "stranger"), method="finetune", max_turns=2)
    outcome, folder = run(config, tmp_path)
    assert_student_is_what_the_run_says(config, outcome, folder)


def test_texts_longer_than_a_model_takes_are_refused(files: Path, tmp_path: Path) -> None:
    refused(config_for(files, max_length=200), tmp_path, "200 tokens is more than the teacher .* takes: 128")


def test_a_run_with_an_existing_name_is_refused(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create(tmp_path, "taken")
    arguments = ["distill", "--train", str(files / "moods.csv"), "--text", "review", "--label", "label"]
    assert main([*arguments, "--runs-dir", str(tmp_path), "--name", "taken"]) == 1
    told = capsys.readouterr()
    assert "taken exists already" in told.err and "--name" in told.err
    assert told.out == ""


def test_what_ends_a_run_is_recorded(tmp_path: Path) -> None:
    for name, error, status in (
        ("stopped", KeyboardInterrupt(), "stopped"),
        ("broken", ZeroDivisionError("x"), "failed"),
    ):
        with RunWriter(create(tmp_path, name)) as writer, pytest.raises(type(error)), recorded(writer):
            raise error
        (told,) = events(writer.folder, status)
        assert read_json(writer.folder.state_json)["status"] == status
        assert ("traceback" in told) == (name == "broken")


def test_run_json_says_what_was_asked_for(files: Path) -> None:
    config = config_for(files, weights={"hard_label.real": 0.5})
    told = describe_run(config, {"weights": "--weight", "seed": "default"}, ["cilda", "distill"])
    assert told["origins"] == {"weights": "--weight"}
    assert told["config_hash"] == config.hash()
    assert {"key": "hard_label.real", "weight": 0.5, "per_log_batch": False} in told["terms"]["student"]
    assert told["argv"] == ["cilda", "distill"]
    assert RunConfig.model_validate(told["config"]) == config


def test_both_stages_take_batches_of_tokens(files: Path, tmp_path: Path) -> None:
    config = config_for(
        files,
        teacher=str(files / "base"),
        cache_dir=tmp_path / "cache",
        tokens_per_batch=96,
        method="kd",
        epochs=1,
        max_turns=None,
        evaluate_every=None,
    )
    outcome, folder = run(config, tmp_path)
    stages = events(folder, "stage")
    assert [(stage["stage"], stage["tokens_per_batch"]) for stage in stages] == [("teacher", 96), ("student", 96)]
    assert [stage["total_turns"] for stage in stages] == [
        stages[0]["batches_per_epoch"] * 2,
        stages[1]["batches_per_epoch"],
    ]
    assert outcome.turns == stages[1]["total_turns"]
    assert {event["turn"] for event in events(folder, "evaluation") if event["stage"] == "student"} == {outcome.turns}
    assert f"{outcome.turns:,} of at most 96 tokens" in (folder.student / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
def test_a_run_that_cannot_compile_says_so_and_goes_on(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inductor.cpp, "cxx", ("no-such-compiler",))
    config = config_for(files, method="kd", compile=True)
    with fresh_cache():
        outcome, folder = run(config, tmp_path)
    assert outcome.turns == 5
    said = [event["what"] for event in events(folder, "alert") if "compil" in event["what"]]
    assert said[0] == "compiling the models' layers" and len(said) == 2
    assert said[1].startswith("compiling failed, and the run goes on without: ")
    assert_student_is_what_the_run_says(config, outcome, folder)
