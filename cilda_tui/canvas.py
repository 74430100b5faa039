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


class Hands(Protocol):
    """Who is told what the viewer does."""

    def pressed(self, key: str, character: str | None) -> None:
        """A key was pressed."""

    def pasted(self, text: str) -> None:
        """A text was pasted."""

    def clicked(self, x: int, y: int) -> None:
        """The mouse was clicked at this cell."""

    def scrolled(self, x: int, y: int, by: int) -> None:
        """The mouse's wheel was turned there, down if positive."""

    def resized(self) -> None:
        """The canvas has another size."""


class Canvas(Widget, can_focus=True):
    """Shows what `show` was given last.

    Where it has a `line` to the terminal, changed cells go straight there: Textual would send each changed line again
    from its beginning. Without one, and whenever Textual itself wants a line, `render_line` gives the same cells.
    """

    DEFAULT_CSS = "Canvas { width: 100%; height: 100%; }"

    def __init__(self, style: Callable[[Role], Style], sgr: Sgr, hands: Hands) -> None:
        super().__init__()
        self.frame = Frame(0, 0)
        self.line: Line | None = None
        self._style = style
        self._sgr = sgr
        self._hands = hands
        self._painted: Frame | None = None

    def looks(self, style: Callable[[Role], Style], sgr: Sgr) -> None:
        """Shows everything in another theme."""
        self._style, self._sgr = style, sgr
        self.again()

    def again(self) -> None:
        """Shows everything again: nobody knows what the terminal shows by now."""
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

    def on_key(self, event: events.Key) -> None:
        """Every key is the application's: nothing of Textual's own shall happen."""
        event.stop()
        event.prevent_default()
        self._hands.pressed(event.key, event.character)

    def on_paste(self, event: events.Paste) -> None:
        """A paste, too."""
        event.stop()
        self._hands.pasted(event.text)

    def on_click(self, event: events.Click) -> None:
        """A click."""
        self._hands.clicked(event.x, event.y)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        self._hands.scrolled(event.x, event.y, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        self._hands.scrolled(event.x, event.y, -1)

    def on_resize(self) -> None:
        """Another size."""
        self._hands.resized()
