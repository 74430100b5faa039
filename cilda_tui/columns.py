"""A chart's horizontal axis: which values fall into which drawn column, so that a column once drawn never moves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cilda_tui.series import Floats

Window = tuple[float, float]
"""What of an axis is shown: from, up to."""

# The least that the whole of an axis shows, so that the first few turns do not jump about.
_LEAST = {"step": 8.0, "epoch": 0.01, "time": 10.0, "texts": 256.0}


@dataclass(frozen=True)
class Columns:
    """`count` columns side by side, each `width` of the axis wide; the first begins at `left`, so many whole widths."""

    axis: str
    left: float
    width: float
    count: int

    @property
    def right(self) -> float:
        """Where the last column ends."""
        return self.left + self.width * self.count

    def edges(self, before: int = 0, after: int = 0) -> Floats:
        """Where columns begin, and where the last one ends; with so many more before the first and after the last."""
        first = round(self.left / self.width) - before
        return np.arange(first, first + before + self.count + after + 1, dtype=np.float64) * self.width

    def column(self, value: float) -> int:
        """The column that a value falls into; negative or from `count` on where it is not shown."""
        return math.floor(max(-1e9, min(1e9, value / self.width - round(self.left / self.width))))

    def value(self, column: float) -> float:
        """Where a column begins."""
        return self.left + column * self.width


def columns_for(axis: str, shown: Window, count: int) -> Columns:
    """The narrowest columns that show this much of an axis.

    Their width is 2ⁿ or 3·2ⁿ, and they are counted from 0: columns stay what they are while more comes on their right,
    until the next width is needed; then the chart is two thirds or three quarters full.
    """
    count = max(1, count)
    low, high = shown
    if count == 1 and low < 0 < high:
        low = 0.0  # Counted from 0, no single column lies on both sides of it.
    # No narrower than can be told apart so far from 0.
    narrowest = max((high - low) / count, 2.0**-36 * max(abs(low), abs(high)), 1e-300)
    power = math.floor(math.log2(narrowest)) - 1
    while True:
        for width in (2.0**power, 1.5 * 2.0**power):
            left = math.floor(low / width) * width
            if left + width * count >= high:
                return Columns(axis, left, width, count)
        power += 1


def whole(axis: str, extents: Iterable[Window]) -> Window:
    """All of an axis that there is, from the first to the last of several stretches; never nothing."""
    known = [extent for extent in extents if math.isfinite(extent[0]) and math.isfinite(extent[1])]
    least = _LEAST.get(axis, 1.0)
    if not known:
        return (0.0, least)
    low, high = min(low for low, _ in known), max(high for _, high in known)
    return (low, max(high, low + least))
