"""What is shown in the place of a screen that could not be drawn."""

from __future__ import annotations

from cilda_tui.frame import Frame
from cilda_tui.safe import shown


def draw_apology(error: Exception, width: int, height: int) -> Frame:
    """The error in its own words. The run is not to blame, and keys still work."""
    frame = Frame(width, height)
    lines = ("this cannot be drawn:", f"{type(error).__name__}: {error}", "", "another pane or size may do; q leaves")
    for y, line in enumerate(lines):
        frame.put(1, y, shown(line, ascii=True, limit=max(1, width - 2)), "bad" if y < 2 else "")
    return frame
