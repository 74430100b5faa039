"""What keys do while something is typed: a filter and a phrase act as they are typed, the rest when enter takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cilda.errors import UsageError
from cilda.rewrites.columns import COLUMNS, Column
from cilda.rewrites.query import parse
from cilda.rewrites.table_file import ENDINGS
from cilda_tui.browser.effects import Answer, Effect
from cilda_tui.browser.keymap import matching
from cilda_tui.browser.keys import listed_anew, press, sorted_by
from cilda_tui.browser.sight import Sight
from cilda_tui.browser.state import State
from cilda_tui.line_editing import edited, inserted
from cilda_tui.ui import Prompt


def type_key(state: State, key: str, character: str | None, sight: Sight) -> Answer:
    """What a key does to the line: a letter is typed, enter takes it, escape leaves everything as it was."""
    prompt = state.prompt
    assert prompt is not None
    if prompt.kind == "confirm":
        return _confirmed(state, prompt, key)
    if key in ("escape", "ctrl+g"):
        return _left(state), None
    if key in ("enter", "ctrl+j"):
        return _taken(state, prompt, sight)
    if state.overlay and key in ("up", "down", "ctrl+p", "ctrl+n", "tab", "shift+tab"):
        by = -1 if key in ("up", "ctrl+p", "shift+tab") else 1
        count = len(columns_matching(prompt.text) if prompt.kind == "column" else matching(prompt.text))
        return state.with_(prompt=replace(prompt, chosen=(prompt.chosen + by) % max(1, count))), None
    if key == "backspace" and not prompt.text:
        return _left(state), None
    changed = edited(prompt, key, character)
    return (state if changed is None else _applied(state, changed, sight)), None


def paste(state: State, text: str, sight: Sight) -> State:
    """A pasted text is typed at once, its line ends as blanks."""
    prompt = state.prompt
    if prompt is None or prompt.kind == "confirm":
        return state
    return _applied(state, inserted(prompt, " ".join(text.split())), sight)


def columns_matching(text: str) -> list[Column]:
    """The columns whose name or words hold what was typed, those whose name begins with it first."""
    wanted = text.strip().casefold().removeprefix("-")
    found = [column for column in COLUMNS.values() if wanted in f"{column.name} {column.what}".casefold()]
    return sorted(found, key=lambda column: (not column.name.startswith(wanted), wanted not in column.name))


def mistake(prompt: Prompt | None, labels: Sequence[str]) -> list[str]:
    """What is wrong with what was typed, where, and an example; nothing where nothing is."""
    if prompt is None:
        return []
    if prompt.kind == "filter":
        try:
            parse(prompt.text, labels)
        except UsageError as error:
            return [error.what, *error.todo.split("\n")]
    if prompt.kind == "path" and Path(prompt.text.strip()).suffix.lower() not in ENDINGS:
        return ["the ending names no format", f"one of: {' '.join(ENDINGS)}"]
    return []


def _applied(state: State, prompt: Prompt, sight: Sight) -> State:
    before = state.prompt
    state = state.with_(prompt=prompt)
    if before is not None and before.text == prompt.text:
        return state
    if prompt.kind == "search":
        return state.with_(phrase=prompt.text, seeking=bool(prompt.text.strip()))
    if prompt.kind == "filter" and not mistake(prompt, sight.labels):
        return listed_anew(state, where=prompt.text.strip())
    return state


def _taken(state: State, prompt: Prompt, sight: Sight) -> Answer:
    text = prompt.text.strip()
    if mistake(prompt, sight.labels):
        return state, None
    state = state.with_(prompt=None, undo=None)
    if prompt.kind == "palette":
        found = matching(prompt.text)
        state = state.with_(overlay="")
        return press(state, found[min(prompt.chosen, len(found) - 1)].action, sight) if found else (state, None)
    if prompt.kind == "column":
        columns = columns_matching(prompt.text)
        state = state.with_(overlay="")
        return (sorted_by(state, columns[min(prompt.chosen, len(columns) - 1)].name) if columns else state), None
    if prompt.kind == "note":
        place = int(prompt.action)
        notes = tuple((noted, said) for noted, said in state.notes if noted != place)
        return state.with_(notes=(*notes, (place, text)) if text else notes), Effect("keep")
    if prompt.kind == "path":
        return state, Effect("export", text)
    if prompt.kind == "search" and not text:
        return state.with_(phrase="", seeking=False), None
    return state, None


def _confirmed(state: State, prompt: Prompt, key: str) -> Answer:
    state = state.with_(prompt=None)
    if key not in ("y", "Y"):
        return state.saying("left as it is", "dim"), None
    if prompt.action == "unmark":
        return state.with_(marks=frozenset()), Effect("keep")
    return state, Effect("overwrite", prompt.text)


def _left(state: State) -> State:
    if state.undo is not None:
        return state.undo
    return state.with_(prompt=None, overlay="")
