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

# Anything larger is damage, and would spoil the arithmetic of the rest.
_LARGEST = 1e15
# What lies closer together counts as one.
_LEAST_RISE = 1e-9


class Track:
    """Steps and what else is known of them, as knots of a broken line that never falls.

    Knots lie `spacing` steps apart; the newest step is always one.
    """

    def __init__(self, most_knots: int = MOST_KNOTS) -> None:
        self.spacing = 1
        self._most = max(4, most_knots)
        self._used = 0
        self._steps = np.zeros(min(256, self._most), np.int64)
        # Unix seconds as they were read, and by axis what never falls.
        self._clock = np.zeros(len(self._steps))
        self._axes = {axis: np.zeros(len(self._steps)) for axis in AXES[1:]}
        self._reached = dict.fromkeys(AXES[1:], math.nan)
        # What to add to the clock for seconds since the beginning, and how it stood last.
        self._shift = 0.0
        self._newest_clock = math.nan

    @property
    def first_step(self) -> int:
        """The oldest step; -1 where there is none."""
        return int(self._steps[0]) if self._used else -1

    @property
    def last_step(self) -> int:
        """The newest step; -1 where there is none."""
        return int(self._steps[self._used - 1]) if self._used else -1

    @property
    def nbytes(self) -> int:
        """Memory that the knots take."""
        return sum(array.nbytes for array in (self._steps, self._clock, *self._axes.values()))

    def has(self, axis: str) -> bool:
        """Whether anything is known of an axis."""
        return axis == "step" or (self._used > 0 and not math.isnan(self._reached.get(axis, math.nan)))

    def add(self, step: int, epoch: float | None, seconds: float, texts: float | None) -> None:
        """Takes what is known of a step: passes and texts so far, and Unix seconds by the writer's clock.

        A step before the newest tells nothing new. A clock that was set back goes on from where it was.
        """
        step = min(max(0, step), 2**62)
        if (self._used and step < self.last_step) or not abs(seconds) < _LARGEST:
            return
        if not self._used:
            self._shift = -seconds
        elif seconds < self._newest_clock:
            self._shift += self._newest_clock - seconds
        self._newest_clock = seconds
        place = self._place(step)
        self._steps[place], self._clock[place] = step, seconds
        for axis, value in (("epoch", epoch), ("time", seconds + self._shift), ("texts", texts)):
            if value is not None and abs(value) < _LARGEST and not value < self._reached[axis]:
                self._reached[axis] = value
            self._axes[axis][place] = self._reached[axis]
        self._used = place + 1

    def forget_from(self, step: int) -> None:
        """Forgets all steps from this one on: a resumed run plays them again."""
        self._used = int(np.searchsorted(self._steps[: self._used], step))
        for axis, values in self._axes.items():
            self._reached[axis] = float(values[self._used - 1]) if self._used else math.nan

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
        clock, steps = self._clock[: self._used], self._steps[: self._used]
        until = np.flatnonzero(clock <= seconds)
        if not len(until):
            return self.first_step - 1 if self._used else -1
        place = int(until[-1])
        if place + 1 == self._used:
            return self.last_step
        passed = (seconds - clock[place]) / (clock[place + 1] - clock[place])
        return int(steps[place] + passed * (steps[place + 1] - steps[place]))

    def clock_at(self, step: float) -> float | None:
        """Unix seconds at a step; None where nothing is known."""
        if not self._used:
            return None
        return float(np.interp(step, self._steps[: self._used], self._clock[: self._used]))

    def _known(self, axis: str) -> tuple[Floats, Floats]:
        """The knots at which something is known of an axis, steps and values."""
        if axis not in self._axes or not self.has(axis):
            return np.zeros(0), np.zeros(0)
        values = self._axes[axis][: self._used]
        first = int(np.searchsorted(np.isfinite(values), True))
        return self._steps[first : self._used].astype(np.float64), values[first:]

    def _place(self, step: int) -> int:
        """Where the knot of a step goes: over the newest one, unless that is the first of its `spacing` steps."""
        used, steps = self._used, self._steps
        if used and steps[used - 1] == step:
            return used - 1
        if used > 1 and steps[used - 1] // self.spacing == steps[used - 2] // self.spacing:
            return used - 1
        if used == self._most:
            used = self._thin()
        elif used == len(steps):
            self._grow(min(2 * used, self._most))
        return used

    def _grow(self, room: int) -> None:
        self._steps, self._clock = np.resize(self._steps, room), np.resize(self._clock, room)
        self._axes = {axis: np.resize(values, room) for axis, values in self._axes.items()}

    def _thin(self) -> int:
        """Keeps the first knot of each stretch, twice as long as before or longer; gives how many are left."""
        used = self._used
        while used > self._most * 3 // 4:
            self.spacing *= 2
            stretches = self._steps[:used] // self.spacing
            kept = np.flatnonzero(np.append(True, stretches[1:] != stretches[:-1]))
            for array in (self._steps, self._clock, *self._axes.values()):
                array[: len(kept)] = array[kept]
            used = len(kept)
        return used


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
