"""Counting more things than fit into memory: the frequent ones stay, and are known to be nearly right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Counts(Generic[Thing]):
    """Counts of things, of which the rarest are dropped when there are more than `most` different ones.

    A count is never too high. What was dropped and comes again begins anew, and may be dropped again: it is too low by
    `error` at most, the sum over all drops of the largest count that each took away. Source: Manku and Motwani 2002,
    "Approximate frequency counts over data streams", with a budget of things instead of an error.
    """

    def __init__(self, most: int = 50_000) -> None:
        self.error = 0
        self._most = most
        self._counts: Counter[Thing] = Counter()

    def add(self, thing: Thing, times: int = 1) -> None:
        """Counts a thing."""
        self._counts[thing] += times
        if len(self._counts) > self._most:
            self._drop()

    def top(self, number: int) -> list[tuple[Thing, int]]:
        """The most frequent, by falling count; equals in the order of their first coming."""
        return self._counts.most_common(number)

    def __getitem__(self, thing: Thing) -> int:
        return self._counts[thing]

    def _drop(self) -> None:
        """Drops the rarer half."""
        ranked = self._counts.most_common()
        kept = self._most // 2
        self.error += ranked[kept][1]
        self._counts = Counter(dict(ranked[:kept]))
