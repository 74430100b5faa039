"""Where round numbers lie along a chart, and what is written there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cilda_tui.columns import Columns

# Cells from one tick to the next, at least.
_APART = 9
_CLOCK_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


@dataclass(frozen=True)
class Tick:
    """A cell, counted from the plot's left edge, and its label."""

    cell: int
    label: str


def ticks_of(columns: Columns, across: int) -> list[Tick]:
    """The ticks under so many columns, `across` of which share a cell."""
    apart = round_apart(columns.width * across * _APART, columns.axis)
    first, last = math.ceil(columns.left / apart - 1e-9), math.floor(columns.right / apart + 1e-9)
    ticks = []
    for place in range(first, last + 1):
        cell = columns.column(place * apart + columns.width * 1e-6) // across
        if 0 <= cell < columns.count // across:
            ticks.append(Tick(cell, axis_words(columns.axis, place * apart, apart)))
    return ticks


def axis_words(axis: str, value: float, apart: float) -> str:
    """A place on an axis, as exactly as ticks so far apart need it: `12k`, `1.5`, `2h05`."""
    if axis == "time":
        return _time(value, apart)
    if axis == "epoch":
        return f"{value:.{_decimals(apart)}f}"
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * size or (abs(value) >= size and apart >= size / 10):
            words = f"{value / size:.{_decimals(apart / size)}f}"
            return (words.rstrip("0").rstrip(".") if "." in words else words) + letter
    return f"{value:.{_decimals(apart)}f}" if apart < 1 else f"{value:.0f}"


def round_apart(least: float, axis: str) -> float:
    """The next round distance between ticks on an axis, no smaller than this; whole ones between steps and texts."""
    if axis == "time":
        known = next((seconds for seconds in _CLOCK_SECONDS if seconds >= least), None)
        if known is not None and least > 0.5:
            return float(known)
        least, unit = (least, 1.0) if known is not None else (least / 86_400, 86_400.0)
    else:
        unit = 1.0
    if axis in ("step", "texts"):
        least = max(1.0, least)
    power = math.floor(math.log10(max(least, 1e-300)))
    digit = next(digit for digit in (1, 2, 5, 10, 20) if digit * 10.0**power >= least * (1 - 1e-9))
    return float(f"{digit}e{power}") * unit


def _decimals(apart: float) -> int:
    return min(12, max(0, -math.floor(math.log10(apart) + 1e-9))) if apart > 0 else 0


def _time(seconds: float, apart: float) -> str:
    if apart < 1:
        return f"{seconds:.{_decimals(apart)}f}s"
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    days, hours, minutes, rest = whole // 86_400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{sign}{days}d{hours:02}h" if apart < 86_400 or hours else f"{sign}{days}d"
    if hours:
        return f"{sign}{hours}h{minutes:02}" if apart < 3600 or minutes else f"{sign}{hours}h"
    if minutes:
        return f"{sign}{minutes}m{rest:02}" if apart < 60 or rest else f"{sign}{minutes}m"
    return f"{sign}{rest}s"
