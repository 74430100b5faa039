"""How numbers that are 0 or more are spread: mean, extremes, quantiles, and a histogram on a scale of powers."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from cilda.runs.events import finite

EDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Between the columns of the histogram, in nats."""

# Each fine bin is 2 % wide, from 1e-6 on: so near are quantiles.
_GROWTH = math.log(1.02)
_LEAST = 1e-6
_FINE_BINS = 1200


@dataclass(frozen=True)
class Spread:
    """Of `count` numbers: quantiles within 2 %, the rest exact. Infinite numbers are counted in the last column."""

    count: int
    mean: float
    least: float
    most: float
    quartiles: tuple[float, float, float]
    ninety: float
    """Nine of ten are at most this."""
    columns: tuple[int, ...]
    """Numbers below the first of `EDGES`, between the first and the second, …, from the last on."""

    def as_json(self) -> dict[str, Any]:
        """By name, NaN and infinities as words."""
        found: dict[str, Any] = finite(
            {
                "count": self.count,
                "mean": self.mean,
                "least": self.least,
                "quartiles": self.quartiles,
                "ninety_percent": self.ninety,
                "most": self.most,
                "histogram": {"edges": EDGES, "counts": self.columns},
            }
        )
        return found


class Spreading:
    """Takes numbers, one by one."""

    def __init__(self) -> None:
        self._count = 0
        self._sum = 0.0
        self._least = math.inf
        self._most = 0.0
        self._fine = array("q", bytes(8 * _FINE_BINS))
        self._columns = [0] * (len(EDGES) + 1)

    def add(self, value: float | None) -> None:
        """Takes a number; what is none is passed over, a tiny negative one is rounding and counts as 0."""
        if value is None or math.isnan(value):
            return
        value = max(0.0, value)
        self._count += 1
        self._sum += value
        self._least = min(self._least, value)
        self._most = max(self._most, value)
        self._fine[self._bin(value)] += 1
        self._columns[bisect_right(EDGES, value)] += 1

    def spread(self) -> Spread | None:
        """What was taken; None where nothing was."""
        if not self._count:
            return None
        quarter, half, three, nine = (self._quantile(share) for share in (0.25, 0.5, 0.75, 0.9))
        return Spread(
            count=self._count,
            mean=self._sum / self._count,
            least=self._least,
            most=self._most,
            quartiles=(quarter, half, three),
            ninety=nine,
            columns=tuple(self._columns),
        )

    @staticmethod
    def _bin(value: float) -> int:
        if value < _LEAST:
            return 0
        return _FINE_BINS - 1 if math.isinf(value) else min(_FINE_BINS - 1, 1 + int(math.log(value / _LEAST) / _GROWTH))

    def _quantile(self, share: float) -> float:
        """The middle of the fine bin in which this share of the numbers is reached, within the extremes."""
        wanted, reached = share * self._count, 0
        for place, count in enumerate(self._fine):
            reached += count
            if reached >= wanted and count:
                middle = 0.0 if place == 0 else _LEAST * math.exp((place - 0.5) * _GROWTH)
                return min(max(middle, self._least), self._most)
        return self._most
