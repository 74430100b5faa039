"""The rows of one split: texts, labels and stable names, in a fixed order."""

from __future__ import annotations

import hashlib
import json
import math
import random
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cilda.errors import UsageError

LabelSet = tuple[int, ...]

NO_CLASS = -1
"""Stands for the label of a row that nobody knows, among others that are known; for regression NaN does."""
NO_LABELS: LabelSet = (NO_CLASS,)
"""The same where a row may have several: the empty tuple means that it has none."""


@dataclass(frozen=True)
class Rows:
    """One split, column by column; every column has the same length.

    texts: one list for each text column, of N strings.
    labels: N class numbers, or N floats for regression, or N rising tuples of class numbers where a row may have
        several, or None where no labels are published. See also `label`.
    ids: N names that stay the same between runs, `split:number`.
    source: where the rows came from and what was left out, in words.
    """

    texts: tuple[list[str], ...]
    labels: list[Any] | None
    ids: list[str]
    source: str
    classes: int = 0
    """How many labels there are, where a row may have several; 0 where it has one."""

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (*self.texts, self.ids, *([] if self.labels is None else [self.labels]))}
        assert len(lengths) == 1, f"columns of different lengths: {sorted(lengths)}"

    def __len__(self) -> int:
        return len(self.ids)

    def label(self, position: int) -> int | float | LabelSet | None:
        """A row's gold label; None where it has none."""
        label = None if self.labels is None else self.labels[position]
        unknown = (
            label in (NO_CLASS, NO_LABELS) if isinstance(label, int | tuple) else label is None or math.isnan(label)
        )
        return None if unknown else label

    def joined(self, other: Rows) -> Rows:
        """These rows and then the others, of the same columns."""
        texts = tuple([*mine, *theirs] for mine, theirs in zip(self.texts, other.texts, strict=True))
        labels: list[Any] = [*(self.labels or ()), *(other.labels or ())]
        return Rows(texts, labels, [*self.ids, *other.ids], f"{self.source}; and {other.source}", self.classes)

    def take(self, positions: list[int]) -> Rows:
        """The rows at `positions`, in that order."""
        return replace(
            self,
            texts=tuple([column[position] for position in positions] for column in self.texts),
            labels=None if self.labels is None else [self.labels[position] for position in positions],
            ids=[self.ids[position] for position in positions],
        )

    def first(self, n: int, seed: int) -> Rows:
        """The first `n` rows after a seeded shuffle; all of them, as they stand, where there are no more than `n`.

        With one seed, a smaller `n` gives the beginning of what a larger one gives.

        Raises:
            UsageError: `n` is below 1.
        """
        if n < 1:
            raise UsageError(f"a limit of {n} rows leaves nothing to learn from", "give 1 or more")
        if n >= len(self):
            return self
        chosen = self.take(shuffled(len(self), seed)[:n])
        return replace(chosen, source=f"{self.source}, {n:,} of {len(self):,} rows drawn with seed {seed}")

    def fingerprint(self) -> str:
        """SHA-256 over texts and labels in their order, as 64 hex digits."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        # A run's start asks for it several times, and of large sets it takes long.
        digest = hashlib.sha256()
        for column in (*self.texts, self.labels):
            digest.update(json.dumps(column).encode("ascii"))
            digest.update(b"\n")
        return digest.hexdigest()


def shuffled(n: int, seed: int | str) -> list[int]:
    """The numbers 0 to n-1 in an order that depends on `seed` alone.

    Sorted by drawn keys, because Python promises that `random()` stays the same between versions, and does not promise
    it for `shuffle()`.
    """
    draw = random.Random(seed).random
    keys = [draw() for _ in range(n)]
    return sorted(range(n), key=keys.__getitem__)
