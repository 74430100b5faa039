"""How a pass over the texts is cut into batches of similar length: so many texts each, or so many tokens."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Lengths = np.ndarray[Any, np.dtype[np.int64]]

# Texts are sorted by length within pools of this many batches: padding falls to a few per cent, while a
# batch still differs from epoch to epoch.
_POOL_BATCHES = 50
# A pool of few texts has gaps in its lengths, which padding would fill.
_POOL_TEXTS = 50


@dataclass(frozen=True)
class Batching:
    """The size of a batch. It follows from the texts' lengths alone how many batches an epoch has: all have as many."""

    texts: int
    """In a batch, where no number of tokens is given."""
    tokens: int | None = None
    """In a batch, padding counted in: the longest text times the texts. A longer text is a batch by itself."""

    def epoch(self, lengths: Lengths, seed: int, epoch: int) -> list[list[int]]:
        """The batches of one epoch: every text once, neighbours of similar length, batches in random order."""
        if self.tokens is None:
            return epoch_order(lengths, self.texts, seed, epoch)
        return _Deal(lengths, self.tokens).epoch(np.random.default_rng([seed, epoch]))

    def per_epoch(self, lengths: Lengths) -> int:
        """Batches in one pass."""
        return -(-len(lengths) // self.texts) if self.tokens is None else _Deal(lengths, self.tokens).batches

    def largest(self, lengths: Lengths) -> list[list[int]]:
        """Batches in which any that can come would find room: of the longest texts, of most tokens, of most texts."""
        if self.tokens is None:
            return [np.argsort(-lengths, kind="stable")[: self.texts].tolist()]
        return _Deal(lengths, self.tokens).largest()

    def to_json(self) -> dict[str, int]:
        """The setting that holds, by its name."""
        return {"batch_size": self.texts} if self.tokens is None else {"tokens_per_batch": self.tokens}

    def __str__(self) -> str:
        """In words, behind "of"."""
        return f"{self.texts} texts" if self.tokens is None else f"at most {self.tokens:,} tokens"


def epoch_order(lengths: Lengths, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """An epoch in batches of so many texts."""
    random = np.random.default_rng([seed, epoch])
    shuffled = random.permutation(len(lengths))
    pool = batch_size * _POOL_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(shuffled), pool):
        part = shuffled[start : start + pool]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches += [part[at : at + batch_size].tolist() for at in range(0, len(part), batch_size)]
    return [batches[place] for place in random.permutation(len(batches))]


class _Deal:
    """Texts dealt to pools that are alike in length, so that one list of cuts holds for every pool and every epoch.

    All texts stand in order of their length, in hands of as many as there are pools; of each hand every pool gets one
    text at random. So the longest text of a hand bounds what a pool holds at that place, whoever got which.
    """

    def __init__(self, lengths: Lengths, tokens: int) -> None:
        self._lengths = lengths
        by_tokens = round(int(lengths.sum()) / (tokens * _POOL_BATCHES))
        self._pools = max(1, min(by_tokens, len(lengths) // _POOL_TEXTS))
        # The hand of the shortest texts may not go round.
        self._lacking = -len(lengths) % self._pools
        self._bounds = np.sort(lengths)[self._pools - 1 - self._lacking :: self._pools]
        self._cuts = _cuts(self._bounds.tolist(), tokens)

    @property
    def batches(self) -> int:
        """In an epoch. Where the first cut holds one text, pools that lack it have nothing there."""
        empty = self._lacking if self._cuts[1] == 1 else 0
        return self._pools * (len(self._cuts) - 1) - empty

    def epoch(self, random: np.random.Generator) -> list[list[int]]:
        """All texts, dealt once more."""
        shuffled = random.permutation(len(self._lengths))
        rising = shuffled[np.argsort(self._lengths[shuffled], kind="stable")]
        hands = np.concatenate([np.full(self._lacking, -1), rising]).reshape(-1, self._pools)
        pools = random.permuted(hands, axis=1).T
        cut = (pool[start:end] for pool in pools for start, end in pairwise(self._cuts))
        batches = [batch for batch in (part[part >= 0].tolist() for part in cut) if batch]
        return [batches[place] for place in random.permutation(len(batches))]

    def largest(self) -> list[list[int]]:
        """The cuts with the longest text, the most tokens and the most texts, each with its hands' longest texts."""
        order = np.argsort(self._lengths, kind="stable")[self._pools - 1 - self._lacking :: self._pools]
        # The longest first: of equals, it is taken.
        spans = list(pairwise(self._cuts))[::-1]
        tokens = [(end - start) * int(self._bounds[end - 1]) for start, end in spans]
        texts = [end - start for start, end in spans]
        chosen = dict.fromkeys([0, tokens.index(max(tokens)), texts.index(max(texts))])
        return [order[slice(*spans[place])].tolist() for place in chosen]


def _cuts(rising: list[int], tokens: int) -> list[int]:
    """Where to cut rising lengths, from 0 to their end, so that each part has at most so many tokens, or one text."""
    cuts = [len(rising)]
    while cuts[-1] > 0:
        end = cuts[-1]
        cuts.append(max(0, end - max(1, tokens // rising[end - 1])))
    return cuts[::-1]
