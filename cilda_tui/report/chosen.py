"""Which rewrites a report shows as examples, chosen in one pass over any number of them."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cilda.rewrites.rewrite import Rewrite

_SEED = 20261122
"""The same run gives the same page."""


@dataclass(frozen=True)
class Examples:
    """Some of many rewrites; a rewrite may stand in several of the lists."""

    gained: tuple[Rewrite, ...]
    """Those that drove teacher and student furthest apart, the furthest first."""
    flipped: tuple[Rewrite, ...]
    """Drawn among those that made the teacher or the student say another class, in the order of time."""
    drawn: tuple[Rewrite, ...]
    """Drawn among all, in the order of time."""
    seen: int
    """How many there were."""
    flips: int
    """How many of them made one of the two say another class."""


class Chooser:
    """Looks at rewrites as they pass, and keeps `most` for each list."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._gained: list[tuple[float, int, Rewrite]] = []
        self._flipped = _Reservoir(most, _SEED)
        self._drawn = _Reservoir(most, _SEED + 1)

    def passing(self, rewrites: Iterable[Rewrite]) -> Iterator[Rewrite]:
        """The same rewrites, each looked at."""
        for rewrite in rewrites:
            self.look(rewrite)
            yield rewrite

    def look(self, rewrite: Rewrite) -> None:
        """Takes one rewrite into account."""
        place = self._drawn.seen
        self._drawn.offer(place, rewrite)
        if rewrite.teacher_flips or rewrite.student_flips:
            self._flipped.offer(place, rewrite)
        gain = rewrite.gain
        if gain is not None and math.isfinite(gain) and gain > 0 and self._most:
            # Of equal ones the earlier stays.
            found = (gain, -place, rewrite)
            if len(self._gained) < self._most:
                heapq.heappush(self._gained, found)
            elif found[:2] > self._gained[0][:2]:
                heapq.heapreplace(self._gained, found)

    @property
    def examples(self) -> Examples:
        """What was chosen so far."""
        ordered = sorted(self._gained, key=lambda found: (-found[0], -found[1]))
        return Examples(
            gained=tuple(rewrite for _, _, rewrite in ordered),
            flipped=self._flipped.kept(),
            drawn=self._drawn.kept(),
            seen=self._drawn.seen,
            flips=self._flipped.seen,
        )


class _Reservoir:
    """An even sample of what is offered, whose number nobody knows before.

    Source: Vitter 1985, "Random sampling with a reservoir", algorithm R.
    """

    def __init__(self, most: int, seed: int) -> None:
        self.seen = 0
        self._most = most
        self._random = random.Random(seed)
        self._kept: list[tuple[int, Rewrite]] = []

    def offer(self, place: int, rewrite: Rewrite) -> None:
        self.seen += 1
        if len(self._kept) < self._most:
            self._kept.append((place, rewrite))
            return
        chosen = self._random.randrange(self.seen)
        if chosen < self._most:
            self._kept[chosen] = (place, rewrite)

    def kept(self) -> tuple[Rewrite, ...]:
        return tuple(rewrite for _, rewrite in sorted(self._kept, key=lambda found: found[0]))
