"""A text put to models: what they say is what transformers says, and rewrites are what the generator drew."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from cilda.distill.probe import PAIR, Answer, Probe, written
from cilda.distill.probe_models import Asked, ProbeModels, read_as, summoned
from cilda.distill.probe_rewrites import Rewriting
from cilda.errors import CildaError, UsageError
from cilda.tasks.rows import Rows
from tests.tiny_models import tiny_classifier, tiny_masked_lm
from tests.tiny_players import tokenizer_of

LABELS = ("bad", "so so", "good")
TEXT = "the plot is dull but the acting saves it"
WIDE = {"initializer_range": 0.4}


@pytest.fixture(scope="module", name="shelf")
def _shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher, a student whose labels are in another order, a stranger to both, models of amounts, generators."""
    folder = tmp_path_factory.mktemp("shelf")
    tiny_classifier("bert", folder / "teacher", labels=LABELS, layers=3, width=16, seed=1, **WIDE)
    tiny_classifier("bert", folder / "student", labels=LABELS[::-1], layers=2, width=16, seed=2, **WIDE)
    tiny_classifier("roberta", folder / "stranger", labels=LABELS, layers=2, width=16, seed=3, **WIDE)
    tiny_classifier("bert", folder / "amount", labels=(), layers=2, width=16, seed=4, **WIDE)
    tiny_classifier("bert", folder / "amounts", labels=(), layers=1, width=16, seed=5, **WIDE)
    tiny_classifier("bert", folder / "two", labels=2, layers=1, width=16, seed=5)
    tiny_masked_lm("bert", folder / "generator", layers=2, width=16)
    tiny_masked_lm("roberta", folder / "foreign", layers=2, width=16)
    return folder


def summon(shelf: Path, target: str, **others: str) -> ProbeModels:
    """The models of a folder; the others by their names on the shelf."""
    folder = shelf / target
    wanted: dict[str, Any] = {role: str(shelf / name) for role, name in others.items()}
    return summoned(Asked(str(folder), folder, **wanted, device="cpu"), print)


def ask(models: ProbeModels, *texts: str, **how: Any) -> Answer:
    """What is said of a text."""
    return Probe(models).answer(texts, Rewriting(**how))


@pytest.fixture(scope="module", name="three")
def _three(shelf: Path) -> ProbeModels:
    return summon(shelf, "teacher", student="student", generator="generator")


def by_label(folder: Path, *texts: str) -> Mapping[str, float]:
    """Probabilities by label, by transformers alone."""
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        answers = model(**tokenizer(*texts, return_tensors="pt")).logits[0].softmax(dim=-1).tolist()
    return dict(zip(model.config.id2label.values(), answers, strict=True))


@pytest.mark.parametrize("texts", [(TEXT,), ("the film is good", "it is a bad film")])
def test_both_say_what_transformers_says_in_one_order_of_labels(
    three: ProbeModels, shelf: Path, texts: tuple[str, ...]
) -> None:
    answer = ask(three, *texts)
    assert three.labels == LABELS
    for role in ("teacher", "student"):
        expected = by_label(shelf / role, *texts)
        assert answer.said[role] == pytest.approx([expected[label] for label in LABELS], abs=1e-6)
    teacher, student = answer.said["teacher"], answer.said["student"]
    divergence = sum(t * math.log(t / s) for t, s in zip(teacher, student, strict=True))
    assert answer.apart == pytest.approx(divergence, abs=1e-6)
    assert answer.agree is (teacher.index(max(teacher)) == student.index(max(student)))


def test_one_model_alone_says_what_it_says(shelf: Path) -> None:
    answer = ask(summon(shelf, "teacher"), TEXT)
    assert list(answer.said) == ["teacher"]
    assert (answer.apart, answer.agree, answer.similarity, answer.rewrites) == (None, None, None, None)


