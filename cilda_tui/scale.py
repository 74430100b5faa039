"""A chart's vertical axis: bounds and ticks on round numbers, which change rarely, and their labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cilda_tui.series import Floats, Ints

SMALLEST = 1e-45
"""The least that a logarithmic axis can show: what is smaller is stored as 0."""

_MOST_INTERVALS = 8
_LABEL_CELLS = 6
# Seven digits are kept of a value: a smaller difference is noise.
_NOISE = 1e-6


@dataclass(frozen=True)
class Scale:
    """Bounds, and the ticks between them with their labels, from the lowest up."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    log: bool = False

    def levels(self, values: Floats, dots: int) -> Floats:
        """At which of so many dots, counted from the lowest as 0, each value lies; NaN stays NaN.

        On a logarithmic scale, what is not above 0 lies below the lowest dot.
        """
        low, high = self.low, self.high
        if self.log:
            low, high = math.log10(low), math.log10(high)
            values = np.log10(values, out=np.full(len(values), low - 1), where=~(values <= 0))
        return (values - low) / (high - low) * (dots - 1)

    def dots(self, values: Floats, dots: int) -> Ints:
        """The same as whole dots, at most one outside of the scale; `NO_DOT` where there is no value."""
        levels = np.minimum(np.maximum(np.rint(self.levels(values, dots)), -1), dots)
        return np.where(np.isnan(levels), NO_DOT, levels).astype(np.int64)


NO_DOT = -1_000_000


def scale_of(low: float, high: float, *, log: bool = False, rows: int = 12) -> Scale:
    """The scale for values from low to high (on a logarithmic one both above 0) on so many rows of cells."""
    return _logarithmic(low, high, rows) if log else _linear(low, high, rows)


def _linear(low: float, high: float, rows: int) -> Scale:
    low, high = _apart(low, high)
    most = _MOST_INTERVALS if rows >= _MOST_INTERVALS else _MOST_INTERVALS // 2
    power = math.floor(math.log10(high - low)) - 2
    while True:
        for digit in (1, 2, 5):
            step = digit * 10.0**power
            first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
            if last - first <= most:
                ticks = [_decimal(place * digit, power) for place in range(first, last + 1)]
                kept = _spread(first, last, rows)
                return Scale(
                    ticks[0],
                    ticks[-1],
                    tuple(ticks[place - first] for place in kept),
                    tuple(_labels([place * digit for place in kept], power)),
                )
        power += 1


def _logarithmic(low: float, high: float, rows: int) -> Scale:
    low, high = max(low, SMALLEST), max(high, SMALLEST)
    if high < 5 * low:
        near = _linear(low, high, rows)
        if near.low > 0:
            return Scale(near.low, near.high, near.ticks, near.labels, log=True)
        low, high = low / 2, high * 2
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    grid = [(digit, power) for power in range(first, last + 1) for digit in (1, 2, 5)]
    below = [place for place, mark in enumerate(grid) if _decimal(*mark) <= low * (1 + 1e-9)]
    above = [place for place, mark in enumerate(grid) if _decimal(*mark) >= high * (1 - 1e-9)]
    grid = grid[below[-1] : above[0] + 1]
    most = max(2, rows // 2)
    kept = grid
    if len(kept) > most:
        decades = [mark for mark in grid if mark[0] == 1]
        every = next(every for every in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500) if len(decades) <= every * most)
        kept = [mark for mark in decades if mark[1] % every == 0]
    if len(kept) < 2:
        kept = [grid[0], grid[-1]]
    labels = [_labels([digit], power)[0] for digit, power in kept]
    return Scale(
        _decimal(*grid[0]), _decimal(*grid[-1]), tuple(_decimal(*mark) for mark in kept), tuple(labels), log=True
    )


def _apart(low: float, high: float) -> tuple[float, float]:
    """Bounds with room between them, also around a single value."""
    low, high = max(-1e300, min(low, high)), min(1e300, max(low, high))
    size = max(abs(low), abs(high))
    if size < 1e-290:
        return 0.0, 1.0
    return (low - size / 10, high + size / 10) if high - low <= _NOISE * size else (low, high)


def _spread(first: int, last: int, rows: int) -> list[int]:
    """Which of the ticks are labelled: as many as leave a row between them, on the rounder numbers."""
    apart = max(1, rows - 1) / max(1, last - first)
    every = next((every for every in (1, 2, 4, 5) if every * apart >= 2), 10)
    kept = [place for place in range(first, last + 1) if place % every == 0]
    return kept if len(kept) > 1 else [first, last]


def _labels(digits: list[int], power: int) -> list[str]:
    """Whole multiples of a power of ten as texts, all in the same way: plainly, or as `1.5e-5` where that is long."""
    while any(digits) and all(digit % 10 == 0 for digit in digits):
        digits, power = [digit // 10 for digit in digits], power + 1
    values = [_decimal(digit, power) for digit in digits]
    plain = [f"{value:.{max(0, -power)}f}" for value in values] if abs(power) < 20 else []
    if plain and max(map(len, plain)) <= _LABEL_CELLS:
        return plain
    size = max(len(str(abs(digit))) for digit in digits) - 1
    short = [f"{_decimal(digit, -size):.{size}f}e{power + size}" if digit else "0" for digit in digits]
    return plain if plain and max(map(len, plain)) <= max(map(len, short)) else short


def _decimal(digits: int, power: int) -> float:
    """The number that is written so, without the errors that multiplying adds."""
    return float(f"{digits}e{power}")
