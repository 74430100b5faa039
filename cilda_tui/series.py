"""One quantity over the steps of a stage: millions of values in bounded memory, and no spike is ever lost."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST_BUCKETS = 32_768
"""Beyond so many, neighbours are folded together: 29 bytes each, so less than 1 MB a series."""

LARGEST = float(np.finfo(np.float32).max)
"""Larger amounts are kept as this one: values are stored in seven digits, as runs write them."""

# Numbers this large are still whole as float64.
_LAST_STEP = 2**52
# 256 rows of five numbers.
_MOST_WAITING = 1280
_LARGEST_COUNT = 2**31 - 1


@dataclass(frozen=True)
class Columns:
    """What a series holds in each of k stretches of steps. Where that is nothing, amounts are NaN."""

    low: Floats
    high: Floats
    mean: Floats
    count: Ints
    """Turns whose values were finite."""
    bad: Bools
    """Whether a value was not finite."""


@dataclass(frozen=True)
class Points(Columns):
    """All that a series holds, bucket by bucket."""

    step: Ints
    """The first step of each bucket."""


class Series:
    """Values by step, steps rising. A bucket holds the values of `width` steps, counted from 0; at first that is one.

    New values wait in a plain row of numbers until they are many, or until somebody reads.
    """

    def __init__(self, most_buckets: int = MOST_BUCKETS) -> None:
        self.last: float | None = None
        """The newest value, finite or not."""
        self.last_step = -1
        """The newest step; -1 where there is none."""
        self._width = 1
        self._most = max(4, most_buckets)
        self._used = 0
        self._arrays = _Arrays(256)
        self._waiting = array("d")

    def __len__(self) -> int:
        self._take()
        return self._used

    @property
    def width(self) -> int:
        """Steps that a bucket stands for: a power of two."""
        self._take()
        return self._width

    @property
    def first_step(self) -> int:
        """The oldest step; -1 where there is none."""
        self._take()
        return int(self._arrays.step[0]) if self._used else -1

    @property
    def nbytes(self) -> int:
        """Memory that all of it takes."""
        return self._arrays.nbytes + len(self._waiting) * self._waiting.itemsize

    def add(self, step: int, mean: float, low: float, high: float, count: int = 1) -> None:
        """Takes the values of `count` turns up to a step: their mean, least and greatest.

        A mean that is not finite marks its bucket; finite extremes beside it count all the same. A step below the last
        one says that turns are played again: what was from there on is forgotten.
        """
        if step < self.last_step or not 0 <= step <= _LAST_STEP:
            step = min(max(0, step), _LAST_STEP)
            if step < self.last_step:
                self.forget_from(step)
        self.last_step = step
        self.last = mean
        self._waiting.extend((step, mean, low, high, count))
        if len(self._waiting) >= _MOST_WAITING:
            self._take()

    def forget_from(self, step: int) -> None:
        """Forgets all steps from this one on: a resumed run plays them again, and the later one counts.

        Of a bucket that this cuts through, the values stay: they cannot be told apart any more.
        """
        if step > self.last_step:
            return
        self._take()
        arrays = self._arrays
        self._used = int(np.searchsorted(arrays.step[: self._used], step))
        if not self._used:
            self.last, self.last_step = None, -1
            return
        place = self._used - 1
        begins, count = int(arrays.step[place]), int(arrays.count[place])
        self.last_step = begins if self._width == 1 else min(step - 1, begins | (self._width - 1))
        self.last = float(arrays.sum[place]) / count if count else math.nan

    def columns(self, edges: ArrayLike) -> Columns:
        """What lies from each edge up to, not including, the next: k + 1 whole steps that never fall give k columns."""
        bounds = np.asarray(edges, dtype=np.int64)
        found = _no_columns(max(0, len(bounds) - 1))
        self._take()
        arrays = self._arrays
        places = np.searchsorted(arrays.step[: self._used], bounds)
        filled = places[:-1] < places[1:]
        starts = places[:-1][filled]
        if not len(starts):
            return found
        end = int(places[-1])
        counts = np.add.reduceat(arrays.count[:end], starts, dtype=np.int64)
        lows, highs = np.minimum.reduceat(arrays.low[:end], starts), np.maximum.reduceat(arrays.high[:end], starts)
        # Of a bucket that never saw a finite value the extremes are infinite, the wrong way round.
        some = lows <= highs
        found.low[filled] = np.where(some, lows, np.nan)
        found.high[filled] = np.where(some, highs, np.nan)
        found.count[filled] = counts
        sums = np.add.reduceat(arrays.sum[:end], starts)
        found.mean[filled] = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
        found.bad[filled] = np.maximum.reduceat(arrays.bad[:end], starts)
        return found

    def at(self, step: int) -> float | None:
        """The newest value at or before a step, as its bucket's mean: NaN if not finite, None if there is none."""
        if step >= self.last_step:
            return self.last
        self._take()
        place = int(np.searchsorted(self._arrays.step[: self._used], step, side="right")) - 1
        if place < 0:
            return None
        count = int(self._arrays.count[place])
        return float(self._arrays.sum[place]) / count if count else math.nan

    def points(self) -> Points:
        """A copy of all buckets."""
        self._take()
        steps = self._arrays.step[: self._used].copy()
        found = self.columns(np.append(steps, _LAST_STEP + 1))
        return Points(found.low, found.high, found.mean, found.count, found.bad, steps)

    def _take(self) -> None:
        """Puts what waits into the buckets, folding where they become too many."""
        if not self._waiting:
            return
        rows = np.frombuffer(self._waiting).reshape(-1, 5)
        self._waiting = array("d")
        begin, end = max(0, self._used - 1), self._used + len(rows)
        if end > len(self._arrays.step):
            self._arrays.grow(min(2 * end, self._most + _MOST_WAITING))
        self._arrays.put(self._used, rows)
        self._used = begin + self._arrays.fold(begin, end, self._width)
        # No further than needed: so it does not matter how many waited. Widths only grow, so that folding is rare.
        while self._used > self._most:
            self._width *= 2
            self._used = self._arrays.fold(0, self._used, self._width)


