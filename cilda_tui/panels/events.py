"""What a person should know: alerts that stand, requests that wait, and what happened, the newest last."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.notices import Notice
from cilda_tui.panels.pane import Piece, clock, put_pieces, safe, state_role, titled
from cilda_tui.requests import Asked
from cilda_tui.ui import Ui, digit
from cilda_tui.view import RunView


@dataclass(frozen=True)
class _Line:
    """A row: a level's or an answer's symbol, when, what; raw."""

    symbol: str
    t: float | None
    what: str
    todo: str = ""


def draw_events(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """Alerts and open requests at the top, the newest events below; on one or two rows the worst and the newest."""
    standing = _standing(view, ui)
    happened = [_of_notice(notice) for notice in notices_shown(view, ui)]
    if height < 3:
        return _compact(standing, happened, ui, width, height, glyphs)
    matches = _matching(happened, ui)
    current = matches[-1 - ui.log_match % len(matches)] if matches and ui.focus == "events" else None
    room = height - 1
    pinned = standing[: max(1, room * 2 // 3)] if happened else standing[:room]
    rows = room - len(pinned)
    end = len(happened) if current is None else min(len(happened), current + 1 + rows // 2)
    last = min(len(happened), max(min(rows, len(happened)), end - max(0, ui.event_back)))
    right = _facts(view, ui, standing, len(happened) - last, len(matches), glyphs)
    frame = titled("events", "events", ui, width, height, glyphs, right=right)
    row = 1
    for line in pinned:
        _put_line(frame, row, line, glyphs, strong=True)
        row += 1
    for place in range(max(0, last - rows), last):
        _put_line(frame, row, happened[place], glyphs, chosen=place == current)
        row += 1
    if row == 1:
        frame.put(2, 1, "nothing has happened yet", "dim")
    return frame


def notices_shown(view: RunView, ui: Ui) -> list[Notice]:
    """What had happened at the playhead."""
    return [notice for notice in view.notices if ui.playhead is None or notice.t <= ui.playhead]


def _standing(view: RunView, ui: Ui) -> list[_Line]:
    """What is true now, or was when the screen was frozen; of the past nobody knows what stood."""
    if ui.playhead is not None and not ui.frozen:
        return []
    alerts = [_Line(alert.level, alert.since, alert.what, alert.todo) for alert in view.alerts]
    return [*alerts, *(_of_request(asked) for asked in view.requests.open)]


def _of_request(asked: Asked) -> _Line:
    by = f" by {asked.by}" if asked.by else ""
    if asked.state == "asked":
        return _Line("pending", asked.t, f"{asked.what} requested{by}, not taken up yet")
    return _Line("accepted", asked.t, f"{asked.what} accepted{by}, not done yet")


def _of_notice(notice: Notice) -> _Line:
    # In front, where no narrow pane cuts it.
    at = f"turn {notice.turn:,}: " if notice.turn is not None and notice.kind in ("evaluation", "request") else ""
    return _Line(notice.level, notice.t, f"{at}{notice.what}", notice.todo)


def _matching(lines: list[_Line], ui: Ui) -> list[int]:
    wanted = ui.log_search.casefold()
    return [place for place, line in enumerate(lines) if wanted in line.what.casefold()] if wanted else []


def _facts(view: RunView, ui: Ui, standing: list[_Line], back: int, matches: int, glyphs: Glyphs) -> list[Piece]:
    facts: list[Piece] = []
    if view.bad_lines:
        facts.append((f"{view.bad_lines:,} bad lines", "warn"))
    if view.newer_lines:
        facts.append((f"{view.newer_lines:,} newer lines", "warn"))
    if ui.log_search and ui.focus == "events":
        at = f"{matches - ui.log_match % matches}/{matches}" if matches else "no match"
        facts.append((f"/{safe(ui.log_search, glyphs, 16)} {at}", "focus" if matches else "warn"))
    worst = [line for line in standing if line.symbol in ("error", "warning")]
    if worst:
        many = f"{len(worst)} alert{'s' if len(worst) > 1 else ''}"
        facts.append((many, state_role(worst[0].symbol)))
    facts.append((f"{back} back" if back else "", "frozen"))
    return facts


def _compact(standing: list[_Line], happened: list[_Line], ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """The worst that stands, then the newest that happened."""
    frame = Frame(width, height)
    focused = ui.focus == "events"
    lines = [*standing[: max(1, height - 1)], *reversed(happened[-height:])][:height]
    for row, line in enumerate(lines):
        _put_line(frame, row, line, glyphs, strong=bool(standing) and row < len(standing), x=4)
    frame.put(1, 0, f"{glyphs.chosen if focused else ' '}{digit('events')} ", "focus" if focused else "title")
    if not lines:
        frame.put(4, 0, "nothing has happened yet", "dim")
    return frame


def _put_line(
    frame: Frame, row: int, line: _Line, glyphs: Glyphs, *, strong: bool = False, chosen: bool = False, x: int = 2
) -> None:
    role = state_role(line.symbol)
    if chosen:
        frame.put(x - 1, row, glyphs.chosen, "focus")
    at = put_pieces(frame, x, row, [(glyphs.state(line.symbol), role), (f" {clock(line.t)} ", "dim")])
    what = safe(line.what, glyphs, frame.width - at - 1)
    # Only what has gone wrong is coloured as a whole.
    at = frame.put(at, row, what, role if strong or line.symbol == "error" else "")
    room = frame.width - at - 4
    if line.todo and room >= min(16, cell_len(line.todo)):
        frame.put(at + 2, row, safe(line.todo, glyphs, room), "dim")
