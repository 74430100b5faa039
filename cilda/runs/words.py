"""Numbers, times and strange texts in words that fit a terminal's line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from cilda.runs.events import number

_LONGEST_TEXT = 2000


def duration(seconds: float) -> str:
    """A time in two units at most: `42 s`, `3 m 12 s`, `3 h 12 m`, `2 d 4 h`."""
    rest = round(min(max(seconds, 0), 1e9))
    if rest < 60:
        return f"{rest} s"
    if rest < 3600:
        return f"{rest // 60} m {rest % 60} s"
    if rest < 86_400:
        return f"{rest // 3600} h {rest % 3600 // 60} m"
    return f"{rest // 86_400} d {rest % 86_400 // 3600} h"


def size_words(count: float) -> str:
    """Bytes: `812 B`, `12 kB`, `3 MB`, `1.5 GB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"


def short(value: float) -> str:
    """A number in a few characters that do not dance: three decimals, or a power of ten where they say nothing."""
    size = abs(value)
    if not math.isfinite(value) or size >= 1e6 or 0 < size < 0.0005:
        return f"{value:.1e}" if math.isfinite(value) else str(value)
    return f"{value:.3f}" if size < 1000 else f"{value:.0f}"


def score_words(scores: object) -> str:
    """`accuracy 0.8710, f1 0.8500` of an event's scores."""
    found = ((key, number(value)) for key, value in (scores if isinstance(scores, Mapping) else {}).items())
    return ", ".join(f"{one_line(key)} {value:.4f}" for key, value in found if value is not None)


def packed(cells: Iterable[str], width: int) -> list[str]:
    """The cells in as few lines of this width as they need, two spaces apart; none is broken."""
    lines: list[str] = []
    for cell in cells:
        if lines and len(lines[-1]) + 2 + len(cell) <= width:
            lines[-1] += "  " + cell
        else:
            lines.append(cell)
    return lines


def one_line(text: object) -> str:
    """A text that cannot move the cursor, cut when long: line ends become spaces, what does not print a "?"."""
    words = " ".join(str(text)[:_LONGEST_TEXT].split())
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def whole(value: object) -> int:
    """A count out of an event, 0 where there is none."""
    found = number(value)
    return int(found) if found is not None and math.isfinite(found) else 0
