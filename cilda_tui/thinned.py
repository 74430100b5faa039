"""A bounded list of what happened: the newest whole, the older ones thinned evenly."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

Item = TypeVar("Item")


class Thinned(Sequence[Item], Generic[Item]):
    """At most `most` items that weigh `heaviest` together, oldest first.

    When there is no more room, of those older than the newest quarter every second stays, then every fourth, and so
    on: what is left lies evenly over the whole past. `until` finds by time, and time never falls here: an item of a
    clock that was set back stands at the time of the one before it.
    """

    def __init__(
        self, most: int, *, heaviest: float = float("inf"), weigh: Callable[[Item], float] | None = None
    ) -> None:
        self._most = max(4, most)
        self._heaviest = heaviest
        self._weigh = weigh
        self._items: list[Item] = []
        self._seconds: list[float] = []
        self._numbers: list[int] = []
        self._weights: list[float] = []
        self._weight = 0.0
        self._number = 0
        self._stride = 1

    def add(self, seconds: float, item: Item) -> None:
        """Takes the newest item."""
        weight = self._weigh(item) if self._weigh else 0.0
        self._items.append(item)
        self._seconds.append(max(seconds, self._seconds[-1]) if self._seconds else seconds)
        self._numbers.append(self._number)
        self._weights.append(weight)
        self._number += 1
        self._weight += weight
        if len(self._items) > self._most or self._weight > self._heaviest:
            self._thin()

    def until(self, seconds: float) -> Sequence[Item]:
        """Those up to a time."""
        return self._items[: bisect_right(self._seconds, seconds)]

    def at(self, seconds: float) -> Item | None:
        """The newest at a time; None before the first."""
        place = bisect_right(self._seconds, seconds)
        return self._items[place - 1] if place else None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        return self._items[place]

    @property
    def weight(self) -> float:
        """What all together weigh."""
        return self._weight

    def _thin(self) -> None:
        newest = self._most // 4
        while True:
            # So many of the newest as weigh less than half of what all may; one at least.
            weight, kept = 0.0, 0
            for one in reversed(self._weights[-newest:]):
                weight += one
                if kept and weight > self._heaviest / 2:
                    break
                kept += 1
            first = len(self._items) - kept
            places = [
                place for place, number in enumerate(self._numbers) if place >= first or number % self._stride == 0
            ]
            self._items = [self._items[place] for place in places]
            self._seconds = [self._seconds[place] for place in places]
            self._numbers = [self._numbers[place] for place in places]
            self._weights = [self._weights[place] for place in places]
            self._weight = sum(self._weights)
            # With some room to spare, so that this is rarely done.
            if len(self._items) <= self._most * 7 // 8 and self._weight <= self._heaviest * 7 / 8:
                return
            if self._stride > self._number:
                return
            self._stride *= 2
