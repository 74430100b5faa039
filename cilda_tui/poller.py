"""A thread that looks at something again and again, and says when it has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Poller(Generic[Found]):
    """Calls `look` every so many seconds, and `changed` when it gave something else than before.

    Both are called in a thread that never keeps the process alive: a file system that hangs holds up nobody.
    """

    def __init__(self, look: Callable[[], Found], changed: Callable[[], None], *, seconds: float) -> None:
        self._look = look
        self._changed = changed
        self._seconds = seconds
        self._wake = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="poller")
        self._thread.start()

    def now(self) -> None:
        """Looks as soon as it can."""
        self._wake.set()

    def every(self, seconds: float) -> None:
        """Looks so often from now on."""
        if seconds < self._seconds:
            self._wake.set()
        self._seconds = seconds

    def stop(self) -> None:
        """Looks no more. Does not wait: it may be in the middle of a look that takes its time."""
        self._over.set()
        self._wake.set()

    def _work(self) -> None:
        before: Found | None = None
        while not self._over.is_set():
            found = self._look()
            if self._over.is_set():
                return
            if found != before:
                before = found
                self._changed()
            self._wake.wait(self._seconds)
            self._wake.clear()
