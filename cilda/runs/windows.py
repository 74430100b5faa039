"""Many metric values folded into a few lines, without losing a spike."""

from __future__ import annotations

import math
from collections.abc import Mapping

SHORTEST_SECONDS = 0.5
LONGEST_SECONDS = 2.0


def window_seconds(elapsed_seconds: float) -> float:
    """How long values are gathered before a line is written: half a second for a run's first ten minutes, two at last.

    A line of fifteen metrics takes about 1.6 kB. Two lines a second would be 270 MB a day; this way it is 70.
    """
    return min(LONGEST_SECONDS, max(SHORTEST_SECONDS, elapsed_seconds / 1200))


class Window:
    """The values that one player's turns gave since the last line.

    Each key is summed up as n, mean, min, max, last. A NaN makes `mean` NaN and stays out of `min` and `max`, which are
    NaN only when nothing else was there: the spike and the way to it are both kept.
    """

    def __init__(self) -> None:
        self.turns = 0
        self._values: dict[str, list[float]] = {}

    def add(self, values: Mapping[str, float]) -> None:
        """Takes the values of one turn."""
        self.turns += 1
        gathered = self._values
        for key, value in values.items():
            try:
                gathered[key].append(float(value))
            except KeyError:
                gathered[key] = [float(value)]

    def take(self) -> dict[str, dict[str, float]]:
        """The sums as an event's `values`; the window is empty afterwards."""
        taken = {key: _summary(values) for key, values in self._values.items()}
        self._values = {}
        self.turns = 0
        return taken


def _summary(values: list[float]) -> dict[str, float]:
    known = [value for value in values if not math.isnan(value)] or [math.nan]
    low, high, mean = min(known), max(known), sum(values) / len(values)
    if not math.isnan(mean):
        # Rounding, or a sum beyond the largest number, must not put the mean outside what it is the mean of.
        mean = min(max(mean, low), high)
    return {"n": len(values), "mean": _short(mean), "min": _short(low), "max": _short(high), "last": _short(values[-1])}


def _short(value: float) -> float:
    # Losses are float32: seven digits hold them, and the line is half as long as with seventeen.
    return float(f"{value:.7g}")
