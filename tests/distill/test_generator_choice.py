from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cilda import families
from cilda.distill.generator_choice import default_generator
from cilda.distill.loading import load_classifier
from cilda.errors import CildaError
from tests.tiny_models import tiny_classifier, tiny_masked_lm

LABELS = ("negative", "positive")


def small_generator(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    """Make a name BERT's small generator."""
    monkeypatch.setitem(families.FAMILIES, "bert", replace(families.FAMILIES["bert"], small_generator=name))


def test_the_familys_small_masked_lm_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small_generator(monkeypatch, str(tiny_masked_lm("bert", tmp_path / "small", layers=2)))
    teacher = load_classifier(str(tiny_masked_lm("bert", tmp_path / "teacher")), LABELS, seed=1)
    chosen = default_generator(teacher)
    assert chosen.loaded.source == str(tmp_path / "small")
    assert chosen.reason.endswith("the small masked LM of the teacher's family")


def test_without_it_the_teachers_own_head_rewrites(tmp_path: Path) -> None:
    teacher = load_classifier(str(tiny_masked_lm("bert", tmp_path)), LABELS, seed=1)
    chosen = default_generator(teacher)
    assert chosen.loaded.source == str(tmp_path)
    assert "the teacher's own base model with its masked-LM head" in chosen.reason
    assert "google/bert_uncased_L-4_H-256_A-4 is not in its cache" in chosen.reason


def test_a_small_one_of_another_vocabulary_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small_generator(monkeypatch, str(tiny_masked_lm("roberta", tmp_path / "small")))
    teacher = load_classifier(str(tiny_masked_lm("bert", tmp_path / "teacher")), LABELS, seed=1)
    chosen = default_generator(teacher)
    assert chosen.loaded.source == str(tmp_path / "teacher")
    assert "have different vocabularies" in chosen.reason


def test_what_a_teacher_was_fine_tuned_from_can_rewrite(tmp_path: Path) -> None:
    origin = str(tiny_masked_lm("deberta-v2", tmp_path / "origin"))
    teacher = load_classifier(str(tiny_classifier("deberta-v2", tmp_path / "teacher")), LABELS, seed=1)
    assert default_generator(teacher, origins=[origin]).loaded.source == origin


def test_when_there_is_none_the_user_is_told_to_name_one(tmp_path: Path) -> None:
    teacher = load_classifier(str(tiny_classifier("deberta-v2", tmp_path)), LABELS, seed=1)
    with pytest.raises(CildaError, match=r"no generator is known .* no trained masked-LM head") as caught:
        default_generator(teacher)
    assert "--generator" in caught.value.todo
