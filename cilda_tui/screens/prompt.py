"""The last row while something is typed into it, or a question waits there."""

from __future__ import annotations

from rich.cells import cell_len

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.safe import cut, shown
from cilda_tui.ui import Prompt


def draw_prompt(prompt: Prompt, width: int, glyphs: Glyphs) -> Frame:
    """The label, the text, and a still cursor: one that blinks would cost bytes for ever."""
    frame = Frame(width, 1)
    if prompt.kind == "confirm":
        frame.put(1, 0, cut(prompt.label, width - 1, glyphs.ellipsis), "warn")
        return frame
    label = cut(prompt.label, max(0, width // 2), glyphs.ellipsis)
    x = frame.put(1, 0, label, "key")
    before = shown(prompt.text[: prompt.at], ascii=glyphs.ascii)
    under, behind = prompt.text[prompt.at : prompt.at + 1], prompt.text[prompt.at + 1 :]
    # The text is scrolled so that the cursor is in sight.
    room = max(0, width - x - 2)
    while before and cell_len(before) > room:
        before = before[1:]
    x = frame.put(x, 0, before)
    x = frame.put(x, 0, shown(under, ascii=glyphs.ascii) or " ", "selected")
    frame.put(x, 0, shown(behind, ascii=glyphs.ascii))
    return frame
