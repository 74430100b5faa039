"""A list of actions that is narrowed down by typing words of them."""

from __future__ import annotations

from collections.abc import Sequence

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.safe import cut, shown
from cilda_tui.typing_line import matching
from cilda_tui.ui import Ui

_ROWS = 14


def draw_palette(ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """The actions that match what is typed, at most `height` rows of them; the chosen one is marked."""
    prompt = ui.prompt
    found = matching(prompt.text if prompt else "", steering=not ui.read_only)
    choices = [(key.label(ascii_only=glyphs.ascii), key.words) for key in found]
    return draw_choices("actions", choices, prompt.chosen if prompt else 0, width, height, glyphs)


def draw_choices(
    title: str,
    choices: Sequence[tuple[str, str]],
    chosen: int,
    width: int,
    height: int,
    glyphs: Glyphs,
    *,
    name: int = 10,
) -> Frame:
    """Names, of so many cells, and words about them in a box of at most `height` rows; the chosen one is marked."""
    chosen = min(chosen, max(0, len(choices) - 1))
    rows = min(len(choices) or 1, _ROWS, max(0, height - 1))
    frame = Frame(width, rows + 1)
    frame.fill(0, 0, frame.width, 1, glyphs.horizontal, "focus")
    frame.put(1, 0, cut(f" {title}: {len(choices)} ", frame.width - 2, glyphs.ellipsis), "focus")
    if not choices:
        frame.put(2, 1, cut("nothing is called that", frame.width - 2, glyphs.ellipsis), "dim")
        return frame
    first = min(max(0, chosen - rows + 1), max(0, len(choices) - rows))
    for y, (label, words) in enumerate(choices[first : first + rows], start=1):
        here = first + y - 1 == chosen
        role = "selected" if here else ""
        frame.fill(0, y, frame.width, 1, " ", role)
        frame.put(0, y, glyphs.chosen if here else " ", role)
        frame.put(2, y, cut(label, name, glyphs.ellipsis), role or "key")
        frame.put(name + 3, y, cut(shown(words, ascii=glyphs.ascii), frame.width - name - 4, glyphs.ellipsis), role)
    return frame
