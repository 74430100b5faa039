"""The browser as an application of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cilda.rewrites.query_order import Order
from cilda.runs.layout import RunFolder
from cilda_tui.browser.desk import Desk
from cilda_tui.browser.state import State
from cilda_tui.frame import Frame
from cilda_tui.options import Looks
from cilda_tui.remembered import recalled, remember
from cilda_tui.shell import Shell


@dataclass(frozen=True, kw_only=True)
class Browsing(Looks):
    """Everything that the browser is told when it is opened."""

    folder: RunFolder
    where: str = ""
    """The filter that it begins with."""
    order: Order | None = None
    marks: Path | None = None
    """The folder of what was marked and noted; None: that is forgotten when the browser is left."""
    cache: Path | None = None
    """The folder of indexes; None: the user's cache."""


class Browser(Shell):
    """Shows the rewrites of a run until the viewer leaves."""

    def __init__(self, options: Browsing) -> None:
        self.options = options
        theme = options.theme if options.theme is not None else recalled(options.remembered).theme
        super().__init__(options, theme)
        state = State(where=options.where, order=options.order, theme=theme)
        self.desk = Desk(
            options.folder, state, self, self.glyphs, exports=options.exports, marks=options.marks, cache=options.cache
        )

    def frame_of(self, width: int, height: int) -> Frame:
        """The list, and the rewrite under the bar."""
        return self.desk.frame(width, height)

    def pressed(self, key: str, character: str | None) -> None:
        """A key."""
        self.desk.pressed(key, character)

    def pasted(self, text: str) -> None:
        """A text from the clipboard."""
        self.desk.pasted(text)

    def clicked(self, x: int, y: int) -> None:
        """A click."""
        self.desk.clicked(x, y)

    def scrolled(self, x: int, y: int, by: int) -> None:
        """The wheel."""
        self.desk.scrolled(x, y, by)

    def end(self) -> None:
        """Reads no more."""
        self.desk.stop()

    def leave_browser(self, theme: str) -> None:
        """Leaves; the theme is remembered."""
        remember(self.options.remembered, recalled(self.options.remembered).with_(theme=theme))
        self.exit()

    def quit(self) -> None:
        """Leaves."""
        self.leave_browser(self.desk.state.theme)

    def on_ui(self, act: Callable[[], None]) -> None:
        """Does something in the thread that draws."""
        self.call_from_thread(act)
