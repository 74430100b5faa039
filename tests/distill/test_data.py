from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cilda.distill.batching import Batching
from cilda.distill.data import BatchStream, by_length, tokenize
from cilda.tasks.rows import Rows
from tests.tiny_models import TINY_FAMILIES
from tests.tiny_players import tiny_rows, tiny_tokenized, tokenizer_of

lengths_lists = st.lists(st.integers(2, 128), min_size=1, max_size=300).map(np.array)


def rows_of(*texts: str) -> Rows:
    """Rows without gold."""
    return Rows((list(texts),), None, [f"test:{place}" for place in range(len(texts))], "made up")


@settings(deadline=None)
@given(lengths=lengths_lists, batch_size=st.integers(1, 9))
def test_evaluation_reads_each_row_once_the_longest_first(
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]], batch_size: int
) -> None:
    order = [row for batch in by_length(lengths, batch_size) for row in batch]
    assert sorted(order) == list(range(len(lengths)))
    assert list(lengths[order]) == sorted(lengths, reverse=True)


def test_a_stream_goes_on_from_its_epoch_and_place() -> None:
    rows = tiny_tokenized("bert", 10)
    stream, other = BatchStream(rows, Batching(4), seed=3), BatchStream(rows, Batching(4), seed=3)
    taken = [stream.take().rows_B for _ in range(7)]
    assert (stream.epoch, stream.place, stream.batches_per_epoch) == (2, 1, 3)
    other.epoch, other.place = 1, 1
    for expected in taken[4:]:
        assert expected is not None
        rows_B = other.take().rows_B
        assert rows_B is not None and torch.equal(rows_B, expected)
    seen = torch.cat([rows_B for rows_B in taken[:3] if rows_B is not None])
    assert sorted(seen.tolist()) == list(range(10))


@pytest.mark.parametrize("family", TINY_FAMILIES)
@pytest.mark.parametrize("pair", [False, True])
def test_a_batch_is_what_the_tokenizer_pads(family: str, pair: bool) -> None:
    tokenizer, rows, tokens = tokenizer_of(family), tiny_rows(8, pair=pair), tiny_tokenized(family, 8, pair=pair)
    places = [5, 0, 3]
    batch = tokens.batch(places)
    chosen = rows.take(places)
    theirs = tokenizer(
        *chosen.texts,
        padding=True,
        truncation=True,
        max_length=32,
        return_tensors="pt",
        return_special_tokens_mask=True,
    )
    assert torch.equal(batch.ids_BT.long(), theirs["input_ids"])
    assert torch.equal(batch.attention_BT, theirs["attention_mask"])
    assert torch.equal(batch.special_BT, theirs["special_tokens_mask"].bool())
    if batch.types_BT is not None:
        assert torch.equal(batch.types_BT, theirs["token_type_ids"])
    assert batch.labels_B is not None and batch.labels_B.tolist() == chosen.labels
    assert batch.rows_B is not None and batch.rows_B.tolist() == places


def test_padding_is_special_and_not_attended() -> None:
    batch = tiny_tokenized("bert", 8).batch([0, 2], length=20)
    assert batch.ids_BT.shape == (2, 20)
    padding_BT = batch.attention_BT == 0
    assert padding_BT.any() and batch.special_BT[padding_BT].all()
    assert (batch.ids_BT[padding_BT] == tokenizer_of("bert").pad_token_id).all()


def test_a_special_token_that_a_text_spells_is_special_and_an_unknown_word_is_not() -> None:
    tokens = tokenize(rows_of("the [SEP] film [MASK] \N{SNOWMAN}"), tokenizer_of("bert"), 32, regression=False)
    words = tokenizer_of("bert").convert_ids_to_tokens(tokens.ids_Q.tolist())
    assert words == ["[CLS]", "the", "[SEP]", "film", "[MASK]", "[UNK]", "[SEP]"]
    assert tokens.special_Q.tolist() == [True, False, True, False, True, False, True]


def test_labels_are_class_ids_or_amounts_or_none() -> None:
    classes, amounts = tiny_tokenized("bert", 3), tiny_tokenized("bert", 3, classes=1)
    assert classes.labels_N is not None and classes.labels_N.dtype == torch.int64
    assert amounts.labels_N is not None and amounts.labels_N.dtype == torch.float32
    assert tokenize(rows_of("good"), tokenizer_of("bert"), 32, regression=False).batch([0]).labels_B is None


def test_cut_texts_are_counted_and_those_that_just_fit_are_not() -> None:
    # Two special tokens besides the words.
    texts = ("good", "good good", "good good good", "good good good good")
    tokens = tokenize(rows_of(*texts), tokenizer_of("bert"), 5, regression=False)
    assert tokens.lengths.tolist() == [3, 4, 5, 5]
    assert tokens.cut == 1


def test_the_longer_text_of_a_pair_is_cut_first() -> None:
    rows = Rows((["good"], ["bad bad bad bad bad"]), None, ["test:0"], "made up")
    tokens = tokenize(rows, tokenizer_of("bert"), 7, regression=False)
    words = tokenizer_of("bert").convert_ids_to_tokens(tokens.ids_Q.tolist())
    assert words == ["[CLS]", "good", "[SEP]", "bad", "bad", "bad", "[SEP]"]
    assert tokens.cut == 1


def test_an_empty_text_is_special_tokens_only() -> None:
    tokens = tokenize(rows_of("", "good"), tokenizer_of("bert"), 32, regression=False)
    assert tokens.lengths.tolist() == [2, 3]
    assert tokens.batch([0]).special_BT.all()
