from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from cilda.distill.loading import Loaded, last_linear, load_classifier, quiet, state_hash
from cilda.distill.student import even_layers, fitting_heads, make_student
from cilda.distill.student_spec import Size, parse_size
from cilda.errors import CildaError, UsageError
from cilda.families import FAMILIES, SHORT_NAMES
from tests.tiny_models import TINY_FAMILIES, tiny_classifier, tiny_masked_lm

LABELS = ("negative", "positive")
# Six layers show where ModernBERT's global attention goes; a convolution is what DeBERTa v2 has and v3 has not.
SETTINGS: dict[str, dict[str, int]] = {"modernbert": {"layers": 6}, "deberta-v2": {"conv_kernel_size": 3}}

Teachers = Callable[..., Loaded]


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Teachers:
    """Tiny fine-tuned teachers, each made once: no test changes one."""

    @cache
    def teacher(family: str = "bert") -> Loaded:
        folder = tiny_classifier(family, tmp_path_factory.mktemp(family), labels=LABELS, **SETTINGS.get(family, {}))
        return load_classifier(str(folder), LABELS, seed=1)

    return teacher


def answers(model: nn.Module, loaded: Loaded) -> torch.Tensor:
    """Logits for three texts."""
    texts = loaded.tokenizer(["the film is good", "a dull story, but funny", "no"], padding=True, return_tensors="pt")
    with torch.no_grad():
        logits_BC: torch.Tensor = model(**texts).logits
    return logits_BC


# --- layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("student", "teacher", "taken"),
    [
        (6, 12, (1, 3, 5, 8, 10, 12)),
        (3, 6, (1, 3, 6)),
        (4, 12, (1, 5, 8, 12)),
        (6, 24, (1, 6, 10, 15, 19, 24)),
        (2, 12, (1, 12)),
        (1, 12, (1,)),
        (3, 3, (1, 2, 3)),
    ],
)
def test_layers_are_cut_evenly(student: int, teacher: int, taken: tuple[int, ...]) -> None:
    assert even_layers(student, teacher) == taken


@given(st.integers(2, 48).flatmap(lambda teacher: st.tuples(st.integers(2, teacher), st.just(teacher))))
def test_any_cut_rises_from_the_first_layer_to_the_last(depths: tuple[int, int]) -> None:
    student, teacher = depths
    taken = even_layers(student, teacher)
    assert len(taken) == student
    assert taken[0] == 1
    assert taken[-1] == teacher
    assert list(taken) == sorted(set(taken))


def test_more_layers_than_the_teacher_has_are_refused(teachers: Teachers) -> None:
    teacher = teachers()
    with pytest.raises(UsageError, match="a student of 6 layers cannot be cut from a teacher of 4") as caught:
        make_student("6L", teacher, LABELS, seed=1)
    assert "--student 4L" in caught.value.todo


# --- letters -----------------------------------------------------------------------------------------------------


def test_letters_say_layers_width_and_heads() -> None:
    assert parse_size("6L") == Size(6)
    assert parse_size("6L-384H") == Size(6, 384)
    assert parse_size("12l-384h-6a") == Size(12, 384, 6)


@pytest.mark.parametrize(
    "name", [*SHORT_NAMES, "google/bert_uncased_L-4_H-256_A-4", "6L/x", "./6L", "some-model", "L12-lion", "model"]
)
def test_names_are_no_letters(name: str) -> None:
    assert parse_size(name) is None


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("L6", "6L"),
        ("6", "6L"),
        ("6 layers", "6L"),
        ("6-layer", "6L"),
        ("6L384H", "6L-384H"),
        ("6L-H384", "6L-384H"),
        ("L-4_H-256_A-4", "4L-256H-4A"),
        ("384H-6L", "6L-384H"),
        ("6L-", "6L"),
    ],
)
def test_letters_in_another_form_get_a_guess(spec: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"{spec!r} says no student") as caught:
        parse_size(spec)
    assert caught.value.todo.startswith(f"did you mean {meant}? ")


@pytest.mark.parametrize("spec", ["384H", "12A", "6L-12A", "-"])
def test_letters_that_say_too_little_are_refused_with_the_forms(spec: str, teachers: Teachers) -> None:
    with pytest.raises(UsageError) as caught:
        make_student(spec, teachers(), LABELS, seed=1)
    assert "6L-384H (fresh, narrower)" in caught.value.todo


