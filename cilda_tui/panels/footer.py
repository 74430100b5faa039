"""The last row: what was just said, or else the keys that matter in the focused pane."""

from __future__ import annotations

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.keymap import Key, footer_keys
from cilda_tui.panels.pane import Piece, fitted, put_pieces, safe
from cilda_tui.ui import Ui


def draw_footer(ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """A message until the next key; else as many keys as fit, the pane's own before the others."""
    frame = Frame(width, height)
    if ui.message is not None:
        frame.put(1, 0, safe(ui.message.text, glyphs, width - 2), ui.message.role)
        return frame
    keys = footer_keys(ui.focus, steering=not ui.read_only)
    panes: list[Piece] = [("1-6", "key"), (" panes", "dim")]
    # Leaving, help and the way to other panes come first; steering is worth more than comfort.
    facts = [*(key_facts(key, glyphs) for key in keys[:2]), panes, *(key_facts(key, glyphs) for key in keys[2:])]
    put_pieces(frame, 1, 0, fitted(facts, width - 2))
    return frame


def key_facts(key: Key, glyphs: Glyphs) -> list[Piece]:
    """A key and its word: `q leave`."""
    if " " in key.short:
        # Two keys in one entry name themselves: `[ ] chart`.
        *names, word = key.short.split(" ")
        return [(" ".join(names), "key"), (f" {word}", "dim")]
    label = key.label(ascii_only=glyphs.ascii).split(" ")[0]
    return [(label, "key"), (f" {key.short}", "dim")]
