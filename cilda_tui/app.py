"""The screen as a Textual application: keys in, frames out, everything else elsewhere."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from cilda.errors import CildaError
from cilda.runs.layout import RunFolder
from cilda_tui.canvas import Canvas
from cilda_tui.controls import press
from cilda_tui.effects import Answer, Effect
from cilda_tui.export import copied, exported
from cilda_tui.frame import Frame
from cilda_tui.glyphs import glyphs_for
from cilda_tui.keymap import key_for
from cilda_tui.look import look_of
from cilda_tui.options import Options
from cilda_tui.paint import Paint
from cilda_tui.remembered import recalled, remember
from cilda_tui.safe import shown
from cilda_tui.scene import Scene
from cilda_tui.screens.apology import draw_apology
from cilda_tui.sight import Sight
from cilda_tui.typing_line import paste, type_key
from cilda_tui.ui import Message, Ui
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
        assert isinstance(app, Dashboard)
        yield app.canvas


class Dashboard(App[None], inherit_bindings=False):
    """Shows a run, or the list of runs, until the viewer leaves. It reads, and asks through `Options.steer` only."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    AUTO_FOCUS = "Canvas"
    CLOSE_TIMEOUT = 0.5
    BINDINGS = [Binding("ctrl+z", "suspend_process", show=False, priority=True)]  # noqa: RUF012  as Textual has it
    CSS = "Board { overflow: hidden; }"

    def __init__(self, options: Options) -> None:
        super().__init__(driver_class=Wire, ansi_color=True)
        # Nothing moves that the run does not move.
        self.animation_level = "none"
        self.options = options
        self.glyphs = glyphs_for(ascii=options.ascii, colourless=options.colourless)
        self.ui = self._first_ui()
        paint = self._paint()
        self.canvas = Canvas(paint.style, paint.sgr, self)
        self.scene = Scene(options, self.call_from_thread, self.touch)
        self._wire: Wire | None = None
        self._dirty = True
        self._drawing_soon = False
        self._drawn = 0.0
        self._slow_until = 0.0
        self._rung: set[str] | None = None

    def connect_wire(self, wire: Wire) -> None:
        """Takes the line to the terminal, of which the driver tells."""
        self._wire = wire
        if not self.options.stock:
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
        self.scene.start(self.options.folder)
        self.set_interval(1 / self.options.hz, self._tick)

    def on_unmount(self) -> None:
        """Reads no more."""
        self.scene.stop()
        remember(self.options.remembered, self.ui)

    # What comes in.

    def touch(self) -> None:
        """Something is to be drawn anew, with the next frame. Any thread may call this."""
        self._dirty = True

    def pressed(self, key: str, character: str | None) -> None:
        """A key."""
        if key == "ctrl+c":
            self.exit()
            return
        sight = self._sight()
        if self.ui.prompt is not None:
            self._answer(type_key(self.ui, key, character, sight))
            return
        row = key_for(key, self.ui.focus)
        if row is not None:
            self._answer(press(self.ui, row.action, sight))

    def pasted(self, text: str) -> None:
        """A text from the clipboard."""
        self._show(paste(self.ui, text))

    def clicked(self, x: int, y: int) -> None:
        """The mouse was clicked there: the pane gets the keys."""
        if self.ui.prompt is None and not self.ui.overlay:
            self._show(self.scene.focused_at(self.ui, x, y, *self._cells()))

    def scrolled(self, x: int, y: int, by: int) -> None:
        """The mouse's wheel."""
        if self.ui.prompt is None:
            if not self.ui.overlay:
                self.ui = self.scene.focused_at(self.ui, x, y, *self._cells())
            for _ in range(3):
                self._answer(press(self.ui, "down" if by > 0 else "up", self._sight()))

    def resized(self) -> None:
        """The terminal has another size."""
        self._draw()

    # What goes out.

    def _answer(self, answer: Answer) -> None:
        ui, effect = answer
        self._show(ui)
        if effect is not None:
            self._do(effect)

    def _show(self, ui: Ui) -> None:
        self.ui = ui
        self._soon()

    def _soon(self) -> None:
        """Draws once for all keys that wait by now."""
        self._dirty = True
        if not self._drawing_soon:
            self._drawing_soon = True
            self.call_later(self._draw)

    def _tick(self) -> None:
        self._measure()
        slow = self.ui.slow and time.monotonic() - self._drawn < 1 / SLOW_HZ
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
        width, height = self._cells()
        if width < 1 or height < 1 or not self.is_running:
            return
        self.ui = self.scene.kept(self.ui, width, height)
        self._ring()
        self.canvas.show(self._frame(width, height))

    def _frame(self, width: int, height: int) -> Frame:
        try:
            return self.scene.frame(self.ui, width, height, self.glyphs)
        except Exception as error:
            if self.options.strict:
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
        before = self.ui.sent_rate
        if slow != self.ui.slow or before is None or (rate != before and (abs(rate - before) > _RATE_STEP or not rate)):
            self.ui = self.ui.with_(sent_rate=rate, slow=slow)
            self._dirty = True

    def _ring(self) -> None:
        """Says in the footer, and with a bell, what the viewer should look at since the frame before."""
        view = self.scene.view
        if view is None or view.reading is not None or not view.events_taken:
            return
        alerts = {alert.key: alert for alert in view.alerts if alert.level in ("warning", "error")}
        new = [alert for key, alert in alerts.items() if self._rung is not None and key not in self._rung]
        self._rung = set(alerts)
        if new:
            role = "bad" if new[0].level == "error" else "warn"
            words = f"{new[0].what}{': ' + new[0].todo if new[0].todo else ''}"
            self.ui = self.ui.with_(message=Message(shown(words), role))
            if self.ui.bell:
                self.bell()

    # What keys ask of the world.

    def _do(self, effect: Effect) -> None:
        kind = effect.kind
        if kind == "leave":
            self.exit()
        elif kind == "steer":
            self._steer(effect.what, effect.text)
        elif kind == "open":
            folder = self.scene.folder_of(effect.what)
            if folder is not None:
                self._open(folder)
        elif kind == "close":
            self.scene.close()
            self._rung = None
            self._show(self._home(self.ui))
        elif kind == "load":
            self.scene.load(effect.what)
        elif kind == "browse":
            self._show(self.ui.saying("the browser for texts is not here yet", "dim"))
        elif kind in ("copy", "export"):
            self._take(copy=kind == "copy")
        elif kind == "repaint":
            paint = self._paint()
            self.canvas.looks(paint.style, paint.sgr)
            self._soon()
        if kind in ("remember", "repaint"):
            remember(self.options.remembered, self.ui)

    def _steer(self, what: str, text: str) -> None:
        folder = self.scene.folder
        if folder is None:
            return

        def ask() -> str:
            return self.options.steer(folder, what, text)

        self._aside(ask)

    def _take(self, *, copy: bool) -> None:
        width, height = self._cells()
        folder = self.options.exports
        taken = self.scene.taken(self.ui, width, height, self.glyphs)
        if copy:
            text = self.scene.text_of(self.ui, width, height, self.glyphs)
            self.copy_to_clipboard(text)
            self._aside(lambda: copied(text, taken.name, folder))
            return
        look = look_of(self.ui.theme)
        self._show(self.ui.saying("exporting", "dim"))
        self._aside(lambda: exported(taken, folder, look))

    def _aside(self, work: Callable[[], str]) -> None:
        """Does something slow in a thread, and says in the footer what came of it."""

        def done() -> None:
            role = "good"
            try:
                words = work()
            except CildaError as error:
                words, role = f"{error.what}: {error.todo}", "bad"
            except OSError as error:
                words, role = f"not written: {error.strerror or error}", "bad"
            with _unless_over():
                self.call_from_thread(self._said, words, role)

        threading.Thread(target=done, daemon=True, name="aside").start()

    def _said(self, words: str, role: str) -> None:
        self._show(self.ui.saying(shown(words), role))
        self.scene.poke()

    def _open(self, folder: RunFolder) -> None:
        self.scene.open(folder)
        self._rung = None
        self._show(self._opened(self.ui, folder))

    def _opened(self, ui: Ui, folder: RunFolder) -> Ui:
        """The choices that are not one run's own are kept."""
        return ui.with_(
            focus="curves" if ui.focus == "runs" else ui.focus, zoomed=False, message=None, stage=None, window=None,
            cursor=None, follow=False, playhead=None, frozen=False, example=0, pinned=None, log_back=0, event_back=0,
            marks=tuple(mark for mark in ui.marks if mark != folder.id), read_only=self.options.why_read_only(folder),
        )  # fmt: skip

    def _first_ui(self) -> Ui:
        options = self.options
        ui = recalled(options.remembered)
        theme = options.theme if options.theme is not None else ui.theme
        ui = ui.with_(theme=theme, bell=ui.bell if options.bell is None else options.bell, mouse=options.mouse)
        return self._home(ui) if options.folder is None else self._opened(ui, options.folder)

    def _home(self, ui: Ui) -> Ui:
        return ui.with_(focus="runs", zoomed=True, overlay="", playhead=None, frozen=False, read_only="no run is open")

    def _cells(self) -> tuple[int, int]:
        size = self.canvas.size
        return size.width, size.height

    def _sight(self) -> Sight:
        return self.scene.sight(self.ui, *self._cells())

    def _paint(self) -> Paint:
        return Paint(look_of(self.ui.theme), self.console.color_system, colourless=self.options.colourless)


@contextmanager
def _unless_over() -> Iterator[None]:
    """What a thread has to say when the screen has gone, nobody hears."""
    try:
        yield
    except RuntimeError:
        return