def test_amounts_have_a_distance_and_no_classes(shelf: Path) -> None:
    models = summon(shelf, "amount", student="amounts", generator="generator")
    answer = ask(models, TEXT)
    ((one,), (other,)) = answer.said["teacher"], answer.said["student"]
    assert (models.labels, answer.agree) == ((), None)
    assert answer.apart == pytest.approx(abs(one - other))
    assert answer.rewrites is not None and all(rewrite.regression for rewrite in answer.rewrites)


def test_the_same_seed_rewrites_the_same_and_more_are_more_of_the_same(three: ProbeModels) -> None:
    five, again, nine = ask(three, TEXT), ask(three, TEXT), ask(three, TEXT, count=9)
    assert five.rewrites == again.rewrites
    assert five.rewrites is not None and nine.rewrites is not None
    others = {rewrite.id: rewrite.soft_tokens for rewrite in nine.rewrites}
    assert {rewrite.id: rewrite.soft_tokens for rewrite in five.rewrites}.items() <= others.items()
    assert {rewrite.soft for rewrite in ask(three, TEXT, seed=7).rewrites or ()} != {one.soft for one in five.rewrites}


def test_many_rewrites_are_made_part_by_part(three: ProbeModels, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ask(three, TEXT, count=7)
    monkeypatch.setattr("cilda.distill.probe_rewrites._TOKENS_AT_ONCE", 24)
    parts = ask(three, TEXT, count=7)
    assert whole.rewrites is not None and parts.rewrites is not None
    assert sorted(one.soft for one in parts.rewrites) == sorted(one.soft for one in whole.rewrites)


def test_only_drawn_tokens_change_and_special_ones_are_never_written(three: ProbeModels) -> None:
    answer = ask(three, TEXT, "a fine film", count=20, mask_fraction=0.5)
    assert answer.rewrites is not None
    special = {"[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]"}
    for rewrite in answer.rewrites:
        assert rewrite.real_tokens == answer.tokens
        assert set(rewrite.changed) <= set(rewrite.drawn)
        assert not special & {rewrite.soft_tokens[place] for place in rewrite.drawn}
        assert rewrite.soft.count(" | ") == 1
    everything = ask(three, TEXT, count=1, mask_fraction=1.0).rewrites
    assert everything is not None and len(everything[0].drawn) == len(TEXT.split())


def test_what_is_said_of_a_rewrite_is_what_is_said_of_its_text(three: ProbeModels, shelf: Path) -> None:
    answer = ask(three, TEXT, count=8)
    assert answer.rewrites is not None
    gains = [rewrite.gain for rewrite in answer.rewrites]
    assert gains == sorted(gains, key=lambda gain: -(gain or 0))
    for rewrite in answer.rewrites:
        text = " ".join(rewrite.soft_tokens[1:-1]).replace(" ##", "")
        again = ask(replace(three, rewriter=None), text)
        if again.tokens == rewrite.soft_tokens:
            assert rewrite.teacher_soft == pytest.approx(again.said["teacher"], abs=1e-5)
            assert rewrite.kl_soft == pytest.approx(again.apart, abs=1e-4)
        assert rewrite.kl_real == answer.apart
        assert rewrite.surprise is not None and rewrite.surprise > 0


def test_a_text_without_words_is_answered_and_stays_as_it_is(three: ProbeModels) -> None:
    answer = ask(three, "\u200b")
    assert answer.unlike == "0 tokens: at least 3 are needed"
    assert [rewrite.changed for rewrite in answer.rewrites or ()] == [()] * 5


def test_a_text_that_is_too_long_is_cut_and_said_to_be(three: ProbeModels) -> None:
    assert not ask(three, "bad " * 126, count=0).cut
    answer = ask(three, "bad " * 127, count=0)
    assert (answer.cut, len(answer.tokens)) == (True, 128)


@pytest.mark.parametrize("family", ["bert", "roberta", "deberta-v2", "modernbert"])
@settings(max_examples=15)
@given(
    st.lists(st.sampled_from(["good", "superb!", "xyzzy-" * 30, "\u200b", "\t", "  \n  " * 30, "ä"]), min_size=1),
    st.data(),
)
def test_of_a_very_long_text_the_beginning_gives_the_same_tokens(
    three: ProbeModels, family: str, words: list[str], data: st.DataObject
) -> None:
    models = replace(three, max_length=data.draw(st.integers(4, 12)))
    text = " ".join(words * 200)
    read = read_as(tokenizer_of(family), Rows(([text],), None, ["0"], "made up"), models)
    expected = tokenizer_of(family)(text, truncation=True, max_length=models.max_length)["input_ids"]
    assert read.ids_Q.tolist() == expected


def test_with_other_tokenizers_words_are_compared_and_rewrites_are_read_as_words(shelf: Path) -> None:
    models = summon(shelf, "student", teacher="stranger", generator="generator")
    answer = ask(models, "a superb film , never unconvincing")
    assert answer.similarity is not None
    assert (answer.similarity.over, answer.similarity.count) == ("words", 6)
    assert answer.rewrites is not None
    for rewrite in answer.rewrites:
        expected = by_label(shelf / "stranger", rewrite.soft)
        assert rewrite.teacher_soft == pytest.approx([expected[label] for label in models.labels], abs=1e-5)


def test_the_same_model_on_both_sides_is_like_itself_also_by_words(shelf: Path) -> None:
    tiny_classifier("roberta", shelf / "cased", labels=LABELS, layers=2, width=16, seed=3, **WIDE)
    answer = ask(summon(shelf, "stranger", student="cased"), TEXT)
    assert answer.similarity is not None
    assert [answer.similarity.cka[layer][layer] for layer in (0, 1)] == pytest.approx([1, 1])
    assert answer.apart == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("target", "others", "what"),
    [
        ("generator", {}, "has no trained head: it says nothing of a text"),
        ("teacher", {"student": "two"}, "has 2 labels (LABEL_0, LABEL_1), the task 3 (bad, so so, good)"),
        ("teacher", {"generator": "foreign"}, "have different vocabularies"),
        ("teacher", {"generator": "student"}, "has no trained masked-LM head"),
        ("teacher", {"student": "student", "teacher": "stranger"}, "both others are named"),
        ("gone", {}, "there is no folder"),
    ],
)
def test_models_that_do_not_go_together_are_refused(
    shelf: Path, target: str, others: dict[str, str], what: str
) -> None:
    with pytest.raises(CildaError) as refused:
        summon(shelf, target, **others)
    assert what in refused.value.what
    assert refused.value.todo


