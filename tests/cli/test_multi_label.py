"""A run on rows of several labels, from its file to its scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification

from tests.cli.conftest import Cilda, Desk, write_csv


@pytest.fixture(name="mails", scope="module")
def _mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tags = ("good", "good;long", "", "bad;long")
    rows: list[list[object]] = [
        [f"the film is {('fine', 'superb', 'dull', 'poor')[row % 4]} {row}", tags[row % 4]] for row in range(48)
    ]
    return write_csv(tmp_path_factory.mktemp("mails") / "mails.csv", ["text", "tags"], rows)


@pytest.mark.parametrize("method", ["finetune", "cilda_minild", "codir", "annealing_kd"])
def test_rows_of_several_labels_are_learned_and_scored(
    method: str, cilda: Cilda, desk: Desk, mails: Path, tmp_path: Path
) -> None:
    options = [
        "--train", mails, "--text", "text", "--label", "tags", "--set", "multi_label=true", "--teacher", desk.base,
        "--generator", desk.base, "--student", "1L", "--max-length", "16", "--batch-size", "16", "--max-turns", "4",
        "--teacher-epochs", "1", "--set", f"cache_dir={tmp_path / 'cache'}", "--set", "evaluate_every=2",
        "--set", "student_turns=2", "--set", "generator_turns=1", "--runs-dir", tmp_path, "--name", "run",
    ]  # fmt: skip
    shown = cilda("distill", *options, "--method", method, "--foreground", "--json")
    assert shown.code == 0, shown.err
    outcome = json.loads(shown.out)
    assert set(outcome["student"]["validation"]) == {"micro_f1", "label_f1", "exact_match"}
    student = tmp_path / "run" / "student"
    config = AutoModelForSequenceClassification.from_pretrained(student).config
    assert config.problem_type == "multi_label_classification" and config.id2label == {0: "bad", 1: "good", 2: "long"}
    kept = (tmp_path / "run" / "predictions" / "validation.tsv").read_text(encoding="utf-8").splitlines()
    assert kept[0] == "id\tgold\tprediction" and {line.split("\t")[1] for line in kept[1:]} <= {"1", "1 2", "", "0 2"}
    assert not list((tmp_path / "run" / "augmentations").iterdir())

    again = cilda("eval", tmp_path / "run", "--predictions", tmp_path / "said.tsv", "--json")
    assert again.code == 0, again.err
    told = json.loads(again.out)
    assert told["results"]["student"]["validation"]["scores"] == pytest.approx(outcome["student"]["validation"])
    assert told["results"]["student"]["validation"]["calibration_error"] is None
    assert "micro_f1" in cilda("eval", student, "--file", mails).out
    said = (tmp_path / "said.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert all(set(line.split("\t")[1].split(";")) <= {"", "bad", "good", "long"} for line in said)
