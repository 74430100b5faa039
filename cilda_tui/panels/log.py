"""The log: its end, or where it was scrolled to; levels, search."""

from __future__ import annotations

from rich.cells import cell_len

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.log_tail import LogLine, LogText
from cilda_tui.panels.pane import Piece, safe, titled
from cilda_tui.ui import Ui

_SHOWN = {"": ("info", "warning", "error", "seam"), "warning": ("warning", "error"), "error": ("error",)}
_WORDS = {"warning": "warnings and errors", "error": "errors only"}
_ROLES = {"error": "bad", "warning": "warn", "seam": "seam"}


def draw_log(log: LogText | None, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """The lines of the chosen level that end `ui.log_back` before the newest, or around the match that is searched."""
    text = log or LogText()
    lines = shown_lines(text, ui)
    matches = matching(lines, ui)
    rows = max(0, height - 1)
    current = matches[-1 - ui.log_match % len(matches)] if matches else None
    last = _last(len(lines), rows, current, ui)
    frame = titled(
        "log", "log", ui, width, height, glyphs, right=_facts(text, ui, len(lines) - last, len(matches), glyphs)
    )
    if not lines and rows:
        frame.put(2, 1, _nothing(text, ui, glyphs, width - 3), "dim")
    first = max(0, last - rows)
    for row, place in enumerate(range(first, last), 1):
        _put_line(frame, row, lines[place], ui, glyphs, current=place == current)
    return frame


def shown_lines(log: LogText, ui: Ui) -> list[LogLine]:
    """The lines of the level that was chosen."""
    levels = _SHOWN.get(ui.log_level, _SHOWN[""])
    return [line for line in log.lines if line.level in levels]


def matching(lines: list[LogLine], ui: Ui) -> list[int]:
    """Which of these lines hold what is searched, letter case apart; none while nothing is searched."""
    wanted = ui.log_search.casefold()
    return [place for place, line in enumerate(lines) if wanted in line.text.casefold()] if wanted else []


def _last(count: int, rows: int, current: int | None, ui: Ui) -> int:
    """Behind which line the window ends."""
    end = count if current is None else min(count, current + 1 + rows // 2)
    return min(count, max(min(rows, count), end - max(0, ui.log_back)))


def _facts(log: LogText, ui: Ui, back: int, matches: int, glyphs: Glyphs) -> list[Piece]:
    facts: list[Piece] = []
    if log.file:
        facts.append((safe(log.file, glyphs, 24), "dim"))
        facts.append((_size(log.size_bytes), "dim"))
    facts.append((_WORDS.get(ui.log_level, ""), "warn"))
    if ui.log_search:
        at = f"{matches - ui.log_match % matches}/{matches}" if matches else "no match"
        facts.append((f"/{safe(ui.log_search, glyphs, 16)} {at}", "focus" if matches else "warn"))
    facts.append((f"{back} back" if back else "", "frozen"))
    return facts


def _nothing(log: LogText, ui: Ui, glyphs: Glyphs, cells: int) -> str:
    if log.trouble:
        return safe(f"the log cannot be read: {log.trouble}", glyphs, cells)
    nothing = {"warning": "no warnings and no errors", "error": "no errors"}.get(ui.log_level) if log.lines else None
    return safe(nothing or "nothing was logged", glyphs, cells)


def _put_line(frame: Frame, row: int, line: LogLine, ui: Ui, glyphs: Glyphs, *, current: bool) -> None:
    role = _ROLES.get(line.level, "")
    if line.level == "seam":
        frame.fill(1, row, frame.width - 1, 1, glyphs.horizontal, "grid")
        frame.put(3, row, f" {safe(line.text, glyphs)} ", role)
        return
    if current:
        frame.put(0, row, glyphs.chosen, "focus")
    frame.put(1, row, glyphs.state(line.level) if role else " ", role)
    words = safe(line.text, glyphs, frame.width - 3)
    frame.put(3, row, words, role)
    # Found letters stand out; where letter case changes a text's length, none do.
    folded, wanted = words.casefold(), safe(ui.log_search, glyphs).casefold()
    if not wanted or len(folded) != len(words):
        return
    at = folded.find(wanted)
    while at >= 0:
        x = 3 + cell_len(words[:at])
        frame.put(x, row, words[at : at + len(wanted)], "selected")
        at = folded.find(wanted, at + len(wanted))


def _size(size_bytes: int) -> str:
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes} B"