@pytest.mark.parametrize("who", ["student", "generator"])
def test_a_model_that_gives_no_numbers_is_named(shelf: Path, who: str) -> None:
    models = summon(shelf, "teacher", student="student", generator="generator")
    assert models.rewriter is not None
    broken = models.rewriter.generator if who == "generator" else models.readers["student"].encoder
    for weight in broken.parameters():
        weight.fill_(float("nan"))
    with pytest.raises(CildaError, match=f"the {who} {shelf}/{who} .*answers with what is no number"):
        ask(models, TEXT)


def test_lengths_are_what_every_model_takes(shelf: Path) -> None:
    assert summon(shelf, "teacher").max_length == 128
    with pytest.raises(CildaError, match="more than the teacher"):
        summoned(Asked(str(shelf / "teacher"), max_length=129), print)


def test_a_line_is_one_text_or_two() -> None:
    assert written(f"one{PAIR}two", 2) == written("one", 2, "two") == ("one", "two")
    # What takes single texts takes them as they stand; what says nothing of itself takes both.
    assert written(f"one{PAIR}two", 1) == (f"one{PAIR}two",)
    assert written(f"one{PAIR}two", None) == ("one", "two")
    assert written(f"1{PAIR}2{PAIR}3", None) == (f"1{PAIR}2{PAIR}3",)
    assert written("half \ud800", None) == ("half ???".replace("?", "\ufffd"),)
    for line, texts, pair in (("", 1, None), (" \t", None, None), ("one", 2, None), ("one", 1, "two"), ("one", 2, " ")):
        with pytest.raises(UsageError):
            written(line, texts, pair)
