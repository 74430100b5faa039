"""The screen as a Textual application: keys in, frames out, everything else elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder
from cilda_tui.browser.desk import Desk
from cilda_tui.browser.state import State as BrowserState
from cilda_tui.controls import press
from cilda_tui.effects import Answer, Effect
from cilda_tui.export import copied, exported
from cilda_tui.frame import Frame
from cilda_tui.keymap import key_for
from cilda_tui.look import look_of
from cilda_tui.options import Options
from cilda_tui.remembered import recalled, remember
from cilda_tui.safe import shown
from cilda_tui.scene import Scene
from cilda_tui.shell import Shell
from cilda_tui.sight import Sight
from cilda_tui.typing_line import paste, type_key
from cilda_tui.ui import Message, Ui


class Dashboard(Shell):
    """Shows a run, or the list of runs, until the viewer leaves. It reads, and asks through `Options.steer` only."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.ui = self._first_ui()
        super().__init__(options, self.ui.theme)
        self.scene = Scene(options, self.call_from_thread, self.touch)
        self.desk: Desk | None = None
        """The browser for rewrites, while it is open."""
        self._rung: set[str] | None = None

    def begin(self) -> None:
        """Begins to read."""
        self.scene.start(self.options.folder)

    def end(self) -> None:
        """Reads no more."""
        if self.desk is not None:
            self.desk.stop()
        self.scene.stop()
        remember(self.options.remembered, self.ui)

    # What comes in.

    def pressed(self, key: str, character: str | None) -> None:
        """A key."""
        if self.desk is not None:
            self.desk.pressed(key, character)
            return
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
        if self.desk is not None:
            self.desk.pasted(text)
            return
        self._show(paste(self.ui, text))

    def clicked(self, x: int, y: int) -> None:
        """The mouse was clicked there: the pane gets the keys."""
        if self.desk is not None:
            self.desk.clicked(x, y)
        elif self.ui.prompt is None and not self.ui.overlay:
            self._show(self.scene.focused_at(self.ui, x, y, *self.cells()))

    def scrolled(self, x: int, y: int, by: int) -> None:
        """The mouse's wheel."""
        if self.desk is not None:
            self.desk.scrolled(x, y, by)
        elif self.ui.prompt is None:
            if not self.ui.overlay:
                self.ui = self.scene.focused_at(self.ui, x, y, *self.cells())
            for _ in range(3):
                self._answer(press(self.ui, "down" if by > 0 else "up", self._sight()))

    # What goes out.

    def _answer(self, answer: Answer) -> None:
        ui, effect = answer
        self._show(ui)
        if effect is not None:
            self._do(effect)

    def _show(self, ui: Ui) -> None:
        self.ui = ui
        self.soon()

    def before_frame(self, width: int, height: int) -> None:
        """What has come by now is taken into account."""
        self.ui = self.scene.kept(self.ui, width, height)
        self._ring()

    def frame_of(self, width: int, height: int) -> Frame:
        """The run, or the list of runs; over them the browser."""
        if self.desk is not None:
            return self.desk.frame(width, height)
        return self.scene.frame(self.ui, width, height, self.glyphs)

    def line_is(self, rate: float, *, slow: bool) -> None:
        """It is told on the screen, and a slow line gets less."""
        self.ui = self.ui.with_(sent_rate=rate, slow=slow)
        self.touch()

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
            self._browse(effect.what)
        elif kind in ("copy", "export"):
            self._take(copy=kind == "copy")
        elif kind == "repaint":
            self.repaint(self.ui.theme)
        if kind in ("remember", "repaint"):
            remember(self.options.remembered, self.ui)

    def _browse(self, key: str) -> None:
        """Opens the browser on a rewrite."""
        view = self.scene.view
        if view is None:
            return
        example = next((one for one in view.examples if one.key == key), None)
        self.desk = Desk(
            view.folder, BrowserState(theme=self.ui.theme, home=True), self, self.glyphs, exports=self.options.exports,
            marks=self.options.marks, at=None if example is None else (example.t, example.id),
        )  # fmt: skip
        self.soon()

    def leave_browser(self, theme: str) -> None:
        """Back to the run."""
        if self.desk is not None:
            self.desk.stop()
        self.desk = None
        self._show(self.ui.with_(theme=theme))

    def quit(self) -> None:
        """Leaves."""
        self.exit()

    def on_ui(self, act: Callable[[], None]) -> None:
        """Does something in the thread that draws."""
        self.call_from_thread(act)

    def _steer(self, what: str, text: str) -> None:
        folder = self.scene.folder
        if folder is None:
            return

        def ask() -> str:
            return self.options.steer(folder, what, text)

        self._aside(ask)

    def _take(self, *, copy: bool) -> None:
        width, height = self.cells()
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
        """The choices that are not one run's own are kept. A bench is shown as the list of its runs."""
        opened = ui.with_(
            focus="curves" if ui.focus == "runs" else ui.focus, zoomed=False, message=None, stage=None, window=None,
            cursor=None, follow=False, playhead=None, frozen=False, example=0, pinned=None, log_back=0, event_back=0,
            marks=tuple(mark for mark in ui.marks if mark != folder.id), read_only=self.options.why_read_only(folder),
        )  # fmt: skip
        if read_json(folder.run_json).get("job") != "bench":
            return opened
        words = f"a bench: enter opens one of its runs; what came out: cilda table {shown(folder.id)}"
        return opened.with_(focus="runs", zoomed=True, run_filter=folder.id, message=Message(words, "dim"))

    def _first_ui(self) -> Ui:
        options = self.options
        ui = recalled(options.remembered)
        theme = options.theme if options.theme is not None else ui.theme
        ui = ui.with_(theme=theme, bell=ui.bell if options.bell is None else options.bell, mouse=options.mouse)
        return self._home(ui) if options.folder is None else self._opened(ui, options.folder)

    def _home(self, ui: Ui) -> Ui:
        return ui.with_(focus="runs", zoomed=True, overlay="", playhead=None, frozen=False, read_only="no run is open")

    def _sight(self) -> Sight:
        return self.scene.sight(self.ui, *self.cells())


@contextmanager
def _unless_over() -> Iterator[None]:
    """What a thread has to say when the screen has gone, nobody hears."""
    try:
        yield
    except RuntimeError:
        return
