"""The browser at work, whatever screen it is on: keys in, frames out, and the threads that find what is shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from cilda.errors import CildaError
from cilda.runs.layout import RunFolder
from cilda_tui.browser.effects import Answer, Effect
from cilda_tui.browser.errands import copied_text, export, free_path, neighbour, place_of
from cilda_tui.browser.finder import Finder
from cilda_tui.browser.host import Host
from cilda_tui.browser.keymap import key_for
from cilda_tui.browser.keys import kept, press, row_of_bar, shown_place, sorted_by, to_place, to_row
from cilda_tui.browser.latest import Ended
from cilda_tui.browser.library import Library
from cilda_tui.browser.list_columns import columns_for
from cilda_tui.browser.screen import draw_browser, parts_of, rows_of_detail, rows_of_help
from cilda_tui.browser.shelf import Shelf
from cilda_tui.browser.sight import NOTHING, Sight
from cilda_tui.browser.state import State
from cilda_tui.browser.typing import paste, type_key
from cilda_tui.export import copied
from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.look import THEMES
from cilda_tui.safe import shown
from cilda_tui.ui import Prompt

Change = Callable[[State, Sight], State]

_PATIENCE_SECONDS = 1.0


class Desk:
    """A run's rewrites before a viewer."""

    def __init__(
        self, folder: RunFolder, state: State, host: Host, glyphs: Glyphs, *, exports: Path, marks: Path | None = None,
        cache: Path | None = None, at: tuple[float, str] | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.state = state
        self.library = Library(folder, host.touch, cache)
        self._host = host
        self._glyphs = glyphs
        self._exports = exports
        self._at = at
        """The time and the id of the rewrite that the viewer comes from, until it is indexed."""
        self._finder = Finder(self.library, host.soon)
        self._shelf = Shelf(marks, folder.id)
        self._over = threading.Event()
        self._errands: set[threading.Thread] = set()

    def stop(self) -> None:
        """Reads no more."""
        self._over.set()
        self._finder.stop()
        for errand in list(self._errands):
            # An export that is not done takes its half of a file away.
            errand.join(_PATIENCE_SECONDS)
        self.library.stop()

    # What comes in.

    def pressed(self, key: str, character: str | None) -> None:
        """A key."""
        sight = self.sight()
        if self.state.prompt is not None and key != "ctrl+c":
            self._answer(type_key(self.state, key, character, sight))
            return
        row = key_for(key)
        if row is not None:
            self._answer(press(self.state, row.action, sight))

    def pasted(self, text: str) -> None:
        """A text from the clipboard."""
        self._show(paste(self.state, text, self.sight()))

    def clicked(self, x: int, y: int) -> None:
        """A row of the list gets the bar; by a column's head it is sorted."""
        state = self.state
        if state.prompt is not None or state.overlay or state.zoomed:
            return
        width, height = self._host.cells()
        sight, list_rows = self.sight(), parts_of(state, height).list_rows
        if y == 1 and list_rows and state.through is None:
            columns = columns_for(width, state.order, sight.labels, stepless=sight.stepless)
            column = next((one for one in columns if one.x <= x < one.x + one.cells), None)
            if column is not None:
                self._show(sorted_by(state.with_(message=None), column.name))
        elif 2 <= y <= list_rows:
            row = sight.at - row_of_bar(state, sight) + y - 2
            if row < sight.count:
                self._show(to_row(state.with_(message=None), sight, row))

    def scrolled(self, x: int, y: int, by: int) -> None:  # noqa: ARG002
        """The wheel moves the bar, or scrolls what it is over."""
        state = self.state
        if state.prompt is not None:
            return
        parts = parts_of(state, self._host.cells()[1])
        if state.overlay or state.zoomed or y <= parts.list_rows:
            for _ in range(3):
                self._answer(press(self.state, "down" if by > 0 else "up", self.sight()))
        else:
            self._show(state.with_(offset=max(0, state.offset + 3 * (1 if by > 0 else -1))))

    # What goes out.

    def frame(self, width: int, height: int) -> Frame:
        """Everything, as it looks now."""
        self._settle()
        self.state = kept(self.state, self.sight(width, height))
        return draw_browser(self.state, self.sight(width, height), width, height, self._glyphs)

    def sight(self, width: int | None = None, height: int | None = None) -> Sight:
        """What keys and drawing need to know."""
        if width is None or height is None:
            width, height = self._host.cells()
        state, library = self.state, self.library
        finder = self._finder
        finder.want(state)
        listed = finder.listed
        parts = parts_of(state, height)
        index = library.index
        overlay_rows = rows_of_help(width, self._glyphs) if state.overlay == "help" else 0
        sight = Sight(
            run=self.folder.id,
            places=listed.places,
            at=_row_of(listed.places, state.selected),
            whole=finder.whole,
            known=listed.known,
            total=len(index),
            known_fraction=1.0 if library.caught_up else index.known_fraction,
            trouble=f"cannot read {self.folder.augmentations}: {index.trouble}" if index.trouble else listed.trouble,
            course=listed.course,
            page=max(1, parts.page),
            hits=finder.hits,
            searching=finder.searching,
            detail_page=max(1, height - 1 if state.overlay else parts.detail_page),
            overlay_rows=overlay_rows,
            labels=library.labels,
            exports=str(self._exports),
            themes=tuple(THEMES),
        )
        place = shown_place(state, sight)
        top = sight.at - row_of_bar(state, sight)
        wanted = [int(one) for one in listed.places[top : top + parts.page]] if parts.page else []
        rows = library.rows(list(dict.fromkeys([*wanted, *([] if place is None else [place])])))
        sight = replace(sight, rows=rows)
        columns = columns_for(width, state.order, sight.labels, stepless=sight.stepless)
        sight = replace(sight, columns=tuple(column.name for column in columns))
        return replace(sight, detail_rows=rows_of_detail(state, sight, width, self._glyphs))

    def _settle(self) -> None:
        """Marks of last time, and the rewrite that the viewer comes from, as soon as they are indexed."""
        index, shelf, at = self.library.index, self._shelf, self._at
        ready = shelf.ready(index)
        if self._errands or not (ready or at is not None):
            return

        def work() -> Change:
            caught_up = self.library.caught_up
            place = None if at is None else place_of(index, *at)
            refound = shelf.refind(index, ready)

            def change(state: State, sight: Sight) -> State:
                state = shelf.put_back(state, refound)
                if at is None or (place is None and not caught_up):
                    return state
                self._at = None
                if place is None:
                    return state.saying("that rewrite is not among the recorded ones", "warn")
                return state.with_(selected=place, row=sight.page // 2)

            return change

        self._errand(work)

    # What keys ask of the world.

    def _answer(self, answer: Answer) -> None:
        state, effect = answer
        if effect is not None and effect.kind == "keep":
            self._shelf.learn(self.sight().rows)
        self._show(state)
        if effect is not None:
            self._do(effect)

    def _show(self, state: State) -> None:
        self.state = state
        self._host.soon()

    def _do(self, effect: Effect) -> None:
        kind, state = effect.kind, self.state
        if kind == "leave":
            self._host.leave_browser(state.theme)
        elif kind == "quit":
            self._host.quit()
        elif kind == "repaint":
            self._host.repaint(state.theme)
        elif kind == "keep":
            self._keep()
        elif kind == "copy":
            self._copy()
        elif kind in ("export", "overwrite"):
            self._export(effect.text, over=kind == "overwrite")
        elif kind == "neighbour":
            self._neighbour(effect.text, effect.by)

    def _keep(self) -> None:
        """A disk that refuses is told."""
        try:
            self._shelf.keep(self.state)
        except OSError as error:
            self._show(self.state.saying(f"not kept for the next time: {error.strerror or error}", "warn"))

    def _copy(self) -> None:
        sight = self.sight()
        place = shown_place(self.state, sight)
        rewrite = None if place is None else sight.rows.get(place)
        if rewrite is None or isinstance(rewrite, str):
            return
        text = copied_text(rewrite, sight.labels)
        self._host.copy_to_clipboard(text)
        name, folder = f"{self.folder.id}-rewrite", self._exports

        def work() -> Change:
            words = copied(text, name, folder)
            return lambda state, _: state.saying(shown(words), "good")

        self._errand(work)

    def _export(self, text: str, *, over: bool) -> None:
        path = free_path(text)
        if path.exists() and not over:
            question = f"{shown(text, limit=60)} is there already: replace it? y/N "
            self._show(self.state.with_(prompt=Prompt("confirm", question, text, action="overwrite")))
            return
        state = self.state
        places = np.array(sorted(state.marks), np.intp) if state.marks else self._finder.listed.places
        index, labels = self.library.index, self.library.labels
        self._show(state.saying("exporting", "dim"))

        def work() -> Change:
            count = export(index, places, path, labels, self._look)
            words = f"{count:,} rewrite{'s' if count != 1 else ''} written to {path}"
            return lambda state, _: state.saying(shown(words), "good")

        self._errand(work)

    def _neighbour(self, of: str, by: int) -> None:
        place = shown_place(self.state, self.sight())
        if place is None:
            return
        index = self.library.index

        def work() -> Change:
            found, words = neighbour(index, place, of, by)

            def change(state: State, sight: Sight) -> State:
                if shown_place(state, sight) != place:
                    # The viewer has gone on by now.
                    return state
                moved = state if found is None else to_place(state, sight, found)
                return moved.saying(words, "dim")

            return change

        self._errand(work)

    def _look(self) -> None:
        """Ends what is no longer wanted.

        Raises:
            Ended: the viewer has left.
        """
        if self._over.is_set():
            raise Ended

    def _errand(self, work: Callable[[], Change]) -> None:
        """Does something slow in a thread, then changes the state as it says; what went wrong is told in the footer."""

        def run() -> None:
            try:
                change = work()
            except Ended:
                return
            except CildaError as error:
                change = _saying(f"{error.what}: {error.todo}" if error.todo else error.what)
            except OSError as error:
                change = _saying(f"not written: {error.strerror or error}")
            if not self._over.is_set():
                with suppress(RuntimeError):
                    # What a thread has to say when the screen has gone, nobody hears.
                    self._host.on_ui(lambda: self._done(thread, change))

        thread = threading.Thread(target=run, daemon=True, name="errand")
        self._errands.add(thread)
        thread.start()

    def _done(self, thread: threading.Thread, change: Change) -> None:
        self._errands.discard(thread)
        self._show(change(self.state, self.sight()))


def _saying(words: str) -> Change:
    return lambda state, _: state.saying(shown(words), "bad")


def _row_of(places: np.ndarray, place: int | None) -> int:
    """On which row of a list a place stands; the first where it is not there."""
    found = np.flatnonzero(places == place) if place is not None else NOTHING
    return int(found[0]) if len(found) else 0