@pytest.mark.parametrize("spec", ["0L", "6L-0H", "6L-384H-0A"])
def test_nothing_cannot_be_built(spec: str) -> None:
    with pytest.raises(UsageError, match="every number must be 1 or more"):
        parse_size(spec)


@given(st.text(max_size=12))
def test_no_text_breaks_the_reading_of_letters(spec: str) -> None:
    with suppress(UsageError):
        assert parse_size(spec) is None or spec[0].isdigit()


# --- cut from the teacher ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", TINY_FAMILIES)
@pytest.mark.parametrize("layers", [1, 3, 4])
def test_a_cut_student_answers_as_the_teacher_without_the_other_layers(
    family: str, layers: int, teachers: Teachers
) -> None:
    teacher = teachers(family)
    taken = even_layers(layers, teacher.model.config.num_hidden_layers)
    student = make_student(f"{layers}L", teacher, LABELS, seed=1)
    assert student.layer_map == tuple(enumerate(taken, start=1))
    assert ", ".join(str(layer) for layer in taken) in student.description
    shortened = copy.deepcopy(teacher.model)
    parent_path, _, name = FAMILIES[family].layers.rpartition(".")
    parent = shortened.base_model.get_submodule(parent_path)
    modules = list(parent.get_submodule(name).children())
    setattr(parent, name, nn.ModuleList(modules[layer - 1] for layer in taken))
    if hasattr(shortened.config, "n_layers"):
        shortened.config.n_layers = len(taken)
    shortened.config.num_hidden_layers = len(taken)
    assert torch.equal(answers(student.model, teacher), answers(shortened, teacher))


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_cut_student_is_its_own_and_leaves_the_teacher_as_it_was(family: str, teachers: Teachers) -> None:
    teacher = teachers(family)
    before = state_hash(teacher.model)
    student = make_student("2L", teacher, LABELS, seed=1)
    with torch.no_grad():
        for weight in student.model.parameters():
            weight.add_(1.0)
    assert state_hash(teacher.model) == before


@pytest.mark.parametrize("family", TINY_FAMILIES)
@pytest.mark.parametrize("spec", ["2L", "2L-16H"])
def test_a_saved_student_is_a_plain_transformers_folder(
    family: str, spec: str, teachers: Teachers, tmp_path: Path
) -> None:
    teacher = teachers(family)
    student = make_student(spec, teacher, LABELS, seed=1)
    student.model.save_pretrained(tmp_path / "student")
    student.tokenizer.save_pretrained(tmp_path / "student")
    with quiet():
        model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "student")
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / "student")
    assert model.config.id2label == {0: "negative", 1: "positive"}
    assert model.config.label2id == {"negative": 0, "positive": 1}
    assert model.config.num_hidden_layers == 2
    assert torch.equal(answers(model, teacher), answers(student.model, teacher))
    assert tokenizer("the film")["input_ids"] == teacher.tokenizer("the film")["input_ids"]
    again = load_classifier(str(tmp_path / "student"), LABELS, seed=1)
    assert again.has_head


def test_modernbert_keeps_the_reach_of_each_layer(teachers: Teachers) -> None:
    teacher = teachers("modernbert")
    assert teacher.model.config.layer_types == ["full_attention", *["sliding_attention"] * 2] * 2
    student = make_student("3L", teacher, LABELS, seed=1)
    assert student.layer_map == ((1, 1), (2, 3), (3, 6))
    assert student.model.config.layer_types == ["full_attention", "sliding_attention", "sliding_attention"]


def test_regression_students_give_one_amount(tmp_path: Path) -> None:
    teacher = load_classifier(str(tiny_classifier("bert", tmp_path, labels=())), (), seed=1)
    for spec in ("2L", "2L-16H"):
        student = make_student(spec, teacher, (), seed=1)
        assert student.model.config.problem_type == "regression"
        assert student.model.config.num_labels == 1
        assert answers(student.model, teacher).shape == (3, 1)


def test_a_teacher_of_another_task_gives_no_student(teachers: Teachers) -> None:
    with pytest.raises(CildaError, match="has 2 labels"):
        make_student("2L", teachers(), ("a", "b", "c"), seed=1)


def test_a_cut_student_has_the_teachers_attention(tmp_path: Path) -> None:
    folder = tiny_classifier("bert", tmp_path, labels=LABELS)
    teacher = load_classifier(str(folder), LABELS, seed=1, attention="eager")
    for spec in ("2L", "2L-16H"):
        assert make_student(spec, teacher, LABELS, seed=1).model.config._attn_implementation == "eager"


