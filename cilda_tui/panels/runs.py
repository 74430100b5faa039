"""The list of runs: state, progress, best score and a curve of each; the bar, the marks, the filter."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.pane import Piece, figure, fitted, levels, percent, put_pieces, safe, state_role, titled
from cilda_tui.plots import MARKS
from cilda_tui.run_rows import RunRow, shown_rows
from cilda_tui.safe import cut_inside
from cilda_tui.ui import Ui

_CURVE, _WORD = 10, 12


def draw_runs(
    rows: Sequence[RunRow],
    ui: Ui,
    width: int,
    height: int,
    glyphs: Glyphs,
    *,
    shown_run: str | None = None,
    now: float | None = None,
    trouble: str = "",
) -> Frame:
    """The rows that pass the filter, around the one under the bar; where there is room, more of that one below."""
    seconds = time.time() if now is None else now
    passing, mistake = shown_rows(rows, ui, seconds)
    frame = titled("runs", "runs", ui, width, height, glyphs, right=_facts(passing, rows, ui, glyphs))
    row, end = 1, height
    said = mistake or trouble
    if said and height > 2:
        frame.put(2, row, safe(said, glyphs, width - 3), "warn")
        row += 1
    if not passing:
        frame.put(2, row, safe("no run passes the filter" if rows else "no runs yet", glyphs, width - 3), "dim")
        return frame
    place = next((place for place, one in enumerate(passing) if one.id == ui.run), 0)
    if height >= 9:
        end -= 3
        _put_details(frame, end, passing[place], glyphs)
    if height >= 6:
        _put_header(frame, row)
        row += 1
    first = max(0, min(place - (end - row) // 2, len(passing) - (end - row)))
    for at, one in enumerate(passing[first : first + max(0, end - row)], first):
        _put_row(frame, row, one, ui, glyphs, chosen=at == place, shown=one.id == shown_run, now=seconds)
        row += 1
    return frame


def _facts(passing: Sequence[RunRow], rows: Sequence[RunRow], ui: Ui, glyphs: Glyphs) -> list[Piece]:
    live = sum(not row.summary.status.ended for row in rows)
    count = f"{len(passing)} of {len(rows)}" if len(passing) < len(rows) else f"{len(rows)}"
    noun = "run" if len(rows) == 1 else "runs"
    filtered = f"/{safe(ui.run_filter, glyphs, 24)}" if ui.run_filter else ""
    return [(filtered, "focus"), (f"{count} {noun}, {live} live", "dim")]


def _columns(width: int) -> dict[str, tuple[int, int]]:
    """Where each column begins and how wide it is; the narrower the pane, the fewer there are."""
    wanted = [("best", 6, 34), ("percent", 4, 40), ("curve", _CURVE, 60), ("word", _WORD, 74), ("age", 5, 90)]
    there = {name: cells for name, cells, from_width in wanted if width >= from_width}
    name = width - 5 - sum(cells + 1 for cells in there.values()) - 1
    order = [("word", there.get("word", 0)), ("name", max(0, name)), *((key, there.get(key, 0)) for key in _RIGHT)]
    found: dict[str, tuple[int, int]] = {}
    x = 5
    for key, cells in order:
        if cells:
            found[key] = (x, cells)
            x += cells + 1
    return found


_RIGHT = ("percent", "best", "curve", "age")


def _put_header(frame: Frame, row: int) -> None:
    names = {"word": "state", "name": "run", "percent": "done", "best": "best", "curve": "loss", "age": "age"}
    for key, (x, cells) in _columns(frame.width).items():
        frame.put(x, row, names[key].rjust(cells) if key in ("percent", "best", "age") else names[key], "dim")


def _put_row(
    frame: Frame, row: int, one: RunRow, ui: Ui, glyphs: Glyphs, *, chosen: bool, shown: bool, now: float
) -> None:
    summary, columns = one.summary, _columns(frame.width)
    word = summary.status.word
    mark = "a" if shown else MARKS[ui.marks.index(one.id) % len(MARKS)] if one.id in ui.marks else " "
    cells: dict[str, Piece] = {
        "word": (summary.status.shown, state_role(word)),
        "name": (
            cut_inside(safe(one.id, glyphs), columns.get("name", (0, 0))[1], glyphs.ellipsis),
            "strong" if shown else "",
        ),
        "percent": (percent(int(100 * summary.progress) / 100) if summary.progress is not None else "", ""),
        "best": (figure(summary.best), ""),
        "curve": (levels(one.curve, _CURVE, glyphs), "line.0"),
        "age": (_age(now - summary.created).rjust(5), "dim"),
    }
    frame.put(1, row, glyphs.chosen if chosen else " ", "focus")
    frame.put(2, row, mark, f"line.{0 if shown else 1 + ui.marks.index(one.id) % 5}" if mark != " " else "")
    frame.put(3, row, glyphs.state(word), state_role(word))
    for key, (x, room) in columns.items():
        text, role = cells[key]
        frame.put(x, row, text, "selected" if chosen and key == "name" and ui.focus == "runs" else role, end=x + room)


def _put_details(frame: Frame, row: int, one: RunRow, glyphs: Glyphs) -> None:
    """Two rows on the run under the bar, below a thin line."""
    summary = one.summary
    frame.fill(1, row, frame.width - 2, 1, glyphs.horizontal, "grid")
    models = f"{summary.teacher or '?'} {glyphs.arrow} {summary.student or '?'}"
    turns = "" if summary.turn is None else f"{summary.stage} {summary.turn:,}/{summary.total_turns or 0:,}"
    facts = [summary.task, summary.method, models, turns, f"on {summary.host}" if summary.host else ""]
    pieces = [[(safe(fact, glyphs, 40), "")] for fact in facts if fact]
    put_pieces(frame, 2, row + 1, fitted(pieces, frame.width - 3))
    why = summary.status.why or one.id
    frame.put(2, row + 2, safe(why, glyphs, frame.width - 3), "dim")


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{min(999, int(seconds // size))} {unit}"
    return "now"
