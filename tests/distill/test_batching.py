from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cilda.distill.batching import Batching, Lengths, epoch_order

lengths_lists = st.lists(st.integers(2, 128), min_size=1, max_size=300).map(np.array)


@settings(deadline=None)
@given(lengths=lengths_lists, batch_size=st.integers(1, 9), seed=st.integers(0, 99), epoch=st.integers(0, 9))
def test_an_epoch_covers_each_row_once(
    lengths: np.ndarray[tuple[int], np.dtype[np.int64]], batch_size: int, seed: int, epoch: int
) -> None:
    batches = epoch_order(lengths, batch_size, seed, epoch)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= batch_size for batch in batches)
    assert len(batches) == -(-len(lengths) // batch_size)
    assert batches == epoch_order(lengths, batch_size, seed, epoch)


def test_epochs_differ_and_so_do_seeds() -> None:
    lengths = np.arange(64) % 7
    orders = {str(epoch_order(lengths, 8, seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}
    assert len(orders) == 4


def test_texts_of_a_batch_have_similar_lengths() -> None:
    lengths = np.random.default_rng(0).integers(4, 128, size=2000)
    batches = epoch_order(lengths, 32, 0, 0)
    padded = sum(max(lengths[batch]) * len(batch) for batch in batches)
    # Random batches of 32 would be padded to nearly 128 each: 1.9 times the tokens.
    assert padded / lengths.sum() < 1.05


def test_batches_of_short_and_of_long_texts_come_in_random_order() -> None:
    batches = epoch_order(np.arange(1600), 32, 0, 0)
    firsts = [batch[0] for batch in batches]
    assert firsts != sorted(firsts) and firsts != sorted(firsts, reverse=True)


def padded(batch: list[int], lengths: Lengths) -> int:
    """Tokens of a batch with its padding."""
    return int(lengths[batch].max()) * len(batch)


@settings(deadline=None)
@given(lengths=lengths_lists, tokens=st.integers(1, 700), seed=st.integers(0, 99), epoch=st.integers(0, 9))
@example(lengths=np.full(151, 2), tokens=1, seed=0, epoch=0)
@example(lengths=np.arange(2, 301), tokens=300, seed=0, epoch=0)
def test_batches_of_tokens_cover_each_row_once_and_keep_to_their_number(
    lengths: Lengths, tokens: int, seed: int, epoch: int
) -> None:
    batching = Batching(1, tokens)
    batches = batching.epoch(lengths, seed, epoch)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(padded(batch, lengths) <= tokens or len(batch) == 1 for batch in batches)
    assert batches == batching.epoch(lengths, seed, epoch)


@settings(deadline=None)
@given(lengths=lengths_lists, tokens=st.integers(1, 700), texts=st.integers(1, 9), seed=st.integers(0, 99))
@example(lengths=np.full(151, 2), tokens=1, texts=1, seed=0)
def test_every_epoch_has_as_many_batches(lengths: Lengths, tokens: int, texts: int, seed: int) -> None:
    for batching in (Batching(texts), Batching(texts, tokens)):
        counts = {len(batching.epoch(lengths, seed, epoch)) for epoch in range(3)}
        assert counts == {batching.per_epoch(lengths)}


@settings(deadline=None)
@given(lengths=lengths_lists, tokens=st.integers(1, 700), texts=st.integers(1, 9), seed=st.integers(0, 99))
def test_no_batch_is_larger_than_the_largest(lengths: Lengths, tokens: int, texts: int, seed: int) -> None:
    for batching in (Batching(texts), Batching(texts, tokens)):
        largest, some = batching.largest(lengths), batching.epoch(lengths, seed, 0)
        assert max(map(len, some)) <= max(map(len, largest))
        assert max(padded(batch, lengths) for batch in some) <= max(padded(batch, lengths) for batch in largest)
        assert lengths[largest[0]].max() == lengths.max()
        assert all(len(batch) == len(set(batch)) for batch in largest)


def test_epochs_and_seeds_of_token_batches_differ_in_which_texts_meet() -> None:
    lengths = np.random.default_rng(0).integers(4, 128, size=20_000)
    batching = Batching(1, tokens=1024)
    partners = [
        {frozenset(batch) for batch in batching.epoch(lengths, seed, epoch)} for seed in (0, 1) for epoch in (0, 1)
    ]
    common = set.intersection(*partners)
    assert len(common) < 0.01 * len(partners[0])


@pytest.mark.parametrize("tokens", [512, 4096])
def test_little_of_a_number_of_tokens_is_lost(tokens: int) -> None:
    lengths = np.random.default_rng(0).integers(4, 128, size=20_000)
    batches = Batching(1, tokens).epoch(lengths, 0, 0)
    assert lengths.sum() / sum(padded(batch, lengths) for batch in batches) > 0.95
    # A number of tokens is no multiple of every length, and a pool has a rest.
    assert lengths.sum() / (tokens * len(batches)) > 0.85


def test_token_batches_by_hand() -> None:
    """Six texts, ten tokens: 9 alone, 5 and 4 together, 3, 3 and 2 together."""
    lengths = np.array([3, 9, 2, 5, 3, 4])
    batches = Batching(1, tokens=10).epoch(lengths, 0, 0)
    assert sorted(sorted(lengths[batch].tolist()) for batch in batches) == [[2, 3, 3], [4, 5], [9]]
