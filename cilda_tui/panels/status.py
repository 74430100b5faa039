"""The first rows: what the run is doing, how far it is, when it ends, how good it has become."""

from __future__ import annotations

import math

from rich.cells import cell_len

from cilda.runs.words import duration
from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.moment import Moment, moment_of
from cilda_tui.panels.pane import Piece, about, clock, figure, fitted, put_pieces, safe, state_role
from cilda_tui.stage_curves import LEARNER
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

Fact = list[Piece]


def draw_status(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """In one row what matters most; in two all of it."""
    frame = Frame(width, height)
    moment = moment_of(view, ui)
    right = _right(view, ui)
    time_fact = _time(view, moment, glyphs, narrow=width < 100)
    second = _second(view, moment, glyphs, narrow=width < 100)
    if height == 1:
        state, progress, *rest = _first(view, ui, moment, glyphs, bar=6, narrow=True)
        _put_row(frame, 0, [state, progress, time_fact, *second[:1], *rest], right)
        return frame
    bar = 6 if width < 100 else 16 if width < 160 else 28
    run: Fact = [(safe(view.folder.id, glyphs, 60), "dim")] if width >= 110 else []
    first = _first(view, ui, moment, glyphs, bar=bar, narrow=width < 100)
    # The run's name stands at the right where it costs no fact.
    needed = sum(cell_len(text) for fact in [*first, run] for text, _ in fact) + 2 * len(first) + 4
    _put_row(frame, 0, first, run if needed <= width else [])
    _put_row(frame, 1, [*_worst(view, ui, width, glyphs), time_fact, *second], right)
    return frame


def draw_block(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """All of it in a small rectangle, a fact a row, what matters most first."""
    frame = Frame(width, height)
    moment = moment_of(view, ui)
    alerts: list[Fact] = [
        [(f"{glyphs.state(alert.level)} {safe(alert.what, glyphs, width - 2)}", state_role(alert.level))]
        for alert in view.alerts
    ]
    busy = next((gpu.busy_fraction for gpu in view.machine.gpus if gpu.busy_fraction is not None), None)
    gpu: list[Fact] = [[("GPU ", "dim"), (f"{100 * busy:.0f}%", "")]] if busy is not None else []
    first = _first(view, ui, moment, glyphs, bar=max(0, min(20, width - 8)), narrow=True)
    # The state, then what is broken, then how far it is, then what is doubtful, then the rest.
    errors = sum(alert.level == "error" for alert in view.alerts)
    rows = [
        first[0], *alerts[:errors], first[1], _time(view, moment, glyphs, narrow=width < 34), *alerts[errors:],
        *_second(view, moment, glyphs, narrow=width < 40, why=not alerts), *first[2:], *gpu, _right(view, ui),
    ]  # fmt: skip
    for row, fact in enumerate([fact for fact in rows if fact][:height]):
        put_pieces(frame, 0, row, fact)
    return frame


def _worst(view: RunView, ui: Ui, width: int, glyphs: Glyphs) -> list[Fact]:
    """An error that stands, before everything else; that it ended or stands still is told by the state itself."""
    found = [alert for alert in view.alerts if alert.level == "error" and alert.key != "silent"]
    if not found or view.status.ended or ui.playhead is not None:
        return []
    return [
        [
            (
                f"{glyphs.state('error')} {safe(found[0].what, glyphs, max(width // 2, min(64, width - 14)))}",
                state_role("error"),
            )
        ]
    ]


def _put_row(frame: Frame, row: int, facts: list[Fact], right: Fact) -> None:
    end = frame.width - 1
    cells = sum(cell_len(text) for text, _ in right)
    if right and cells + 2 <= frame.width - 1:
        put_pieces(frame, end - cells, row, right)
        end -= cells + 2
    put_pieces(frame, 1, row, fitted(facts, end - 1))


def _first(view: RunView, ui: Ui, moment: Moment, glyphs: Glyphs, *, bar: int, narrow: bool) -> list[Fact]:
    """State, progress, and the present turn, in the order in which they are worth their room; two facts at least."""
    word = view.status.word
    state: Fact = [(f"{glyphs.state(word)} {view.status.shown.upper()}", state_role(word))]
    stage, fraction = moment.stage, moment.fraction
    if ui.playhead is not None and ui.frozen:
        state.append((f"  FROZEN {clock(ui.playhead, seconds_too=True)}", "frozen"))
    elif ui.playhead is not None:
        # What the run was doing then nobody has written down: its present state would be untrue.
        state = [(f"{glyphs.chosen} REPLAY {clock(ui.playhead, seconds_too=True)}", "frozen")]
    if stage is not None and view.stage is not None and (stage is not view.stage or stage.name != LEARNER):
        which = "" if stage is view.stage else f" (the run is in: {safe(view.stage.name, glyphs, 12)})"
        state.append((f"  {safe(stage.name, glyphs, 12)}{which}", "frozen" if which else ""))
    progress: Fact = []
    if fraction is not None:
        # 100 only when all is done.
        shown = f"{min(99, int(100 * fraction)) if fraction < 1 else 100:3}%"
        progress = [(shown, "strong"), (f" {glyphs.bar(fraction, bar)}" if bar else "", "line.0")]
    facts: list[Fact] = [state, progress]
    if stage is not None:
        total = moment.total
        done = f"{moment.step:,}" if total is None else f"{moment.step:>{len(f'{total:,}')},}/{total:,}"
        facts.append([("" if narrow else "step ", "dim"), (done, "")])
    if moment.epoch is not None:
        facts.append([("epoch ", "dim"), (f"{moment.epoch:.2f}", "")])
    rate = moment.texts_per_second
    if rate is not None and math.isfinite(rate) and view.status.word in ("running", "stopping", "orphaned"):
        facts.append([(f"{_round(rate):>3} texts/s", "")])
    if stage is not None and not view.status.ended and ui.playhead is None and stage.player:
        who = stage.name if stage.player == LEARNER else stage.player
        whose = f"{glyphs.chosen} {safe(who, glyphs, 12)}" if narrow else f"{safe(who, glyphs, 12)}'s turn"
        facts.append([(whose, "")])
    return facts


def _time(view: RunView, moment: Moment, glyphs: Glyphs, *, narrow: bool) -> Fact:
    """When it will be done, with how sure that is; or how long it took."""
    if moment.seconds is not None:
        return []
    if view.status.ended:
        return [] if view.took is None else [("took ", "dim"), (duration(view.took), "")]
    left = moment.left
    if left is None or view.now is None or view.status.word not in ("running", "orphaned"):
        return []
    soonest, latest = about(left.soonest), about(left.latest)
    done = f" {glyphs.arrow} {clock(view.now + left.likely)}"
    if narrow or soonest == latest:
        return [("ETA ", "dim"), (_band(soonest, latest), "strong"), (done, "")]
    return [("ETA ", "dim"), (about(left.likely), "strong"), (f" ({_band(soonest, latest)})", "dim"), (done, "")]


def _band(soonest: str, latest: str) -> str:
    """`11-14 m` where both ends have one and the same unit."""
    if soonest == latest:
        return soonest
    first, _, first_unit = soonest.partition(" ")
    return f"{first}-{latest}" if latest.partition(" ")[2] == first_unit else f"{soonest} - {latest}"


def _second(view: RunView, moment: Moment, glyphs: Glyphs, *, narrow: bool, why: bool = True) -> list[Fact]:
    """What waits for an answer, why the run is in its state, the best score beside the teacher's, the losses."""
    facts: list[Fact] = []
    if view.requests.open:
        asked = view.requests.open[-1]
        state, symbol = ("requested", "pending") if asked.state == "asked" else (asked.state, asked.state)
        facts.append([(f"{glyphs.state(symbol)} {safe(asked.what, glyphs, 12)} {state}", "warn")])
    if why and view.status.why and view.status.word not in ("running", "finished"):
        facts.append([(safe(view.status.why, glyphs, 60), state_role(view.status.word))])
    facts += _scores(view, moment, glyphs, narrow=narrow)
    for player in (LEARNER, "generator"):
        value = moment.value(f"{player}/total")
        if value is not None and not view.status.ended:
            name = "loss" if player == LEARNER else player
            facts.append([(f"{name} ", "dim"), (figure(value, 3), "" if math.isfinite(value) else "bad")])
    if (
        view.outcome is not None
        and moment.seconds is None
        and view.outcome.student_parameters
        and view.outcome.teacher_parameters
    ):
        small, large = view.outcome.student_parameters, view.outcome.teacher_parameters
        facts.append([(f"{small / 1e6:.1f} of {large / 1e6:.1f} M parameters", "dim")])
    return [fact for fact in facts if fact]


def _scores(view: RunView, moment: Moment, glyphs: Glyphs, *, narrow: bool) -> list[Fact]:
    """The best score and its turn; the teacher's, and how much of it is reached."""
    facts: list[Fact] = []
    metric, score, turn = _best(moment)
    if score is not None:
        at = f" at {turn:,}" if narrow else f" at turn {turn:,}"
        best = [(f"{glyphs.star} ", "good"), (f"{safe(metric, glyphs, 16)} ", "dim"), (figure(score).strip(), "strong")]
        facts.append([*best, (at, "dim")])
    if view.teacher is None or (moment.stage is not None and moment.stage.name != LEARNER):
        return facts
    _, of, whole = view.teacher
    reached = f"{100 * score / whole:.1f}% of teacher" if score is not None and of == metric and whole > 0 else ""
    if narrow and reached:
        facts.append([(reached, "")])
    else:
        share = f" ({reached.removesuffix(' of teacher')})" if reached else ""
        facts.append([("teacher ", "dim"), (figure(whole).strip(), ""), (share, "")])
    return facts


def _best(moment: Moment) -> tuple[str, float | None, int]:
    best = moment.best
    if best is not None:
        return best.metric, best.score, best.turn
    known = None if moment.stage is None or moment.until is not None else moment.stage.progress.best
    return known or ("", None, 0)


def _right(view: RunView, ui: Ui) -> Fact:
    """What is true of the viewer, not of the run: how much of it is read, what the line costs."""
    facts: list[Piece] = []
    if view.reading is not None:
        facts.append((f"reading {min(99, int(100 * view.reading)):2}%", "warn"))
    if ui.read_only:
        facts.append(("read-only", "dim"))
    if ui.slow:
        facts.append(("slow line", "warn"))
    if ui.sent_rate is not None:
        facts.append((f"{ui.sent_rate / 1000:4.1f} kB/s", "dim"))
    row: Fact = []
    for place, fact in enumerate(facts):
        row += [("  ", ""), fact] if place else [fact]
    return row


def _round(rate: float) -> str:
    """Two digits, so that it changes when something changes: `210`, `1,300`."""
    if rate < 10:
        return f"{rate:.1f}"
    size = 10 ** max(0, int(math.log10(rate)) - 1)
    return f"{round(rate / size) * size:,}"
