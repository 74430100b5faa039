"""The rows of one split: texts, labels and stable names, in a fixed order."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, replace

from cilda.errors import UsageError


@dataclass(frozen=True)
class Rows:
    """One split, column by column; every column has the same length.

    texts: one list for each text column, of N strings.
    labels: N class numbers, or N floats for regression, or None where no labels are published.
    ids: N names that stay the same between runs, `split:number`.
    source: where the rows came from and what was left out, in words.
    """

    texts: tuple[list[str], ...]
    labels: list[int] | list[float] | None
    ids: list[str]
    source: str

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (*self.texts, self.ids, *([] if self.labels is None else [self.labels]))}
        assert len(lengths) == 1, f"columns of different lengths: {sorted(lengths)}"

    def __len__(self) -> int:
        return len(self.ids)

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
