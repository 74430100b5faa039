"""What every screen here is to Textual: an application of one canvas that takes keys and shows frames."""

from __future__ import annotations

import asyncio
import signal
import time
from abc import abstractmethod
from contextlib import suppress

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from cilda_tui.canvas import Canvas
from cilda_tui.frame import Frame
from cilda_tui.glyphs import glyphs_for
from cilda_tui.look import look_of
from cilda_tui.options import Looks
from cilda_tui.paint import Paint
from cilda_tui.screens.apology import draw_apology
from cilda_tui.wire import Wire

TERMINATED = 143
"""The application's return code after a SIGTERM."""

SLOW_HZ = 0.5
"""Frames a second over a line that carries no more."""
_SLOW_SECONDS = 10.0
"""For so long a line that was slow is taken for slow."""
_RATE_STEP = 100.0
"""The rate on the screen is told in these steps of bytes: each change of it costs bytes itself."""


class Board(Screen[None], inherit_bindings=False):
    """The one screen. It has no keys of its own."""

    def compose(self) -> ComposeResult:
        """The canvas."""
        app = self.app
        assert isinstance(app, Shell)
        yield app.canvas


class Shell(App[None], inherit_bindings=False):
    """Draws what `frame_of` gives, when something has changed, and no faster than the line to the terminal takes it."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    AUTO_FOCUS = "Canvas"
    CLOSE_TIMEOUT = 0.5
    BINDINGS = [Binding("ctrl+z", "suspend_process", show=False, priority=True)]  # noqa: RUF012  as Textual has it
    CSS = "Board { overflow: hidden; }"

    def __init__(self, looks: Looks, theme: str) -> None:
        super().__init__(driver_class=Wire, ansi_color=True)
        # Nothing moves that the run does not move.
        self.animation_level = "none"
        self.looks = looks
        self.glyphs = glyphs_for(ascii=looks.ascii, colourless=looks.colourless)
        paint = self._paint(theme)
        self.canvas = Canvas(paint.style, paint.sgr, self)
        self.sent_rate: float | None = None
        """Bytes a second that go to the terminal, in steps."""
        self.slow = False
        """Whether the line carries less than is sent."""
        self._wire: Wire | None = None
        self._dirty = True
        self._drawing_soon = False
        self._drawn = 0.0
        self._slow_until = 0.0

    # What each screen says for itself.

    @abstractmethod
    def frame_of(self, width: int, height: int) -> Frame:
        """What is to be seen, on so many cells."""

    def before_frame(self, width: int, height: int) -> None:
        """Anything that is to be set right before a frame."""

    def begin(self) -> None:
        """The screen is there: reading may begin."""

    def end(self) -> None:
        """The screen is gone."""

    def line_is(self, rate: float, *, slow: bool) -> None:
        """The line to the terminal has become another one."""

    @abstractmethod
    def pressed(self, key: str, character: str | None) -> None:
        """A key."""

    @abstractmethod
    def pasted(self, text: str) -> None:
        """A text from the clipboard."""

    @abstractmethod
    def clicked(self, x: int, y: int) -> None:
        """The mouse was clicked there."""

    @abstractmethod
    def scrolled(self, x: int, y: int, by: int) -> None:
        """The mouse's wheel."""

    # What they have in common.

    def connect_wire(self, wire: Wire) -> None:
        """Takes the line to the terminal, of which the driver tells."""
        self._wire = wire
        if not self.looks.stock:
            self.canvas.line = wire

    def get_default_screen(self) -> Screen[None]:
        """The board."""
        return Board()

    def on_mount(self) -> None:
        """Begins to read."""
        # The terminal is put back first. SIGHUP is left alone: without a terminal there is nothing to put back.
        with suppress(RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: self.exit(return_code=TERMINATED))
        # After ctrl+z and fg the terminal shows what the shell left there.
        self.app_resume_signal.subscribe(self, lambda _: self.canvas.again())
        self.begin()
        self.set_interval(1 / self.looks.hz, self._tick)

    def on_unmount(self) -> None:
        """Reads no more."""
        self.end()

    def touch(self) -> None:
        """Something is to be drawn anew, with the next frame. Any thread may call this."""
        self._dirty = True

    def resized(self) -> None:
        """The terminal has another size."""
        self._draw()

    def soon(self) -> None:
        """Draws once for all keys that wait by now."""
        self._dirty = True
        if not self._drawing_soon:
            self._drawing_soon = True
            self.call_later(self._draw)

    def repaint(self, theme: str) -> None:
        """Shows everything in another theme."""
        paint = self._paint(theme)
        self.canvas.looks(paint.style, paint.sgr)
        self.soon()

    def cells(self) -> tuple[int, int]:
        """Width and height of the canvas."""
        size = self.canvas.size
        return size.width, size.height

    def _tick(self) -> None:
        self._measure()
        slow = self.slow and time.monotonic() - self._drawn < 1 / SLOW_HZ
        if self._dirty and not slow:
            self._draw()

    def _draw(self) -> None:
        self._drawing_soon = False
        if self._wire is not None and self._wire.meter.stuck():
            # Another frame would only wait behind the last one, and then keys behind both: the next tick tries again.
            self._dirty = True
            return
        self._dirty = False
        self._drawn = time.monotonic()
        width, height = self.cells()
        if width < 1 or height < 1 or not self.is_running:
            return
        self.before_frame(width, height)
        self.canvas.show(self._frame(width, height))

    def _frame(self, width: int, height: int) -> Frame:
        try:
            return self.frame_of(width, height)
        except Exception as error:
            if self.looks.strict:
                raise
            return draw_apology(error, width, height)

    def _measure(self) -> None:
        """What goes over the line, and whether it can carry that."""
        if self._wire is None:
            return
        meter, now = self._wire.meter, time.monotonic()
        if meter.slow():
            self._slow_until = now + _SLOW_SECONDS
        rate = round(meter.rate() / _RATE_STEP) * _RATE_STEP
        slow = now < self._slow_until
        before = self.sent_rate
        if slow != self.slow or before is None or (rate != before and (abs(rate - before) > _RATE_STEP or not rate)):
            self.sent_rate, self.slow = rate, slow
            self.line_is(rate, slow=slow)

    def _paint(self, theme: str) -> Paint:
        return Paint(look_of(theme), self.console.color_system, colourless=self.looks.colourless)
