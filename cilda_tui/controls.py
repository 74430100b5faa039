"""What each key does to what is shown: a pure function from one `Ui` to the next, and what is asked of the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from cilda_tui.chart_keys import CHART_ACTIONS, kept_window, sideways, to_chart, to_end
from cilda_tui.effects import Answer, Effect, EffectKind
from cilda_tui.keymap import BY_ACTION
from cilda_tui.sight import Sight
from cilda_tui.ui import LOG_LEVELS, PANES, Prompt, Ui, around

MOST_MARKS = 5
"""As many lines as have colours, less the run itself."""

_FAR = 10**9


def press(ui: Ui, action: str, sight: Sight) -> Answer:
    """What an action of the key table does."""
    ui = ui.with_(message=None)
    if ui.overlay and action in _OVERLAY:
        return _in_overlay(ui, action, sight), None
    if BY_ACTION[action].steers:
        return _steering(ui, action, sight), None
    if action.startswith("pane_"):
        return _focus(ui, PANES[int(action[-1]) - 1], sight), None
    found = _ACTIONS[action](ui, sight)
    return found if isinstance(found, tuple) else (found, None)


def kept(ui: Ui, sight: Sight) -> Ui:
    """The same, as what is there by now wants it: a window that follows moves along, choices stay in range."""
    ui = kept_window(ui, sight)
    changes: dict[str, object] = {}
    if sight.charts and ui.chart >= len(sight.charts):
        changes["chart"] = len(sight.charts) - 1
    if ui.pinned is not None and ui.pinned in sight.examples:
        changes["example"] = sight.examples.index(ui.pinned)
    elif ui.pinned is not None or ui.example >= max(1, len(sight.examples)):
        changes |= {"pinned": None, "example": 0}
    return ui.with_(**changes) if changes else ui


def _leave(ui: Ui, sight: Sight) -> Answer:  # noqa: ARG001
    return ui, Effect("leave")


def _back(ui: Ui, sight: Sight) -> Answer:
    layers: list[tuple[bool, dict[str, object]]] = [
        (bool(ui.overlay), {"overlay": "", "offset": 0}),
        (ui.cursor is not None, {"cursor": None}),
        (ui.zoomed and sight.run is not None, {"zoomed": False}),
        (ui.playhead is not None, {"playhead": None, "frozen": False}),
        (ui.window is not None, {"window": None, "follow": False}),
        (bool(ui.log_search), {"log_search": "", "log_match": 0}),
        (ui.pinned is not None, {"pinned": None, "example": 0}),
    ]
    for there, changes in layers:
        if there:
            return ui.with_(**changes), None
    return ui, Effect("close") if sight.home and sight.run is not None else None


def _focus(ui: Ui, pane: str, sight: Sight) -> Ui:
    if sight.run is None:
        return ui
    return ui.with_(focus=pane, cursor=ui.cursor if pane == "curves" else None)


def _pane_by(by: int) -> Callable[[Ui, Sight], Ui]:
    return lambda ui, sight: _focus(ui, str(around(PANES, ui.focus, by)), sight)


def _help(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    return ui.with_(overlay="help", offset=0)


def _compared(name: Literal["differences", "table"]) -> Callable[[Ui, Sight], Answer]:
    """The run shown beside those that are marked; where none is, the one under the bar is marked first."""

    def opened(ui: Ui, sight: Sight) -> Answer:
        effect = None
        if not ui.marks:
            ui, effect = _mark(ui, sight)
        return (ui.with_(overlay=name, offset=0) if ui.marks else ui), effect

    return opened


def _palette(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    return ui.with_(overlay="palette", offset=0, prompt=Prompt("palette", ": "))


def _search(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    if ui.focus == "runs":
        return ui.with_(prompt=_typed("filter", "runs: ", ui.run_filter))
    if ui.focus == "examples":
        return ui.with_(prompt=_typed("filter", "texts with: ", ui.example_filter))
    if ui.focus == "curves":
        return ui.with_(prompt=_typed("filter", "chart: ", ""))
    pane = ui.focus if ui.focus in ("log", "events") else "log"
    return ui.with_(focus=pane, prompt=_typed("search", "/", ui.log_search))


def _typed(kind: Literal["search", "filter"], label: str, text: str) -> Prompt:
    return Prompt(kind, label, text, len(text))


def _match_by(by: int) -> Callable[[Ui, Sight], Ui]:
    def moved(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
        if not ui.log_search:
            return ui.saying("search with / first", "dim")
        return ui.with_(log_match=max(0, ui.log_match + by), log_back=0)

    return moved


def _sideways(by: int) -> Callable[[Ui, Sight], Ui]:
    def moved(ui: Ui, sight: Sight) -> Ui:
        if ui.focus == "examples":
            return _example(ui, sight, ui.example - by)
        return sideways(ui, sight, by) if ui.focus == "curves" else ui

    return moved


def _vertically(by: int, *, pages: bool = False) -> Callable[[Ui, Sight], Ui]:
    def moved(ui: Ui, sight: Sight) -> Ui:
        rows = by * (max(1, sight.page - 1) if pages else 1)
        if ui.focus == "curves":
            return to_chart(ui, sight, ui.chart + by)
        if ui.focus == "examples":
            return _example(ui, sight, ui.example + rows)
        if ui.focus == "runs":
            return _run(ui, sight, rows)
        if ui.focus == "machine":
            return ui.with_(machine_offset=max(0, ui.machine_offset + rows))
        if ui.focus == "log":
            return ui.with_(log_back=min(max(0, ui.log_back - rows), max(0, sight.log_lines - 1)))
        return ui.with_(event_back=min(max(0, ui.event_back - rows), max(0, sight.events - 1)))

    return moved


def _to_end(*, first: bool) -> Callable[[Ui, Sight], Ui]:
    def moved(ui: Ui, sight: Sight) -> Ui:
        if ui.focus == "curves":
            return to_end(ui, sight, first=first)
        if ui.focus == "examples":
            return _example(ui, sight, _FAR if first else 0)
        if ui.focus == "machine":
            return ui.with_(machine_offset=0 if first else _FAR)
        return _vertically(-_FAR if first else _FAR)(ui, sight)

    return moved


def _enter(ui: Ui, sight: Sight) -> Answer:
    if ui.focus == "runs":
        run = ui.run or next(iter(sight.runs), None)
        return (ui, Effect("open", run)) if run is not None and run != sight.run else (_zoom(ui, sight), None)
    if ui.focus == "examples" and sight.examples:
        return ui, Effect("browse", sight.examples[min(ui.example, len(sight.examples) - 1)])
    return _zoom(ui, sight), None


def _zoom(ui: Ui, sight: Sight) -> Ui:
    return ui.with_(zoomed=not ui.zoomed) if sight.run is not None else ui


def _reset(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    changes: dict[str, dict[str, object]] = {
        "curves": {"window": None, "follow": False, "cursor": None, "log": False, "stage": None},
        "machine": {"machine_offset": 0},
        "examples": {"example": 0, "pinned": None, "only_disagreements": False, "example_filter": ""},
        "runs": {"run": None, "run_filter": "", "marks": ()},
        "log": {"log_back": 0, "log_level": "", "log_search": "", "log_match": 0},
        "events": {"event_back": 0, "log_search": "", "log_match": 0},
    }
    return ui.with_(playhead=None, frozen=False, **changes[ui.focus])


def _freeze(ui: Ui, sight: Sight) -> Ui:
    if ui.playhead is not None:
        return ui.with_(playhead=None, frozen=False).saying("back in the present", "dim")
    return ui if sight.now is None else ui.with_(playhead=sight.now, frozen=True)


def _scrub(by: int) -> Callable[[Ui, Sight], Ui]:
    """Through time, by a two-hundredth of the run."""

    def moved(ui: Ui, sight: Sight) -> Ui:
        if sight.began is None or sight.now is None:
            return ui
        step = max(1.0, (sight.now - sight.began) / 200)
        playhead = (sight.now if ui.playhead is None else ui.playhead) + by * step
        if playhead >= sight.now:
            return ui.with_(playhead=None, frozen=False)
        return ui.with_(playhead=max(sight.began, playhead), frozen=False)

    return moved


def _example_by(by: int) -> Callable[[Ui, Sight], Ui]:
    return lambda ui, sight: _example(ui, sight, ui.example + by)


def _disagreements(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    return ui.with_(only_disagreements=not ui.only_disagreements, example=0, pinned=None)


def _mark(ui: Ui, sight: Sight) -> Answer:
    run = ui.run or next(iter(sight.runs), None)
    if run is None or run == sight.run:
        return ui.saying("that is the run shown: choose another one", "dim"), None
    if run in ui.marks:
        return ui.with_(marks=tuple(one for one in ui.marks if one != run)), None
    if len(ui.marks) >= MOST_MARKS:
        return ui.saying(f"{MOST_MARKS} runs are laid over the charts already: o takes one away", "warn"), None
    return ui.with_(marks=(*ui.marks, run)), Effect("load", run)


def _follow_log(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    return ui.with_(log_back=0) if ui.focus == "log" else ui.with_(event_back=0)


def _level(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    level = str(around(LOG_LEVELS, ui.log_level, 1))
    words = {"": "all lines", "warning": "warnings and errors", "error": "errors only"}
    return ui.with_(log_level=level, log_back=0).saying(words[level], "dim")


def _theme(ui: Ui, sight: Sight) -> Answer:
    theme = str(around(sight.themes, ui.theme, 1))
    return ui.with_(theme=theme).saying(f"theme {theme}", "dim"), Effect("repaint")


def _bell(ui: Ui, sight: Sight) -> Answer:  # noqa: ARG001
    return ui.with_(bell=not ui.bell).saying(f"bell {'off' if ui.bell else 'on'}", "dim"), Effect("remember")


def _effect(kind: EffectKind) -> Callable[[Ui, Sight], Answer]:
    return lambda ui, sight: (ui, Effect(kind, sight.run or ""))


_ASK = {
    "checkpoint": "Write a checkpoint after this turn?",
    "pause": "Pause the run?",
    "resume": "Let the run go on?",
    "stop": "Stop the run, behind a checkpoint?",
}


def _steering(ui: Ui, action: str, sight: Sight) -> Ui:
    if sight.run is None:
        return ui
    if ui.read_only:
        return ui.saying(f"only to look at: {ui.read_only}", "warn")
    if action == "note":
        return ui.with_(prompt=Prompt("note", "note: "))
    if sight.ended:
        return ui.saying(f"the run has ended: it is {sight.status}", "warn")
    what = "resume" if action == "pause" and sight.status == "paused" else action
    return ui.with_(prompt=Prompt("confirm", f"{_ASK[what]} y/N ", action=what))


_OVERLAY = frozenset({"leave", "help", "up", "down", "page_up", "page_down", "first", "last", "enter"})


def _in_overlay(ui: Ui, action: str, sight: Sight) -> Ui:
    page = max(1, sight.page - 1)
    by = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "first": -_FAR, "last": _FAR}.get(action)
    if by is None:
        return ui.with_(overlay="", offset=0)
    return ui.with_(offset=min(max(0, ui.offset + by), max(0, sight.overlay_rows - sight.page)))


def _example(ui: Ui, sight: Sight, place: int) -> Ui:
    if not sight.examples:
        return ui
    place = min(max(0, place), len(sight.examples) - 1)
    # The newest is followed; any other stays while newer ones come.
    return ui.with_(example=place, pinned=sight.examples[place] if place else None)


def _run(ui: Ui, sight: Sight, by: int) -> Ui:
    if not sight.runs:
        return ui
    place = sight.runs.index(ui.run) if ui.run in sight.runs else 0
    return ui.with_(run=sight.runs[min(max(0, place + by), len(sight.runs) - 1)])


_ACTIONS: dict[str, Callable[[Ui, Sight], Ui | Answer]] = {
    "leave": _leave, "help": _help, "palette": _palette, "search": _search, "next_match": _match_by(1),
    "previous_match": _match_by(-1), "back": _back, "next_pane": _pane_by(1), "previous_pane": _pane_by(-1),
    "left": _sideways(-1), "right": _sideways(1), "up": _vertically(-1), "down": _vertically(1),
    "page_up": _vertically(-1, pages=True), "page_down": _vertically(1, pages=True), "first": _to_end(first=True),
    "last": _to_end(first=False), "enter": _enter, "zoom": _zoom, "reset": _reset, "copy": _effect("copy"),
    "export": _effect("export"), "theme": _theme, "bell": _bell, "freeze": _freeze, "earlier": _scrub(-1),
    "later": _scrub(1), "much_earlier": _scrub(-10), "much_later": _scrub(10), "older": _example_by(1),
    "newer": _example_by(-1), "disagreements": _disagreements, "overlay": _mark,
    "differences": _compared("differences"), "table": _compared("table"), "follow_log": _follow_log, "level": _level,
    **CHART_ACTIONS,
}  # fmt: skip
