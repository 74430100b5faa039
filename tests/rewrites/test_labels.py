"""The names of a run's classes, from whichever of its files has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cilda.rewrites.labels import label_names
from cilda.runs.layout import RunFolder
from tests.rewrites.made_rewrites import made_run


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_finished_student_s_config_names_the_classes(tmp_path: Path) -> None:
    assert label_names(made_run(tmp_path, 1, labels=("no", "maybe", "yes"))) == ("no", "maybe", "yes")


def test_what_the_run_itself_says_comes_first_then_the_task_that_the_student_was_made_for(tmp_path: Path) -> None:
    folder = made_run(tmp_path, 1)
    write(folder.student / "cilda.json", {"task": {"labels": ["bad", "good"]}})
    assert label_names(folder) == ("bad", "good")
    write(folder.state_json, {"labels": ["not", "entailed"]})
    assert label_names(folder) == ("not", "entailed")


@pytest.mark.parametrize(
    "names",
    [{}, {"0": "LABEL_0", "1": "LABEL_1"}, {"0": "a", "2": "b"}, {"0": "a", "1": 5}, {"0": ""}, ["a"], "a", None],
)
def test_names_that_are_none_are_no_names(tmp_path: Path, names: object) -> None:
    folder = RunFolder(tmp_path / "run")
    write(folder.student / "config.json", {"id2label": names})
    write(folder.state_json, {"labels": {"0": "a"}})
    assert label_names(folder) == ()


def test_without_any_file_nobody_knows_them(tmp_path: Path) -> None:
    assert label_names(RunFolder(tmp_path / "run")) == ()
