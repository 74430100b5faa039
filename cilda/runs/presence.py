"""Whether a run's folder is still there: removed for good, or only out of reach for a while."""

from __future__ import annotations

import contextlib
import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from cilda.errors import CildaError
from cilda.runs.layout import RunFolder

GONE_SECONDS = 60.0
"""For so long a folder must be missing, without a break, before it is gone for good."""

_LOOK_SECONDS = 2.0

Place = tuple[int, int]


class RunGone(CildaError):  # noqa: N818  it tells what has happened
    """Somebody has removed the run: nothing more of it is written, not even how it ended."""


class Presence:
    """Looks after a run's folder, at most once in two seconds; make it while the folder is there.

    Gone is a run only while the folder that it lay in is there, the very same as then, and in it neither the run's
    folder nor, in what is left of that, its run.json and events. A file system that is not mounted, does not answer or
    answers with an error says nothing; a folder that was moved is not gone; nor is one that never held a run.json.
    """

    def __init__(self, folder: RunFolder, *, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._path = folder.path.absolute()
        self._stopwatch = stopwatch
        self._next = stopwatch() + _LOOK_SECONDS
        self._missing_since: float | None = None
        self._place: Place | None = None
        with contextlib.suppress(OSError):
            folder.run_json.stat()
            # Held open: it tells a folder that was removed from one that was moved.
            self._held = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._held)
            self._above = _place_of(self._path.parent)
            self._place = _place_of(self._path)

    def look(self) -> None:
        """Looks whether it is time to.

        Raises:
            RunGone: the folder was removed for good.
        """
        now = self._stopwatch()
        if self._place is None or now < self._next:
            return
        self._next = now + _LOOK_SECONDS
        if not self._missing():
            self._missing_since = None
            return
        if self._missing_since is None:
            self._missing_since = now
        if now - self._missing_since >= GONE_SECONDS:
            raise RunGone(f"{self._path} was removed while this run worked on it: it ends, and leaves nothing")

    def _missing(self) -> bool:
        try:
            if _place_of(self._path.parent) != self._above:
                return False
            if _is_there(self._path) and _place_of(self._path) == self._place:
                # An interrupted removal leaves what the trainer wrote at that moment.
                return not _is_there(self._folder.run_json) and not _is_there(self._folder.events)
        except OSError:
            return False
        return not self._moved()

    def _moved(self) -> bool:
        """Whether the folder that is held open still holds the run: under another name, then."""
        try:
            os.stat("run.json", dir_fd=self._held)
        except OSError:
            # Also a stale handle: on a network file system that is all that is left of a folder that was removed.
            return False
        return True


def _place_of(path: Path) -> Place:
    found = path.stat()
    return found.st_dev, found.st_ino


def _is_there(path: Path) -> bool:
    """Whether there is such a name.

    Raises:
        OSError: nobody can tell.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
