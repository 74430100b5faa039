"""One quantity over the steps of a stage: millions of values in bounded memory, and no spike is ever lost."""

from __future__ import annotations

import math
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

_LAST_STEP = 2**62
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

    The last bucket is open: it lies in plain numbers beside the arrays until a later one begins.
    """

    def __init__(self, most_buckets: int = MOST_BUCKETS) -> None:
        self.last: float | None = None
        """The newest value, finite or not."""
        self.last_step = -1
        """The newest step; -1 where there is none."""
        self.width = 1
        """Steps that a bucket stands for: a power of two."""
        self._most = max(4, most_buckets)
        self._arrays = _Arrays(min(256, self._most))
        self._closed = 0
        # The open bucket's number, -1 while there is none; then what is in it.
        self._bucket = -1
        self._step = 0
        self._low, self._high, self._sum = math.inf, -math.inf, 0.0
        self._count, self._bad = 0, False

    def __len__(self) -> int:
        return self._closed + (self._bucket >= 0)

    @property
    def first_step(self) -> int:
        """The oldest step; -1 where there is none."""
        return int(self._arrays.step[0]) if self._closed else self._step if self._bucket >= 0 else -1

    @property
    def nbytes(self) -> int:
        """Memory that the buckets take."""
        return self._arrays.nbytes

    def add(self, step: int, mean: float, low: float, high: float, count: int = 1) -> None:
        """Takes the values of `count` turns up to a step: their mean, least and greatest.

        A mean that is not finite marks its bucket; finite extremes beside it count all the same. A step below the last
        one says that turns are played again: what was from there on is forgotten.
        """
        if step < self.last_step:
            self.forget_from(step)
        if step // self.width != self._bucket:
            step = min(max(0, step), _LAST_STEP)
            self._fold()
            # Folding may have reopened the very bucket that this step belongs to.
            if step // self.width != self._bucket:
                self._open(step // self.width, step)
        self.last_step = step
        self.last = mean
        if not -LARGEST <= low <= mean <= high <= LARGEST:
            self._bad = self._bad or not math.isfinite(mean)
            finite = [value for value in (low, mean, high) if math.isfinite(value)]
            if not finite:
                return
            low, high = _storable(min(finite)), _storable(max(finite))
            mean, count = (max(low, min(high, mean)), count) if math.isfinite(mean) else (0.0, 0)
        # A call of min() would cost as much as the rest.
        if low < self._low:  # noqa: PLR1730
            self._low = low
        if high > self._high:  # noqa: PLR1730
            self._high = high
        self._sum += mean * count
        self._count += count

    def forget_from(self, step: int) -> None:
        """Forgets all steps from this one on: a resumed run plays them again, and the later one counts.

        Of a bucket that this cuts through, the values stay: they cannot be told apart any more.
        """
        if self._bucket < 0 or step > self.last_step:
            return
        if step <= self.first_step:
            self.last, self.last_step, self._closed, self._bucket = None, -1, 0, -1
            return
        used = self._whole()
        self._closed = int(np.searchsorted(self._arrays.step[:used], step))
        self._reopen()
        self.last_step = self._step if self.width == 1 else min(step - 1, self._step + self.width - 1)
        self.last = self._sum / self._count if self._count else math.nan

    def columns(self, edges: ArrayLike) -> Columns:
        """What lies from each edge up to, not including, the next: k + 1 whole steps that never fall give k columns."""
        bounds = np.asarray(edges, dtype=np.int64)
        found = _no_columns(max(0, len(bounds) - 1))
        used = self._whole()
        if not used or not len(found.count):
            return found
        arrays = self._arrays
        places = np.searchsorted(arrays.step[:used], bounds)
        filled = places[:-1] < places[1:]
        starts, end = places[:-1][filled], int(places[-1])
        if not len(starts):
            return found
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
        place = int(np.searchsorted(self._arrays.step[: self._whole()], step, side="right")) - 1
        if place < 0:
            return None
        count = int(self._arrays.count[place])
        return float(self._arrays.sum[place]) / count if count else math.nan

    def points(self) -> Points:
        """A copy of all buckets."""
        used = self._whole()
        steps = self._arrays.step[:used].copy()
        found = self.columns(np.append(steps, _LAST_STEP)) if used else _no_columns(0)
        return Points(found.low, found.high, found.mean, found.count, found.bad, steps)

    def _whole(self) -> int:
        """Writes the open bucket behind the closed ones, where it stays open; gives how many there are then."""
        if self._bucket < 0:
            return 0
        if self._closed == len(self._arrays.step):
            self._arrays.grow(min(2 * self._closed, self._most))
        arrays, place = self._arrays, self._closed
        arrays.step[place] = self._step
        arrays.low[place], arrays.high[place] = self._low, self._high
        arrays.sum[place], arrays.count[place], arrays.bad[place] = (
            self._sum,
            min(self._count, _LARGEST_COUNT),
            self._bad,
        )
        return place + 1

    def _open(self, bucket: int, step: int) -> None:
        """Begins a bucket behind those in the arrays."""
        self._closed = self._whole()
        self._bucket, self._step = bucket, step
        self._low, self._high, self._sum = math.inf, -math.inf, 0.0
        self._count, self._bad = 0, False

    def _fold(self) -> None:
        """Where there is no room for another bucket, joins neighbours; the last one is open again."""
        used = self._whole()
        if used < self._most:
            return
        while used > self._most * 3 // 4:
            self.width *= 2
            used = self._arrays.fold(used, self.width)
        self._closed = used
        self._reopen()

    def _reopen(self) -> None:
        """Takes the last closed bucket back out of the arrays."""
        self._closed -= 1
        arrays, place = self._arrays, self._closed
        self._step = int(arrays.step[place])
        self._bucket = self._step // self.width
        self._low, self._high = float(arrays.low[place]), float(arrays.high[place])
        self._sum, self._count = float(arrays.sum[place]), int(arrays.count[place])
        self._bad = bool(arrays.bad[place])


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
        return sum(array.nbytes for array in vars(self).values())

    def grow(self, room: int) -> None:
        """Makes room for so many buckets."""
        for name, array in vars(self).items():
            grown = np.zeros(room, array.dtype)
            grown[: len(array)] = array
            setattr(self, name, grown)

    def fold(self, used: int, width: int) -> int:
        """Joins the buckets that lie in the same `width` steps; gives how many are left."""
        buckets = self.step[:used] // width
        starts = np.flatnonzero(np.append(True, buckets[1:] != buckets[:-1]))
        counts = np.add.reduceat(self.count[:used], starts, dtype=np.int64)
        left = len(starts)
        self.low[:left] = np.minimum.reduceat(self.low[:used], starts)
        self.high[:left] = np.maximum.reduceat(self.high[:used], starts)
        self.sum[:left] = np.add.reduceat(self.sum[:used], starts)
        self.count[:left] = np.minimum(counts, _LARGEST_COUNT)
        self.bad[:left] = np.maximum.reduceat(self.bad[:used], starts)
        self.step[:left] = self.step[starts]
        return left


def _storable(value: float) -> float:
    return max(-LARGEST, min(LARGEST, value))


def _no_columns(count: int) -> Columns:
    low, high, mean = (np.full(count, np.nan) for _ in range(3))
    return Columns(low, high, mean, np.zeros(count, np.int64), np.zeros(count, np.bool_))
