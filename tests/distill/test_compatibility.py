from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertTokenizer, PreTrainedTokenizerFast

from cilda.distill.compatibility import (
    check_labels,
    check_max_length,
    check_vocabulary,
    count_parameters,
    fit_labels,
    longest_text,
)
from cilda.distill.loading import Loaded, last_linear, load_classifier, load_masked_lm
from cilda.errors import CildaError
from tests.tiny_models import LONGEST, TINY_FAMILIES, tiny_classifier, tiny_masked_lm, tiny_tokenizer

MNLI = ("entailment", "neutral", "contradiction")


def config(*labels: str) -> BertConfig:
    """A config with these labels."""
    return BertConfig(id2label=dict(enumerate(labels)), label2id={label: index for index, label in enumerate(labels)})


# --- labels ------------------------------------------------------------------------------------------------------


def test_labels_fit_whatever_their_case_and_punctuation() -> None:
    assert check_labels(config("NEGATIVE", "POSITIVE"), ("negative", "positive")) == (0, 1)
    assert check_labels(config("Entailment", "Not-Entailment"), ("entailment", "not_entailment")) == (0, 1)


def test_labels_without_names_are_taken_in_the_tasks_order() -> None:
    assert check_labels(config("LABEL_0", "LABEL_1", "LABEL_2"), MNLI) == (0, 1, 2)
    assert check_labels(config("0", "1"), ("negative", "positive")) == (0, 1)


def test_another_order_is_refused_with_both_orders_and_the_setting() -> None:
    with pytest.raises(CildaError) as caught:
        check_labels(config("contradiction", "neutral", "entailment"), MNLI)
    assert "contradiction, neutral, entailment" in caught.value.what
    assert "entailment, neutral, contradiction" in caught.value.what
    assert "reorder_teacher_labels=true" in caught.value.todo


def test_another_order_can_be_asked_for() -> None:
    rows = check_labels(config("contradiction", "entailment", "neutral"), MNLI, reorder=True)
    assert rows == (1, 2, 0)


@pytest.mark.parametrize(
    ("own", "task", "says"),
    [
        (("a", "b", "c"), ("a", "b"), r"has 3 labels \(a, b, c\), the task 2 \(a, b\)"),
        (("yes", "no"), ("acceptable", "unacceptable"), "has the labels yes, no, the task acceptable, unacceptable"),
        (("LABEL_0",), ("a", "b"), r"one amount \(regression\), the task asks for 2 labels"),
        (("a", "b"), (), r"2 labels \(a, b\), the task asks for an amount"),
        (("LABEL_1", "LABEL_0"), ("a", "b"), "has the labels LABEL_1, LABEL_0"),
    ],
)
def test_labels_that_do_not_fit_are_named(own: tuple[str, ...], task: tuple[str, ...], says: str) -> None:
    with pytest.raises(CildaError, match=says):
        check_labels(config(*own), task, reorder=True)


def test_a_model_of_several_labels_a_text_is_refused() -> None:
    several = config("a", "b")
    several.problem_type = "multi_label_classification"
    with pytest.raises(CildaError, match="several labels"):
        check_labels(several, ("a", "b"))


def test_regression_fits_regression() -> None:
    assert check_labels(config("LABEL_0"), ()) == (0,)


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_reordered_head_gives_the_same_answers_in_the_tasks_order(family: str, tmp_path: Path) -> None:
    own = ("contradiction", "entailment", "neutral")
    loaded = load_classifier(str(tiny_classifier(family, tmp_path / "a", labels=own)), MNLI, seed=1)
    texts = loaded.tokenizer(["the film is good", "the film is bad"], return_tensors="pt")
    with torch.no_grad():
        before_BC = loaded.model(**texts).logits
        said = fit_labels(loaded.model, MNLI, reorder=True)
        after_BC = loaded.model(**texts).logits
    torch.testing.assert_close(after_BC, before_BC[:, [1, 2, 0]])
    assert "contradiction, entailment, neutral" in said
    loaded.model.save_pretrained(tmp_path / "b")
    loaded.tokenizer.save_pretrained(tmp_path / "b")
    again = load_classifier(str(tmp_path / "b"), MNLI, seed=1)
    assert again.model.config.id2label == dict(enumerate(MNLI))
    assert fit_labels(again.model, MNLI) == ""
    assert torch.equal(last_linear(again.model).weight, last_linear(loaded.model).weight)