class _Arrays:
    """The buckets, a column for each of their parts."""

    def __init__(self, room: int) -> None:
        self.step = np.zeros(room, np.int64)
        self.low = np.zeros(room, np.float32)
        self.high = np.zeros(room, np.float32)
        self.sum = np.zeros(room, np.float64)
        self.count = np.zeros(room, np.int32)
        self.bad = np.zeros(room, np.bool_)

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in vars(self).values())

    def grow(self, room: int) -> None:
        """Makes room for so many buckets."""
        for name, column in vars(self).items():
            grown = np.zeros(room, column.dtype)
            grown[: len(column)] = column
            setattr(self, name, grown)

    def put(self, place: int, rows: Floats) -> None:
        """Writes rows of step, mean, low, high and count from a place on, a bucket each."""
        step, mean, low, high, count = rows.T
        finite = np.isfinite(mean)
        if not ((low >= -LARGEST) & (low <= mean) & (mean <= high) & (high <= LARGEST)).all():
            amounts = np.clip(rows[:, 1:4], -LARGEST, LARGEST)
            some = np.isfinite(rows[:, 1:4])
            # Of a row without any finite number the extremes are infinite, the wrong way round.
            low = np.where(some, amounts, np.inf).min(axis=1)
            high = np.where(some, amounts, -np.inf).max(axis=1)
            mean, count = np.where(finite, amounts[:, 0], 0.0), np.where(finite, count, 0.0)
        rows_end = place + len(rows)
        self.step[place:rows_end] = step
        self.low[place:rows_end] = low
        self.high[place:rows_end] = high
        self.sum[place:rows_end] = mean * count
        self.count[place:rows_end] = np.clip(count, 0, _LARGEST_COUNT)
        self.bad[place:rows_end] = ~finite

    def fold(self, begin: int, end: int, width: int) -> int:
        """Joins the buckets from `begin` up to `end` that lie in the same `width` steps; gives how many are left."""
        buckets = self.step[begin:end] // width
        starts = begin + np.flatnonzero(np.append(True, buckets[1:] != buckets[:-1]))
        left = len(starts)
        if left == end - begin:
            return left
        kept = slice(begin, begin + left)
        counts = np.add.reduceat(self.count[:end], starts, dtype=np.int64)
        self.low[kept] = np.minimum.reduceat(self.low[:end], starts)
        self.high[kept] = np.maximum.reduceat(self.high[:end], starts)
        self.sum[kept] = np.add.reduceat(self.sum[:end], starts)
        self.count[kept] = np.minimum(counts, _LARGEST_COUNT)
        self.bad[kept] = np.maximum.reduceat(self.bad[:end], starts)
        self.step[kept] = self.step[starts]
        return left


def _no_columns(count: int) -> Columns:
    low, high, mean = (np.full(count, np.nan) for _ in range(3))
    return Columns(low, high, mean, np.zeros(count, np.int64), np.zeros(count, np.bool_))
