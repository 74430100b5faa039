"""What panes have in common: a title with the pane's digit, facts side by side, words for numbers."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from cilda_tui.frame import Frame, Role
from cilda_tui.glyphs import Glyphs
from cilda_tui.safe import cut, shown
from cilda_tui.ui import PANES, Ui, digit

Piece = tuple[str, Role]
"""Words and their role."""


def titled(
    pane: str, title: str, ui: Ui, width: int, height: int, glyphs: Glyphs, *, right: Sequence[Piece] = ()
) -> Frame:
    """A frame whose first row is a rule with the pane's digit, its title, and what stands at its right end."""
    frame = Frame(width, height)
    focused = ui.focus == pane
    frame.fill(0, 0, width, 1, glyphs.horizontal, "focus" if focused else "grid")
    number = digit(pane) if pane in PANES else ""
    words = f"{glyphs.chosen if focused else ' '}{f'{number} ' if number else ''}{title} "
    end = frame.put(1, 0, cut(words, max(0, width - 2), glyphs.ellipsis), "focus" if focused else "title")
    pieces = [piece for piece in right if piece[0]]
    while pieces and sum(cell_len(text) + 2 for text, _ in pieces) + end + 1 > width:
        pieces.pop(0)
    at = width - 1 - sum(cell_len(text) + 2 for text, _ in pieces)
    for text, role in pieces:
        at = frame.put(at, 0, f" {text} ", role)
    return frame


def put_pieces(frame: Frame, x: int, y: int, pieces: Iterable[Piece], *, end: int | None = None) -> int:
    """Writes pieces one after the other; gives the column behind them."""
    for text, role in pieces:
        x = frame.put(x, y, text, role, end=end)
    return x


def fitted(facts: Iterable[Sequence[Piece]], width: int, gap: int = 2, *, whole: bool = False) -> list[Piece]:
    """As many facts as fit side by side, the first ones first.

    Behind one that finds no room a shorter one may fit; with `whole` it is the end, so that their order says something.
    """
    row: list[Piece] = []
    used = 0
    for fact in facts:
        cells = sum(cell_len(text) for text, _ in fact)
        if not cells or used + (gap if row else 0) + cells > width:
            if cells and whole:
                break
            continue
        if row:
            row.append((" " * gap, ""))
            used += gap
        row += fact
        used += cells
    return row


def safe(text: object, glyphs: Glyphs, cells: int | None = None) -> str:
    """Words out of data, harmless, and cut to so many cells."""
    words = shown(str(text), ascii=glyphs.ascii)
    return words if cells is None else cut(words, cells, glyphs.ellipsis)


def clock(seconds: float | None, *, seconds_too: bool = False) -> str:
    """The time of day, `14:02`; its seconds only where they stand still, or they would change all the time."""
    if seconds is None or not math.isfinite(seconds):
        return "--:--"
    try:
        return time.strftime("%H:%M:%S" if seconds_too else "%H:%M", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "--:--"


def about(seconds: float | None) -> str:
    """A time in one or two units that change rarely: `<1 m`, `12 m`, `3 h 10 m`, `14 h`, `2 d 4 h`."""
    if seconds is None or not math.isfinite(seconds):
        return "?"
    minutes = max(0.0, seconds) / 60
    if minutes < 1:
        return "<1 m"
    if minutes < 60:
        return f"{minutes:.0f} m"
    hours = minutes / 60
    if hours < 10:
        return f"{int(hours)} h {int(minutes % 60) // 5 * 5:02} m"
    if hours < 48:
        return f"{hours:.0f} h"
    return f"{int(hours // 24)} d {int(hours % 24)} h"


def figure(value: float | None, digits: int = 4) -> str:
    """A number in a fixed width (2 more than its digits) that does not dance: `0.8710`, `12.345`, ` 1.2e8`."""
    width = digits + 2
    if value is None:
        return " " * width
    if not math.isfinite(value):
        return f"{'NaN' if math.isnan(value) else 'inf' if value > 0 else '-inf':>{width}}"
    for decimals in range(digits, -1, -1):
        text = f"{value:.{decimals}f}"
        if len(text) <= width and not (value and decimals == digits and abs(value) < 0.5 * 10 ** (1 - decimals)):
            return f"{text:>{width}}"
    return f"{value:>{width}.0e}"


def gigabytes(megabytes: float | None) -> str:
    """Memory in five cells: ` 22.1`, `  80 `; in GB of 1024 MB."""
    if megabytes is None or not math.isfinite(megabytes):
        return "    ?"
    size = megabytes / 1024
    return f"{size:5.1f}" if size < 1000 else f"{size:5.0f}"


def percent(fraction: float | None) -> str:
    """A share in four cells: ` 97%`."""
    if fraction is None or not math.isfinite(fraction):
        return "  ?%"
    return f"{round(min(999.0, max(0.0, 100 * fraction))):3}%"


_STATE_ROLES = {
    "running": "good", "finished": "good", "paused": "warn", "stopping": "warn", "stalled": "warn", "orphaned": "warn",
    "lost": "warn", "failed": "bad", "killed": "bad", "crashed": "bad", "error": "bad", "warning": "warn",
    "good": "good", "refused": "bad", "done": "good", "accepted": "warn", "pending": "warn",
}  # fmt: skip


def state_role(word: str) -> Role:
    """The role of a status's word, of a notice's level, of an answer; symbol and word say the same without it."""
    return _STATE_ROLES.get(word, "dim")


def levels(values: Sequence[float], cells: int, glyphs: Glyphs) -> str:
    """A sparkline of finite values, as many cells wide as asked; the lowest value is its lowest level that is seen."""
    if cells <= 0 or not values:
        return " " * max(0, cells)
    count = min(cells, len(values))
    groups = [values[len(values) * place // count : len(values) * (place + 1) // count] for place in range(count)]
    means = [sum(group) / len(group) for group in groups]
    low, high = min(means), max(means)
    top = len(glyphs.levels) - 1
    scaled = (1 + (top - 1) * (mean - low) / (high - low) if high > low else (top + 1) / 2 for mean in means)
    return "".join(glyphs.levels[round(level)] for level in scaled).rjust(cells)