def test_nameless_labels_get_the_tasks_names(tmp_path: Path) -> None:
    loaded = load_classifier(str(tiny_classifier("bert", tmp_path, labels=3)), MNLI, seed=1)
    assert "have no names" in fit_labels(loaded.model, MNLI)
    assert loaded.model.config.id2label == dict(enumerate(MNLI))


# --- vocabulary --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_models_of_one_family_share_a_vocabulary_whatever_their_tables(family: str, tmp_path: Path) -> None:
    teacher = load_classifier(str(tiny_classifier(family, tmp_path / "a")), ("a", "b"), seed=1)
    generator = load_masked_lm(str(tiny_masked_lm(family, tmp_path / "b", vocab_size=336)))
    check_vocabulary({"teacher": teacher.tokenizer, "generator": generator.tokenizer})


def test_other_families_do_not_share_a_vocabulary() -> None:
    with pytest.raises(CildaError) as caught:
        check_vocabulary(
            {
                "teacher bert": tiny_tokenizer("bert"),
                "student electra": tiny_tokenizer("electra"),
                "generator roberta": tiny_tokenizer("roberta"),
            }
        )
    assert "teacher bert and generator roberta have different vocabularies" in caught.value.what
    assert "'[PAD]' is 0 and unknown" in caught.value.what


def tokenizer(*words: str, mask: str = "[MASK]") -> PreTrainedTokenizerFast:
    """A tokenizer of these words."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    return BertTokenizer(vocab={word: index for index, word in enumerate(vocabulary)}, mask_token=mask)


def test_the_first_tokens_that_differ_are_shown_in_the_order_of_their_ids() -> None:
    with pytest.raises(CildaError) as caught:
        check_vocabulary({"a": tokenizer("good", "bad", "film"), "b": tokenizer("bad", "good", "film", "plot")})
    assert "(8 and 9 tokens)" in caught.value.what
    assert "3 tokens differ, 'bad' is 6 and 5; 'good' is 5 and 6; 'plot' is unknown and 8" in caught.value.what


def test_special_tokens_must_be_the_same_ones() -> None:
    with pytest.raises(CildaError, match=r"use different mask tokens: '\[MASK\]' \(4\) and 'film' \(5\)"):
        check_vocabulary({"a": tokenizer("film"), "b": tokenizer("film", mask="film")})


def test_one_tokenizer_alone_fits_itself() -> None:
    check_vocabulary({"a": tokenizer("film")})


# --- lengths -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [family for family in TINY_FAMILIES if family != "deberta-v2"])
def test_the_longest_text_runs_and_one_more_token_is_refused(family: str, tmp_path: Path) -> None:
    loaded = load_classifier(str(tiny_classifier(family, tmp_path, layers=1)), ("a", "b"), seed=1)
    assert longest_text(loaded.model) == LONGEST
    run(loaded, LONGEST)
    check_max_length(loaded.model, LONGEST)
    with pytest.raises(CildaError, match="129 tokens is more than the student takes: 128"):
        check_max_length(loaded.model, LONGEST + 1, name="the student")


def test_relative_positions_have_no_end(tmp_path: Path) -> None:
    loaded = load_classifier(str(tiny_classifier("deberta-v2", tmp_path, layers=1)), ("a", "b"), seed=1)
    assert longest_text(loaded.model) is None
    run(loaded, 2 * LONGEST)
    check_max_length(loaded.model, 10_000)


def run(loaded: Loaded, tokens: int) -> None:
    """Send a text of that many tokens through a model."""
    ids_BT = torch.full((1, tokens), 7)
    assert loaded.model(input_ids=ids_BT, attention_mask=torch.ones_like(ids_BT)).logits.shape == (1, 2)


def test_shared_weights_count_once(tmp_path: Path) -> None:
    model = load_masked_lm(str(tiny_masked_lm("bert", tmp_path))).model
    assert count_parameters(model) == sum({id(weight): weight.numel() for weight in model.parameters()}.values())
    assert count_parameters(model) < sum(tensor.numel() for tensor in model.state_dict().values())
