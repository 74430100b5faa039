"""What the trainer writes through: every event to disk first, then to whoever listens."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from cilda.errors import CildaError
from cilda.runs.atomic import read_json, refusal, unfinished_writes, write_json_atomic
from cilda.runs.events import KINDS, VERSION, Event, decode, encode
from cilda.runs.layout import RunFolder
from cilda.runs.segments import SEGMENT_BYTES, SegmentWriter
from cilda.runs.windows import Window, window_seconds

Listener = Callable[[Event], None]

_STATE_SECONDS = 1.0
ENDS = ("finished", "stopped", "failed")
_PLACE = ("stage", "turn", "total_turns", "step", "total", "epoch", "best", "best_turn", "rows", "labels")
# On a nearly full disk short lines fit and long ones do not, in turn.
_TROUBLE_SECONDS = 60.0


class RunWriter:
    """Writes one run's files, for the one process that works on it; any of its threads may call.

    Training never stops for a disk that refuses: what could not be written waits (see `SegmentWriter`), `trouble` says
    so, and an alert tells how much was lost once writing works again. A listener sees each event exactly as a reader
    of the file would; one that raises is told once in an alert and not called again.

    Raises:
        CildaError: the run's folder is not there, or cannot be written to.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        attempt: int = 1,
        listeners: Iterable[Listener] = (),
        segment_bytes: int = SEGMENT_BYTES,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.attempt = attempt
        self._listeners = list(listeners)
        self._clock = clock
        self._stopwatch = stopwatch
        self._host = socket.gethostname()
        self._lock = threading.RLock()
        self._events = SegmentWriter(folder.events, segment_bytes=segment_bytes)
        self._augmentations = SegmentWriter(folder.augmentations, segment_bytes=segment_bytes)
        _prepare(folder)
        self.end: str | None = None
        """How the run ended by the event that says so; None before there is one."""
        self._told_lost = 0
        self._told_trouble = False
        self._next_trouble = stopwatch()
        self._began = stopwatch()
        self._windows: dict[tuple[str, str], Window] = {}
        self._positions: dict[tuple[str, str], dict[str, Any]] = {}
        self._next_line = self._began
        self._status = ""
        self._state: Event = {**_place_of(folder, attempt), "attempt": attempt}
        self._moved = clock()
        self._state_trouble: OSError | None = None
        self._state_waits = False
        self._next_state = self._began

    def listen(self, *listeners: Listener) -> None:
        """Has listeners hear every event from here on; one that fails is left."""
        with self._lock:
            self._listeners += listeners

    @property
    def trouble(self) -> str | None:
        """Why the disk refuses at present, in words; None while all is well."""
        refused = self._refused
        return None if refused is None else f"{refused[0]}: {refused[1].strerror or refused[1]}"

    @property
    def status(self) -> str:
        """What the run last said that it is doing; empty before its first word."""
        return self._status

    @property
    def lost_lines(self) -> int:
        """How many lines a refusing disk has cost for good."""
        return self._events.lost_lines + self._augmentations.lost_lines

    def write_run(self, run: Mapping[str, Any]) -> None:
        """Writes run.json, once in a run's life, with the schema's version, the time and the run's id added.

        Raises:
            CildaError: it is there already, or the disk refused.
        """
        path = self.folder.run_json
        if path.exists():
            raise CildaError(f"{path} is there already: it is written once", "start a new run under another --name")
        try:
            write_json_atomic(path, {"v": VERSION, "t": self._clock(), "id": self.folder.id, **run})
        except OSError as error:
            raise refusal(error, path) from error

    def event(self, kind: str, **fields: Any) -> None:
        """Writes an event now; metrics gathered before it come first, so that the order is right."""
        with self._lock:
            self._moved = self._clock()
            self._flush_metrics()
            if kind in ENDS:
                self.end = kind
            self._write(self._events, kind, fields)

    def augmentation(self, record: Mapping[str, Any]) -> None:
        """Writes one rewritten text to the augmentations; its fields are those of the kind `augmentation`."""
        with self._lock:
            self._write(self._augmentations, "augmentation", record, important=False)

    def metrics(
        self,
        stage: str,
        player: str,
        turn: int,
        epoch: float,
        values: Mapping[str, float],
        *,
        step: int | None = None,
    ) -> None:
        """Takes the values of one turn; a line sums up those of about half a second (n, mean, min, max, last).

        `turn` counts the player's own turns in this stage, `step` those of all players (by default the same number).
        Costs a few microseconds.
        """
        with self._lock:
            self._moved = self._clock()
            who = (stage, player)
            window = self._windows.get(who)
            if window is None:
                window = self._windows[who] = Window()
            window.add(values)
            self._positions[who] = {"turn": turn, "step": turn if step is None else step, "epoch": epoch}
            if self._stopwatch() >= self._next_line:
                self._flush_metrics()

    def state(self, status: str, **fields: Any) -> None:
        """Says where the run stands, and that it lives: replaces state.json at most once a second.

        A new status is written at once, and synced. Fields stay until they are given again.
        """
        with self._lock:
            self._moved = self._clock()
            changed, self._status = status != self._status, status
            self._state.update(fields)
            self._state_waits = True
            if changed or self._stopwatch() >= self._next_state:
                self._write_state(durable=changed)

    def tick(self) -> None:
        """Says that something moved which no event tells of, such as a batch of an evaluation. Costs nothing."""
        self._moved = self._clock()

    def beat(self) -> None:
        """Says that the process lives, though nothing may have moved; and writes what has waited for its time."""
        with self._lock:
            if self._stopwatch() >= self._next_line:
                self._flush_metrics()
            if self._status and self._stopwatch() >= self._next_state:
                self._write_state(durable=False)

    def close(self) -> None:
        """Writes all that waits and closes the files; trouble is told in `trouble`. A later event opens them again."""
        with self._lock:
            self._flush_metrics()
            if self._state_waits:
                self._write_state(durable=True)
            self._events.close()
            self._augmentations.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _flush_metrics(self) -> None:
        for (stage, player), window in list(self._windows.items()):
            if not window.turns:
                continue
            turns, values = window.turns, window.take()
            position = self._positions[stage, player]
            fields = {"stage": stage, "player": player, **position, "turns": turns, "values": values}
            self._state.setdefault("metrics", {})[player] = {key: value["mean"] for key, value in values.items()}
            self._write(self._events, "metrics", fields, important=False)
            now = self._stopwatch()
            self._next_line = now + window_seconds(now - self._began)

    def _write(self, file: SegmentWriter, kind: str, fields: Mapping[str, Any], *, important: bool = True) -> None:
        missing = [name for name in KINDS[kind].fields if name not in fields]
        assert not missing, f"an event {kind!r} without {missing}"
        event: Event = {"v": VERSION, "t": round(self._clock(), 3), "kind": kind}
        assert not event.keys() & fields.keys(), f"an event {kind!r} with a field of v, t, kind"
        event.update(fields)
        line = encode(event)
        file.append(line, important=important)
        self._tell(line)
        self._watch_disk()

    def _tell(self, line: bytes) -> None:
        dropped: list[str] = []
        for listener in list(self._listeners):
            event = decode(line)
            assert event is not None
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001  a closed terminal must not end the training
                self._listeners.remove(listener)
                dropped.append(f"progress is shown there no longer, the run goes on: {type(error).__name__}: {error}")
        for what in dropped:
            self._alert(what)

    @property
    def _refused(self) -> tuple[str, OSError] | None:
        for what, error in (
            ("events", self._events.trouble),
            ("augmentations", self._augmentations.trouble),
            ("state.json", self._state_trouble),
        ):
            if error is not None:
                return what, error
        return None

    def _watch_disk(self) -> None:
        if self._told_trouble:
            self._augmentations.flush()
        refused, lost, now = self._refused, self.lost_lines - self._told_lost, self._stopwatch()
        if refused and not self._told_trouble and now >= self._next_trouble:
            self._told_trouble, self._next_trouble = True, now + _TROUBLE_SECONDS
            self._alert(*self._refusal(*refused))
        elif not refused and (self._told_trouble or lost):
            self._told_trouble = False
            self._told_lost += lost
            self._alert(f"the disk can be written to again; lines lost meanwhile: {lost}")

    def _refusal(self, what: str, error: OSError) -> tuple[str, str]:
        waits = "what is not written yet waits in memory"
        if not self.folder.path.is_dir():
            return f"the run's folder is gone: {self.folder.path}", f"bring it back, or stop the run: {waits}"
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        todo = "free some space" if full else f"look at {self.folder.path} and its disk"
        return f"the disk refuses {what}: {error.strerror or error}", f"{todo}: {waits}"

    def _alert(self, what: str, todo: str = "") -> None:
        self._write(self._events, "alert", {"level": "warning", "what": what, "todo": todo})

    def _write_state(self, *, durable: bool) -> None:
        self._next_state = self._stopwatch() + _STATE_SECONDS
        beat, moved = (round(seconds, 3) for seconds in (self._clock(), self._moved))
        alive = {"heartbeat": beat, "moved": moved, "pid": os.getpid(), "host": self._host}
        try:
            # Not synced while the status stays: a sync each second can cost more than the turns on a slow disk.
            content = {"v": VERSION, "status": self._status, **alive, **self._state}
            write_json_atomic(self.folder.state_json, content, durable=durable)
        except OSError as error:
            self._state_trouble = error
            # A full disk still takes a time: that much of a sign of life.
            with contextlib.suppress(OSError):
                os.utime(self.folder.state_json)
        else:
            self._state_trouble = None
            self._state_waits = False
        self._watch_disk()


def _place_of(folder: RunFolder, attempt: int) -> Event:
    """Where the process before this one had come, until this one knows its own place."""
    before = read_json(folder.state_json) if attempt > 1 else {}
    return {key: before[key] for key in _PLACE if key in before}


def _prepare(folder: RunFolder) -> None:
    for inner in (folder.events, folder.augmentations):
        try:
            inner.mkdir(exist_ok=True)
        except OSError as error:
            raise refusal(error, inner) from error
    # What a killed writer was about to rename. Nobody else writes this file.
    for unfinished in unfinished_writes(folder.state_json):
        unfinished.unlink(missing_ok=True)
