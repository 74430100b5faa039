"""Numbers, shares and times as a page says them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

NOTHING = "–"
"""What stands where nothing is known."""


@dataclass(frozen=True)
class Unit:
    """How a quantity is written: times `factor`, with `ending` behind it."""

    factor: float = 1.0
    ending: str = ""

    def words(self, value: float | None) -> str:
        """The value in this unit."""
        return NOTHING if value is None else amount(value * self.factor) + (self.ending if math.isfinite(value) else "")


PLAIN = Unit()
PERCENT = Unit(100.0, " %")
GIGABYTES = Unit(1 / 1024, " GB")
"""Of amounts in MB; 1 GB is 1024 of them."""
WATTS = Unit(1.0, " W")
SECONDS = Unit(1.0, " s")


def amount(value: float | None) -> str:
    """A number in four digits, thousands set apart: `0.4821`, `12,345`, `1.2e-7`."""
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 1e7 or 0 < size < 1e-4:
        return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:,.0f}" if size >= 1000 else f"{value:.4g}"


def score(value: float | None) -> str:
    """A score in four decimals."""
    return NOTHING if value is None else f"{value:.4f}" if math.isfinite(value) and abs(value) < 1e6 else amount(value)


def share(fraction: float | None) -> str:
    """A part of a whole: `12.5 %`; nearly all is never all."""
    if fraction is None or not math.isfinite(fraction):
        return NOTHING
    return f"{100 * fraction:.1f} %"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 text`, `2,000 texts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def stamp(seconds: float | None) -> str:
    """A time as `2026-11-22 11:58:03 +0100`, by the clock of whoever made the page."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return NOTHING
