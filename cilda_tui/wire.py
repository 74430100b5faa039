"""The line to the terminal: it counts what is sent, notices when the line is slow, and when it is cut."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App

HUNG_UP = 129
"""The exit code of a viewer whose terminal is gone: as if by SIGHUP."""

RATE_SECONDS = 4.0
"""The time that the present rate is an average of."""

_SLOW_BLOCKED = 0.3
_SLOW_BACKLOG_SECONDS = 0.5


class Meter:
    """Counts bytes and the time that writing them took. One thread writes, others may ask."""

    def __init__(self, clock: Any = time.monotonic) -> None:
        self.sent_bytes = 0
        self._clock = clock
        self._recent: deque[tuple[float, int, float]] = deque(maxlen=4096)
        self._writing_since: float | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """A write begins, unless one has."""
        if self._writing_since is None:
            self._writing_since = self._clock()

    def end(self, count: int) -> None:
        """A write of so many bytes is over."""
        now = self._clock()
        began, self._writing_since = self._writing_since, None
        with self._lock:
            self.sent_bytes += count
            self._recent.append((now, count, now - began if began is not None else 0.0))

    def rate(self) -> float:
        """Bytes a second of the last seconds."""
        since = self._clock() - RATE_SECONDS
        with self._lock:
            return sum(count for t, count, _ in self._recent if t > since) / RATE_SECONDS

    def stuck(self) -> bool:
        """Whether the terminal has not taken what was sent for so long that another frame would only wait behind it."""
        since = self._writing_since
        return since is not None and self._clock() - since > _SLOW_BACKLOG_SECONDS / 2

    def slow(self) -> bool:
        """Whether writing took a good part of the last seconds: the line carries less than is sent."""
        now = self._clock()
        since = self._writing_since
        if since is not None and now - since > _SLOW_BACKLOG_SECONDS:
            return True
        with self._lock:
            blocked = sum(took for t, _, took in self._recent if t > now - RATE_SECONDS)
        return blocked / RATE_SECONDS > _SLOW_BLOCKED


class _Counted:
    """A stream whose writes are counted when they are flushed."""

    def __init__(self, file: IO[str], meter: Meter) -> None:
        self._file = file
        self._meter = meter
        self._pending = 0

    def write(self, text: str) -> int:
        """Keeps a text for the next flush, or writes it if there is much of it."""
        self._pending += len(text.encode("utf-8", "replace"))
        self._meter.begin()
        return self._file.write(text)

    def flush(self) -> None:
        """Writes what was kept; waits as long as the terminal does not take it."""
        pending, self._pending = self._pending, 0
        try:
            self._file.flush()
        finally:
            self._meter.end(pending)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Wire(LinuxDriver):
    """Textual's driver for a terminal, with a meter; and it ends the process as soon as the terminal is gone.

    Without this a viewer whose SIGHUP is ignored (nohup, some multiplexers) would spin on an end of file for ever.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.meter = Meter()
        self._file: Any = _Counted(self._file, self.meter)
        threading.Thread(target=_end_with_the_terminal, args=(self.fileno,), daemon=True, name="hang-up").start()
        connect = getattr(app, "connect_wire", None)
        if connect is not None:
            connect(self)


def _end_with_the_terminal(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)
    with suppress(OSError, ValueError):
        # Asked for nothing, it wakes up for a hang-up or an error only.
        while not any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll()):
            continue
        # There is nothing to put back and nobody to tell.
        os._exit(HUNG_UP)
