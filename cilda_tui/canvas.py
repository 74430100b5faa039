"""The one widget: it shows a frame, and sends only the cells that have changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from cilda_tui.frame import Frame, Role
from cilda_tui.strokes import Sgr, harmless, strokes


class Line(Protocol):
    """Where text for the terminal goes, in order with everything that Textual sends."""

    def write(self, data: str) -> None:
        """Sends a text."""


class Canvas(Widget, can_focus=True):
    """Shows what `show` was given last.

    Where it has a `line` to the terminal, changed cells go straight there: Textual would send each changed line again
    from its beginning. Without one, and whenever Textual itself wants a line, `render_line` gives the same cells.
    """

    DEFAULT_CSS = "Canvas { width: 100%; height: 100%; }"

    def __init__(self, style: Callable[[Role], Style], sgr: Sgr) -> None:
        super().__init__()
        self.frame = Frame(0, 0)
        self.line: Line | None = None
        self._style = style
        self._sgr = sgr
        self._painted: Frame | None = None

    def looks(self, style: Callable[[Role], Style], sgr: Sgr) -> None:
        """Shows everything in another theme."""
        self._style, self._sgr = style, sgr
        self._painted = None
        self.refresh()

    def show(self, frame: Frame) -> int:
        """Shows a frame; gives how many spans of cells have changed."""
        before, self.frame = self._painted, frame
        if before is None or (before.width, before.height) != (frame.width, frame.height):
            self.refresh()
            return frame.height
        spans = frame.changed(before)
        if not spans:
            return 0
        self._painted = frame
        if self.line is not None:
            self.line.write(strokes(frame, spans, self._sgr))
        else:
            self.refresh(*(Region(span.start, span.row, span.end - span.start, 1) for span in spans))
        return len(spans)

    def render_line(self, y: int) -> Strip:
        """A line of the frame, exactly as wide as the widget."""
        self._painted = self.frame
        width = self.size.width
        if y >= self.frame.height:
            return Strip.blank(width)
        segments = [
            Segment(harmless(text), self._style(role) if role else None) for text, role in self.frame.segments(y)
        ]
        strip = Strip(segments, self.frame.width)
        return strip if self.frame.width == width else strip.adjust_cell_length(width)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the widget, never out of a cache: the line may have had newer cells since."""
        lines = [self.render_line(y) for y in crop.line_range]
        whole = crop.x == 0 and crop.width == self.size.width
        return lines if whole else [line.crop(crop.x, crop.right) for line in lines]

    async def _on_key(self, event: events.Key) -> None:
        # The application's own table says what keys do: nothing of Textual's shall.
        event.prevent_default()