# --- fresh -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_narrower_student_is_fresh_from_the_seed_alone(family: str, teachers: Teachers) -> None:
    teacher = teachers(family)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    student = make_student("3L-16H-2A", teacher, LABELS, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    again, other = (make_student("3L-16H-2A", teacher, LABELS, seed=seed) for seed in (1, 2))
    assert state_hash(student.model) == state_hash(again.model) != state_hash(other.model)
    config = student.model.config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (3, 16, 2)
    assert config.vocab_size == teacher.model.config.vocab_size
    assert student.layer_map == ()
    assert answers(student.model, teacher).shape == (3, 2)
    layers = student.model.base_model.get_submodule(FAMILIES[family].layers)
    assert max(max(weight.shape) for weight in layers.parameters()) <= 64


def test_the_teachers_own_width_means_its_layers(teachers: Teachers) -> None:
    teacher = teachers()
    for spec in ("2L-32H", "2L-32H-4A"):
        assert make_student(spec, teacher, LABELS, seed=1).layer_map == ((1, 1), (2, 4))
    assert make_student("2L-32H-2A", teacher, LABELS, seed=1).layer_map == ()


def test_fresh_students_may_be_deeper_than_the_teacher(teachers: Teachers) -> None:
    teacher = teachers("modernbert")
    student = make_student("8L-16H", teacher, LABELS, seed=1)
    assert len(student.model.config.layer_types) == 8
    assert answers(student.model, teacher).shape == (3, 2)


@pytest.mark.parametrize(("width", "heads"), [(768, 12), (384, 6), (256, 4), (128, 2), (312, 4), (32, 1), (1, 1)])
def test_heads_are_64_wide_or_as_near_as_the_width_allows(width: int, heads: int) -> None:
    assert fitting_heads(width) == heads


def test_heads_must_divide_the_width(teachers: Teachers) -> None:
    with pytest.raises(UsageError, match="5 attention heads do not divide a width of 16"):
        make_student("2L-16H-5A", teachers(), LABELS, seed=1)
    modern = teachers("modernbert")
    for spec in ("2L-15H", "2L-15H-5A"):
        with pytest.raises(UsageError, match="ModernBERT needs heads of even width"):
            make_student(spec, modern, LABELS, seed=1)


# --- by name -----------------------------------------------------------------------------------------------------


def test_a_named_student_brings_its_weights(teachers: Teachers, tmp_path: Path) -> None:
    teacher = teachers()
    folder = tiny_masked_lm("bert", tmp_path / "student", layers=2, width=16)
    student = make_student(str(folder), teacher, LABELS, seed=1)
    assert student.source == str(folder)
    assert student.layer_map == ()
    assert student.description == f"{folder}, 2 layers, fresh head"
    assert student.model.config.id2label == dict(enumerate(LABELS))


def test_a_named_students_own_head_comes_into_the_tasks_order(teachers: Teachers, tmp_path: Path) -> None:
    teacher = teachers()
    folder = tiny_classifier("bert", tmp_path / "student", labels=("POSITIVE", "NEGATIVE"), layers=2)
    own = load_classifier(str(folder), LABELS, seed=1)
    student = make_student(str(folder), teacher, LABELS, seed=1)
    assert torch.equal(answers(student.model, teacher), answers(own.model, teacher)[:, [1, 0]])
    assert student.model.config.id2label == dict(enumerate(LABELS))
    assert "brought into the task's order" in student.description


def test_a_named_students_head_of_another_task_makes_room(teachers: Teachers, tmp_path: Path) -> None:
    teacher = teachers()
    folder = tiny_classifier("bert", tmp_path / "student", labels=("x", "y", "z"), layers=2)
    student = make_student(str(folder), teacher, LABELS, seed=1)
    assert last_linear(student.model).out_features == 2
    assert "fresh head, as the student has 3 labels (x, y, z)" in student.description


def test_an_unknown_student_is_told_of_names_and_letters(teachers: Teachers) -> None:
    with pytest.raises(UsageError, match="no model named 'distilbret'") as caught:
        make_student("distilbret", teachers(), LABELS, seed=1)
    assert "did you mean distilbert" in caught.value.todo
    assert "6L-384H" in caught.value.todo
