"""A student that its teacher has no room for: refused in front of a run, by the teacher's config.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cilda.cli.student_fits import refuse_impossible_student
from cilda.config import RunConfig
from cilda.errors import UsageError
from tests.cli.conftest import Cilda, Desk

BERT = {"model_type": "bert", "num_hidden_layers": 6, "hidden_size": 96, "num_attention_heads": 12}
DISTILBERT = {"model_type": "distilbert", "n_layers": 6, "dim": 96, "n_heads": 12}
MODERNBERT = {**BERT, "model_type": "modernbert"}


def look(tmp_path: Path, student: str, content: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps(content))
    refuse_impossible_student(RunConfig.checked({"teacher": str(tmp_path), "student": student}))


@pytest.mark.parametrize(
    ("student", "content", "what"),
    [
        ("99L", BERT, "a student of 99 layers cannot be cut from a teacher of 6"),
        ("99L", DISTILBERT, "a student of 99 layers cannot be cut from a teacher of 6"),
        ("7L-96H", BERT, "a student of 7 layers"),
        ("7L-96H-12A", DISTILBERT, "a student of 7 layers"),
        ("2L-64H-5A", BERT, "5 attention heads do not divide a width of 64"),
        ("2L-63H", MODERNBERT, "ModernBERT needs heads of even width"),
        ("2L-24H-8A", MODERNBERT, "ModernBERT needs heads of even width"),
    ],
)
def test_a_student_that_no_teacher_has_room_for(student: str, content: object, what: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=what):
        look(tmp_path, student, content)


@pytest.mark.parametrize("content", [BERT, DISTILBERT, MODERNBERT])
@pytest.mark.parametrize("student", ["6L", "1L", "99L-64H", "7L-96H-6A", "2L-998244353998244354H", "bert-base"])
def test_one_that_can_be_is_let_pass(student: str, content: object, tmp_path: Path) -> None:
    look(tmp_path, student, content)


@pytest.mark.parametrize("content", [{}, [], {"num_hidden_layers": "6", "hidden_size": 96}, {"num_hidden_layers": 6}])
def test_of_a_teacher_that_does_not_tell_nothing_is_said(content: object, tmp_path: Path) -> None:
    look(tmp_path, "99L", content)


def test_a_name_that_everybody_knows_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UsageError, match="cannot be cut from a teacher of 12"):
        refuse_impossible_student(RunConfig.checked({"teacher": "bert-base", "student": "13L"}))
    for name in ("somebody/something", "./nowhere", "a b c"):
        refuse_impossible_student(RunConfig.checked({"teacher": name, "student": "99L"}))


@pytest.mark.parametrize("more", [["--detach"], ["--dry-run"]])
def test_no_run_is_made_for_it(more: list[str], cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    given = [one for one in desk.quick(tmp_path / "runs") if one != "--foreground"]
    shown = cilda("distill", *given, "--student", "99L", *more)
    assert (shown.code, shown.out) == (2, "")
    assert shown.what == "a student of 99 layers cannot be cut from a teacher of 2"
    assert not (tmp_path / "runs").exists()
