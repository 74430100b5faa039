"""A thread that says, while the main one computes, that the process lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEARTBEAT_SECONDS = 5.0


@contextmanager
def heartbeat(beat: Callable[[], object], *, seconds: float = HEARTBEAT_SECONDS) -> Iterator[None]:
    """While open, `beat` is called every so many seconds by a thread; it must not raise."""
    over = threading.Event()

    def beats() -> None:
        while not over.wait(seconds):
            beat()

    thread = threading.Thread(target=beats, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
