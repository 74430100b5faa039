"""A run's rewrites as the browser reads them: the index, caught up in a thread, and single rewrites by their place."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from cilda.errors import CildaError
from cilda.rewrites.index import Index
from cilda.rewrites.labels import label_names
from cilda.rewrites.rewrite import Rewrite
from cilda.runs.layout import RunFolder

_SLICE_SECONDS = 0.1
_REST_SECONDS = 1.0
_WAIT_SECONDS = 0.05
"""So long a frame waits for what it shows: a disk takes less, and one that hangs must not hold up the keys."""
_MOST_ROWS = 400
_MOST_LETTERS = 8_000_000


class Library:
    """Grows until `stop`; `changed` is called in other threads when there is more to see."""

    def __init__(self, folder: RunFolder, changed: Callable[[], None], cache: Path | None = None) -> None:
        self.index = Index.open(folder.augmentations, cache=cache)
        self.caught_up = False
        """Whether the end of what is there was met."""
        self.labels = label_names(folder)
        """Names of the classes; a run that goes on may learn them later."""
        self._folder = folder
        self._changed = changed
        self._over = threading.Event()
        self._rows: OrderedDict[int, Rewrite | str] = OrderedDict()
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None
        self._late = False
        """Whether a frame went without rows that it asked for."""
        self._thread = threading.Thread(target=self._grow, daemon=True, name="index")
        self._thread.start()

    def rows(self, places: Sequence[int]) -> dict[int, Rewrite | str]:
        """Of these rewrites those that are read, or why one cannot be; the others are being read."""
        with self._lock:
            missing = [place for place in places if place not in self._rows]
            for place in places:
                if place in self._rows:
                    self._rows.move_to_end(place)
        if missing and (self._reading is None or not self._reading.is_alive()):
            self._reading = threading.Thread(target=self._read, args=(missing,), daemon=True, name="rows")
            self._reading.start()
            self._reading.join(_WAIT_SECONDS)
        with self._lock:
            self._late = any(place not in self._rows for place in places)
            return {place: self._rows[place] for place in places if place in self._rows}

    def stop(self) -> None:
        """Reads no more, and keeps the index for the next time."""
        self._over.set()
        # It is in the middle of a slice at most, unless the disk hangs.
        self._thread.join(1.0)
        if not self._thread.is_alive():
            self.index.close()

    def _grow(self) -> None:
        before: object = None
        while not self._over.is_set():
            caught_up = self.index.catch_up(_SLICE_SECONDS)
            self.caught_up = caught_up
            if not self.labels:
                self.labels = label_names(self._folder)
            now = (len(self.index), caught_up, self.index.trouble or "", self.labels)
            if now != before:
                before = now
                self._changed()
            self._forget_unreadable()
            # The pause lets whoever draws have the processor.
            self._over.wait(_REST_SECONDS if caught_up else 0.005)

    def _forget_unreadable(self) -> None:
        """What could not be read may be there again; the next frame sees."""
        with self._lock:
            for place in [place for place, row in self._rows.items() if isinstance(row, str)]:
                del self._rows[place]

    def _read(self, places: Sequence[int]) -> None:
        found: dict[int, Rewrite | str]
        try:
            found = dict(zip(places, self.index.rewrites(places), strict=True))
        except (CildaError, IndexError):
            found = {place: self._read_one(place) for place in places}
        with self._lock:
            self._rows.update(found)
            letters = sum(map(_letters, self._rows.values()))
            while len(self._rows) > len(found) and (len(self._rows) > _MOST_ROWS or letters > _MOST_LETTERS):
                letters -= _letters(self._rows.popitem(last=False)[1])
            late = self._late
        if late:
            self._changed()

    def _read_one(self, place: int) -> Rewrite | str:
        try:
            return self.index.rewrite(place)
        except CildaError as error:
            return error.what
        except IndexError:
            return "it is not there"


def _letters(row: Rewrite | str) -> int:
    if isinstance(row, str):
        return len(row)
    # A token costs more than its letters.
    return len(row.real) + len(row.soft) + 40 * (len(row.real_tokens) + len(row.soft_tokens))
