"""The line at the bottom while something is typed into it, or a question waits there."""

from __future__ import annotations

from dataclasses import replace

from cilda_tui.controls import press
from cilda_tui.effects import Answer, Effect
from cilda_tui.keymap import KEYS, Key, saying
from cilda_tui.line_editing import edited, inserted
from cilda_tui.safe import shown
from cilda_tui.sight import Sight
from cilda_tui.ui import Prompt, Ui


def type_key(ui: Ui, key: str, character: str | None, sight: Sight) -> Answer:
    """What a key does to the line: a letter is typed, enter takes it, escape leaves everything as it was."""
    prompt = ui.prompt
    assert prompt is not None
    if prompt.kind == "confirm":
        return _confirmed(ui, prompt, key)
    if key in ("escape", "ctrl+g"):
        return _closed(ui), None
    if key in ("enter", "ctrl+j"):
        return _taken(ui, prompt, sight)
    if prompt.kind == "palette" and key in ("up", "down", "ctrl+p", "ctrl+n", "tab", "shift+tab"):
        by = -1 if key in ("up", "ctrl+p", "shift+tab") else 1
        found = max(1, len(matching(prompt.text, steering=not ui.read_only)))
        return ui.with_(prompt=replace(prompt, chosen=(prompt.chosen + by) % found)), None
    if key == "backspace" and not prompt.text:
        return _closed(ui), None
    changed = edited(prompt, key, character)
    return (ui if changed is None else ui.with_(prompt=changed)), None


def paste(ui: Ui, text: str) -> Ui:
    """A pasted text is typed at once, its line ends as blanks."""
    prompt = ui.prompt
    if prompt is None or prompt.kind == "confirm":
        return ui
    return ui.with_(prompt=inserted(prompt, " ".join(text.split())))


def matching(text: str, *, steering: bool) -> list[Key]:
    """The actions whose words hold all of these, those that say little else first; the palette's own is left out."""
    return saying([key for key in KEYS if key.action != "palette" and (steering or not key.steers)], text)


def _confirmed(ui: Ui, prompt: Prompt, key: str) -> Answer:
    ui = ui.with_(prompt=None)
    if key not in ("y", "Y"):
        return ui.saying("not asked", "dim"), None
    return ui, Effect("steer", prompt.action)


def _taken(ui: Ui, prompt: Prompt, sight: Sight) -> Answer:
    text = prompt.text.strip()
    ui = _closed(ui)
    if prompt.kind == "palette":
        found = matching(prompt.text, steering=not ui.read_only)
        if not found:
            return ui, None
        key = found[min(prompt.chosen, len(found) - 1)]
        # An action of one pane is done there.
        focus = key.panes[0] if key.panes and ui.focus not in key.panes and sight.run is not None else ui.focus
        return press(ui.with_(focus=focus), key.action, sight)
    if prompt.kind == "note":
        return (ui, Effect("steer", "note", text)) if text else (ui.saying("nothing noted", "dim"), None)
    if prompt.kind == "search":
        return ui.with_(log_search=text, log_match=0), None
    if ui.focus == "runs":
        return ui.with_(run_filter=text, run=None), None
    if ui.focus == "examples":
        return ui.with_(example_filter=text, example=0, pinned=None), None
    return _to_named_chart(ui, text, sight), None


def _to_named_chart(ui: Ui, text: str, sight: Sight) -> Ui:
    place = next((place for place, name in enumerate(sight.charts) if text.lower() in name.lower()), None)
    return ui.saying(f"no chart is called {shown(text)}", "warn") if place is None else ui.with_(chart=place)


def _closed(ui: Ui) -> Ui:
    palette = ui.overlay == "palette"
    return ui.with_(prompt=None, overlay="" if palette else ui.overlay, offset=0 if palette else ui.offset)
