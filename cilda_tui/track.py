"""Which step of a stage was at which epoch, at which time and after how many texts: what other axes need."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cilda_tui.series import Bools, Floats

Places = NDArray[np.intp]

AXES = ("step", "epoch", "time", "texts")
"""What may lie along a chart. Time counts seconds from the track's beginning."""

MOST_KNOTS = 4096
"""Beyond so many, every second one is dropped; between knots the line is straight."""

_Knot = tuple[int, float, float, float, float]
_COLUMNS = {"epoch": 2, "time": 3, "texts": 4}
# Anything larger is damage, and would spoil the arithmetic of the rest.
_LARGEST = 1e15
# What lies closer together counts as one.
_LEAST_RISE = 1e-9


class Track:
    """Steps and what else is known of them, as knots of a broken line that never falls.

    Knots lie `spacing` steps apart; the newest step is always one, and lies in plain numbers until it stays.
    """

    def __init__(self, most_knots: int = MOST_KNOTS) -> None:
        self.spacing = 1
        self.last_step = -1
        """The newest step; -1 where there is none."""
        self._most = max(4, most_knots)
        # Rows of step, Unix seconds as they were read, and what never falls: epoch, time, texts.
        self._knots = np.zeros((min(256, self._most + 1), 5))
        self._used = 0
        # The number of the last knot's stretch of `spacing` steps.
        self._stretch = -1
        self._newest: _Knot | None = None
        # What to add to the clock for seconds since the beginning, and how it stood last.
        self._shift = 0.0
        self._clock = math.nan

    @property
    def first_step(self) -> int:
        """The oldest step; -1 where there is none."""
        return int(self._rows()[0, 0]) if self._newest else -1

    @property
    def nbytes(self) -> int:
        """Memory that the knots take."""
        return self._knots.nbytes

    def has(self, axis: str) -> bool:
        """Whether anything is known of an axis."""
        return axis == "step" or (self._newest is not None and not math.isnan(self._newest[_COLUMNS[axis]]))

    def add(self, step: int, epoch: float | None, seconds: float, texts: float | None) -> None:
        """Takes what is known of a step: passes and texts so far, and Unix seconds by the writer's clock.

        A step before the newest tells nothing new. A clock that was set back goes on from where it was.
        """
        if step < self.last_step or not abs(seconds) < _LARGEST:
            return
        step = min(max(0, step), 2**52)
        newest = self._newest
        if newest is None:
            self._shift = -seconds
            reached_epoch, reached, reached_texts = math.nan, 0.0, math.nan
        else:
            _, _, reached_epoch, reached, reached_texts = newest
            if seconds < self._clock:
                self._shift += self._clock - seconds
            if step > newest[0] and newest[0] // self.spacing != self._stretch:
                self._keep(newest)
        self._clock = seconds
        if epoch is not None and not epoch < reached_epoch and abs(epoch) < _LARGEST:
            reached_epoch = epoch
        if texts is not None and not texts < reached_texts and abs(texts) < _LARGEST:
            reached_texts = texts
        # Adding up may lose what the last digit says.
        passed = seconds + self._shift
        self._newest = (step, seconds, reached_epoch, max(passed, reached), reached_texts)
        self.last_step = step

    def forget_from(self, step: int) -> None:
        """Forgets all steps from this one on: a resumed run plays them again."""
        if step > self.last_step:
            return
        rows = self._rows()
        left = int(np.searchsorted(rows[:, 0], step))
        self._newest, self.last_step = None, -1
        if left:
            known, clock, epoch, passed, texts = rows[left - 1].tolist()
            self._newest, self.last_step = (int(known), clock, epoch, passed, texts), int(known)
        self._used = max(0, left - 1)
        self._stretch = int(rows[self._used - 1, 0]) // self.spacing if self._used else -1

    def to_steps(self, axis: str, values: ArrayLike) -> Floats:
        """The first step, with fractions, at which an axis has reached each value.

        Beyond both ends it goes on evenly. An axis of which nothing is known counts steps.
        """
        wanted = np.asarray(values, np.float64)
        steps, reached = self._known(axis)
        if not len(steps):
            return wanted.copy()
        right = np.searchsorted(reached, wanted)
        inside = np.clip(right, 1, max(1, len(steps) - 1))
        return _along(wanted, inside, reached, steps, after=right == len(steps))

    def from_steps(self, axis: str, steps: ArrayLike) -> Floats:
        """What an axis has reached at each step; beyond both ends as if it went on evenly."""
        wanted = np.asarray(steps, np.float64)
        known, reached = self._known(axis)
        if not len(known):
            return wanted.copy()
        right = np.searchsorted(known, wanted)
        inside = np.clip(right, 1, max(1, len(known) - 1))
        return _along(wanted, inside, known, reached, after=np.zeros(wanted.shape, np.bool_))

    def step_at(self, seconds: float) -> int:
        """The newest step at a moment in Unix seconds; one before the first where there was none yet."""
        rows = self._rows()
        steps, clock = rows[:, 0], rows[:, 1]
        until = np.flatnonzero(clock <= seconds)
        if not len(until):
            return self.first_step - 1 if self._newest else -1
        place = int(until[-1])
        if place + 1 == len(rows):
            return self.last_step
        passed = (seconds - clock[place]) / (clock[place + 1] - clock[place])
        return int(steps[place] + passed * (steps[place + 1] - steps[place]))

    def clock_at(self, step: float) -> float | None:
        """Unix seconds at a step; None where nothing is known."""
        rows = self._rows()
        return float(np.interp(step, rows[:, 0], rows[:, 1])) if len(rows) else None

    def _known(self, axis: str) -> tuple[Floats, Floats]:
        """The knots at which something is known of an axis, steps and values."""
        if axis not in _COLUMNS or not self.has(axis):
            return np.zeros(0), np.zeros(0)
        rows = self._rows()
        values = rows[:, _COLUMNS[axis]]
        first = int(np.searchsorted(np.isfinite(values), True))
        return rows[first:, 0], values[first:]

    def _rows(self) -> Floats:
        """All knots, the newest step behind them."""
        if self._newest is None:
            return self._knots[:0]
        self._knots[self._used] = self._newest
        return self._knots[: self._used + 1]

    def _keep(self, knot: _Knot) -> None:
        """Makes the newest step a knot for good."""
        self._knots[self._used] = knot
        self._used += 1
        if self._used == self._most:
            self._thin()
        elif self._used == len(self._knots):
            self._knots = np.resize(self._knots, (min(2 * self._used, self._most + 1), 5))
        self._stretch = int(self._knots[self._used - 1, 0]) // self.spacing

    def _thin(self) -> None:
        """Keeps the first knot of each stretch, twice as long as before or longer."""
        while self._used > self._most * 3 // 4:
            self.spacing *= 2
            stretches = self._knots[: self._used, 0] // self.spacing
            kept = np.flatnonzero(np.append(True, stretches[1:] != stretches[:-1]))
            self._knots[: len(kept)] = self._knots[kept]
            self._used = len(kept)


def _along(wanted: Floats, right: Places, x: Floats, y: Floats, *, after: Bools) -> Floats:
    """The broken line through x and y, left of the knots `right`; outside with the slope of the whole."""
    slope = (y[-1] - y[0]) / (x[-1] - x[0]) if x[-1] - x[0] > _LEAST_RISE else 0.0
    left = right - 1
    right = np.minimum(right, len(x) - 1)
    rise = x[right] - x[left]
    part = np.divide(wanted - x[left], rise, out=np.ones_like(wanted), where=rise > _LEAST_RISE)
    found = y[left] + part * (y[right] - y[left])
    found = np.where(wanted <= x[0], y[0] + (wanted - x[0]) * slope, found)
    beyond = y[-1] + (wanted - x[-1]) * slope
    # Where everything happened at once, what comes later comes after all of it.
    beyond = np.where(after & (slope == 0), y[-1] + 1, beyond)
    result: Floats = np.where(wanted > x[-1], beyond, found)
    return result
