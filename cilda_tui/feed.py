"""A thread that follows one run and adds what is new to its view, in small batches, on the thread that draws."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cilda.runs.events import Event
from cilda.runs.layout import RunFolder
from cilda_tui.history import SKIM_BYTES, Reader, Skim, Whole
from cilda_tui.reading import bytes_of
from cilda_tui.small_files import Look, look
from cilda_tui.streams import Streams, followed_from
from cilda_tui.view import RunView

BATCH_EVENTS = 200
POLL_SECONDS = 0.25
LOOK_SECONDS = 1.0
SHARE = 0.3
"""Of a processor, what reading a long history may take."""

_TROUBLE_SECONDS = 10.0

Apply = Callable[[], None]


@dataclass(frozen=True)
class Told:
    """What reading itself has to say."""

    reading: float | None = None
    """Which fraction of the history was read; None when all was."""
    bad_lines: int = 0
    newer_lines: int = 0
    trouble: str | None = None
    gone: bool = False


class Feed:
    """Follows a run from `start` to `stop`; `view` is the one to draw.

    Everything is added by functions handed to `on_ui`, which runs them on the thread that draws and returns when they
    are done: so the feed is never ahead, and each takes a few milliseconds at most. `on_ui` raises RuntimeError when
    there is no such thread any more, and ends the feed. `changed` is called after each, in the feed's own thread.

    Of a long history an overview comes first; the whole is then read beside what is new, at a bounded share of the
    processor, into a second view that takes the place of the first. Of a very long one a skim comes between.
    """

    def __init__(
        self,
        folder: RunFolder,
        on_ui: Callable[[Apply], object],
        changed: Callable[[], object] = lambda: None,
        *,
        clock: Callable[[], float] = time.time,
        poll_seconds: float = POLL_SECONDS,
        look_seconds: float = LOOK_SECONDS,
        share: float = SHARE,
        skim_bytes: int = SKIM_BYTES,
    ) -> None:
        self.view = RunView(folder)
        self._folder = folder
        self._on_ui = on_ui
        self._changed = changed
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._look_seconds = look_seconds
        self._share = min(1.0, max(0.01, share))
        self._skim_bytes = skim_bytes
        self._over = False
        self._poked = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._look: Look | None = None
        self._told = Told()
        self._trouble: str | None = None
        self._trouble_until = 0.0

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def stop(self) -> None:
        """Says that it is over; nothing is waited for, because a disk may not answer."""
        self._over = True
        self._poked.set()

    def join(self, seconds: float) -> bool:
        """Waits for the end, for so long at most; whether it has come. Not for the thread that draws."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def poke(self) -> None:
        """Looks now, not at the next turn: something was asked of the run."""
        self._poked.set()

    def _run(self) -> None:
        while not self._over:
            try:
                self._follow()
            except _Over:
                return
            except _Anew:
                continue
            except Exception as error:  # noqa: BLE001  the screen stays, and says why nothing new comes
                self._trouble = f"{type(error).__name__}: {error}"
                self._trouble_until = time.monotonic() + _TROUBLE_SECONDS
                self._poked.wait(self._look_seconds)

    def _follow(self) -> None:
        """Reads what there is, and then what comes, until it is over."""
        seen = self._look = look(self._folder, self._clock, self._look)
        first = RunView(self._folder, seen.record, seen.status)
        streams = followed_from(self._folder, first, {})
        left = [] if streams.whole else self._readers(seen)
        self._show(first, streams, left)
        next_look, next_poll = time.monotonic() + self._look_seconds, time.monotonic()
        while not self._over:
            now = time.monotonic()
            if self._poked.is_set():
                self._poked.clear()
                next_look = next_poll = now
            if now >= next_look:
                next_look = now + self._look_seconds
                self._look_again()
            if now >= next_poll:
                self._poll(streams, left)
                if time.monotonic() > self._trouble_until:
                    self._trouble = None
                next_poll = time.monotonic() + self._poll_seconds
            if not left:
                self._poked.wait(max(0.0, min(next_poll, next_look) - time.monotonic()))
            elif self._read_on(left[0]):
                reader = left.pop(0)
                streams = reader.streams
                self._show(reader.view, streams, left)

    def _readers(self, seen: Look) -> list[Reader]:
        """What reads a long history, one after the other."""
        first, second = (RunView(self._folder, seen.record, seen.status) for _ in range(2))
        whole = Whole(self._folder, second)
        return [Skim(self._folder, first), whole] if bytes_of(self._folder.events) > self._skim_bytes else [whole]

    def _show(self, view: RunView, streams: Streams, left: list[Reader]) -> None:
        """Puts a view in the place of the one that was drawn."""
        told, seen = self._said(streams, left), self._look
        assert seen is not None

        def apply() -> None:
            view.refresh(seen.record, seen.status, seen.waiting, seen.labels)
            _tell(view, told)
            self.view = view

        self._hand(apply)
        self._told = told

    def _look_again(self) -> None:
        before, view = self._look, self.view
        seen = self._look = look(self._folder, self._clock, before)
        if before is not None and _another(before, seen):
            raise _Anew
        if seen != before and not seen.gone:
            self._hand(partial(view.refresh, seen.record, seen.status, seen.waiting, seen.labels))

    def _poll(self, streams: Streams, left: list[Reader]) -> None:
        """Adds all that is new."""
        view = self.view
        for name, events in streams.poll():
            take: Callable[[list[Event]], None] = getattr(view, _TAKERS[name])
            for start in range(0, len(events), BATCH_EVENTS):
                self._hand(partial(take, events[start : start + BATCH_EVENTS]))
        told = self._said(streams, left)
        if told != self._told:
            self._hand(partial(_tell, view, told))
            self._told = told

    def _read_on(self, reader: Reader) -> bool:
        """Reads a slice of the history, then rests as long as it must; says whether it has met the end."""
        began, worked = time.monotonic(), time.thread_time()
        ended = reader.read_on()
        worked = time.thread_time() - worked
        if not ended:
            # Where others want the processor as well, the slice has taken longer than it worked.
            self._poked.wait(max(0.0, began + worked / self._share - time.monotonic()))
        return ended

    def _said(self, streams: Streams, left: list[Reader]) -> Told:
        seen = self._look
        counted = [streams, *(reader.streams for reader in left)]
        return Told(
            reading=round(left[-1].fraction, 3) if left else None,
            bad_lines=max(found.bad_lines for found in counted),
            newer_lines=max(found.newer_lines for found in counted),
            trouble=(seen.trouble if seen else None) or streams.trouble or self._trouble,
            gone=seen is not None and seen.gone,
        )

    def _hand(self, apply: Apply) -> None:
        if self._over:
            raise _Over
        failed: list[Exception] = []

        def applied() -> None:
            try:
                apply()
            except Exception as error:  # noqa: BLE001  it is told, and is no end of the screen
                failed.append(error)

        try:
            self._on_ui(applied)
        except RuntimeError as error:
            # Nobody draws any more.
            self._over = True
            raise _Over from error
        if failed:
            raise failed[0]
        self._changed()


class _Over(Exception):  # noqa: N818  it is none
    """The way out of the thread."""


class _Anew(Exception):  # noqa: N818  it is none
    """The way back to the beginning: another run has taken the name."""


def _another(before: Look, seen: Look) -> bool:
    """Whether the folder is that of another run than before: run.json is written once in a run's life."""
    old, new = before.record.run, seen.record.run
    return bool(old and new) and (old.get("t"), old.get("config_hash")) != (new.get("t"), new.get("config_hash"))


_TAKERS = {"events": "take", "system": "take_system", "examples": "take_examples"}


def _tell(view: RunView, told: Told) -> None:
    view.tell(
        reading=told.reading,
        bad_lines=told.bad_lines,
        newer_lines=told.newer_lines,
        trouble=told.trouble,
        gone=told.gone,
    )
