"""One event, one line: the format that every run is written in, and every kind there is."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1
"""Grows only when the meaning of an existing field changes; new kinds and new fields do not change it."""

LONGEST_LINE_BYTES = 4 * 1024 * 1024
"""No line is longer, its newline included: readers may hold that much, and drop what is longer as damaged."""

Event = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of event: what it tells, and the fields that are always there. More fields may be there as well."""

    name: str
    tells: str
    fields: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("started", "a process began to work on the run"),
        Kind("stage", "a stage began: the teacher's training, or the student's", ("stage", "total_turns")),
        Kind(
            "metrics",
            "the turns since the last such line, folded together",
            ("stage", "player", "turn", "step", "epoch", "values"),
        ),
        Kind("evaluation", "scores on held-out texts", ("stage", "turn", "split", "scores", "best")),
        Kind("checkpoint", "a checkpoint was written", ("turn", "path")),
        Kind("teacher", "which teacher is distilled, and how good it is", ("name", "score")),
        Kind("layer_map", "which teacher layer each student layer was made from", ("layers",)),
        Kind("augmentation", "one text that the generator rewrote", ("turn", "id", "real", "soft")),
        Kind("system", "what the machine does, in `system/`"),
        Kind("alert", "something a person should know", ("level", "what")),
        Kind("request", "what somebody asked of the run, and the answer", ("id", "what", "answer")),
        Kind("note", "somebody's words about the run", ("text",)),
        Kind("stopped", "the run ended before its time because somebody asked for it"),
        Kind("finished", "the run came to its end"),
        Kind("failed", "the run ended by an error", ("what",)),
    )
}
"""Every kind this version writes. Readers ignore kinds they do not know."""


def encode(event: Mapping[str, Any]) -> bytes:
    """An event as its line: ASCII JSON, strict, ended by a newline, with NaN and infinities as strings.

    An event too long for any reader becomes a short one of the same kind with `dropped_bytes`.

    Raises:
        TypeError: a field holds what JSON cannot say.
    """
    try:
        line = _dump(event)
    except ValueError:
        line = _dump(finite(event))
    if len(line) > LONGEST_LINE_BYTES:
        kept = {key: event[key] for key in ("v", "t", "kind", "stage", "turn") if key in event}
        return _dump({**kept, "dropped_bytes": len(line)})
    return line


def decode(line: bytes) -> Event | None:
    """The event that a line holds, or None when the line is damaged. Strings such as "NaN" stay: see `number`."""
    try:
        event = _DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    version, seconds, kind = event.get("v"), event.get("t"), event.get("kind")
    # JSON can say 1e999, and its true is an int in Python.
    timed = isinstance(seconds, (int, float)) and type(seconds) is not bool and abs(seconds) < _LATEST_SECONDS
    return event if timed and type(version) is int and version >= 1 and isinstance(kind, str) else None


def number(value: object) -> float | None:
    """A number out of an event, with "NaN", "Infinity" and "-Infinity" as what they stand for; None if it is none."""
    if isinstance(value, str):
        return _NOT_FINITE.get(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def finite(value: Any) -> Any:
    """The same value with each NaN or infinity in it, however deep, as the string "NaN", "Infinity" or "-Infinity"."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(inner) for inner in value]
    return value


class EventReader:
    """Bytes in, events out, however the bytes were cut: what follows the last newline waits for its end.

    A line that is no event is skipped and counted in `bad_lines`; a whole one that a newer version wrote, and that this
    one would misread, in `newer_lines`.
    """

    def __init__(self) -> None:
        self.bad_lines = 0
        self.newer_lines = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in order."""
        *complete, rest = data.split(b"\n")
        events: list[Event] = []
        for line in complete:
            self._keep(line)
            self._complete(events)
        self._keep(rest)
        return events

    def end(self) -> list[Event]:
        """Says that the file ends here for good: what was waiting is taken for a line, whole or damaged."""
        events: list[Event] = []
        if self._pending_bytes:
            self._complete(events)
        return events

    def _keep(self, part: bytes) -> None:
        # Of an endless line (a hole that a crash left) only the length is kept, not the bytes.
        self._pending_bytes += len(part)
        if part and self._pending_bytes < LONGEST_LINE_BYTES:
            self._pending.append(part)

    def _complete(self, events: list[Event]) -> None:
        event = decode(b"".join(self._pending)) if self._pending_bytes < LONGEST_LINE_BYTES else None
        self._pending.clear()
        self._pending_bytes = 0
        if event is None:
            self.bad_lines += 1
        elif event["v"] > VERSION:
            self.newer_lines += 1
        else:
            events.append(event)


def _dump(event: Any) -> bytes:
    return _ENCODER.encode(event).encode("ascii") + b"\n"


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


# ASCII: no cut ever falls inside a character, and no text in an event can move a terminal's cursor.
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=os.fspath)
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_LATEST_SECONDS = 1e12
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
