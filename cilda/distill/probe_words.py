"""Layers of two models whose tokenizers cut a text differently, brought to the text's words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from cilda.distill.data import TokenizedRows

Place = tuple[int, int]
"""Which text of a pair, and which word of it."""

_WORD = re.compile(r"\S+")


def by_words(
    one: Sequence[Tensor],
    one_places: Sequence[Place | None],
    other: Sequence[Tensor],
    other_places: Sequence[Place | None],
) -> tuple[list[Tensor], list[Tensor]]:
    """The mean vector of each word that both have read, (W, D) a layer of each model, from one vector a token.

    `places` tell each token's word; None for one that belongs to none.
    """
    both = sorted({place for place in one_places if place} & {place for place in other_places if place})
    return [_means(layer, one_places, both) for layer in one], [_means(layer, other_places, both) for layer in other]


def word_places(tokenizer: PreTrainedTokenizerFast, rows: TokenizedRows, max_length: int) -> list[Place | None]:
    """The word that each token of the only row comes from, special tokens left out. Words are parted by white space."""
    texts = [column[0] for column in rows.rows.texts]
    encoded = tokenizer(
        *texts, truncation="longest_first", max_length=max_length, return_offsets_mapping=True, verbose=False
    )
    begins = [[match.start() for match in _WORD.finditer(text)] for text in texts]
    places: list[Place | None] = []
    for (begin, end), which, special in zip(
        encoded["offset_mapping"], encoded.sequence_ids(0), rows.special_Q.tolist(), strict=True
    ):
        if special:
            continue
        # The last letter tells: a piece's own blank, before its letters, belongs to no word.
        word = bisect_right(begins[which], end - 1) - 1 if which is not None and end > begin else -1
        places.append((which, word) if word >= 0 else None)
    return places


def _means(layer_ND: Tensor, places: Sequence[Place | None], words: Sequence[Place]) -> Tensor:
    order = {word: row for row, word in enumerate(words)}
    shares_WN = torch.zeros(len(words), len(places), dtype=layer_ND.dtype)
    for token, place in enumerate(places):
        if place in order:
            shares_WN[order[place], token] = 1.0
    return shares_WN @ layer_ND / shares_WN.sum(dim=1, keepdim=True)
