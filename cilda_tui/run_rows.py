"""The rows of the run list: each run's summary and a curve of its loss, read cheaply from pieces of its events."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cilda.errors import CildaError, UsageError
from cilda.runs.events import decode, number
from cilda.runs.filters import parse
from cilda.runs.layout import RunFolder
from cilda.runs.segments import segment_numbers, segment_path
from cilda.runs.store import list_runs
from cilda.runs.summary import Summary, summary_of
from cilda_tui.ui import Ui

POINTS = 24
PIECE_BYTES = 8 * 1024
"""Holds a few lines of metrics; so a run's curve costs 200 kB of reading, whatever its size."""


@dataclass(frozen=True)
class RunRow:
    """A run in the list."""

    summary: Summary
    curve: tuple[float, ...] = ()
    """The student's objective along its events, at most `POINTS` values; empty where there are none."""

    @property
    def id(self) -> str:
        """The run's name."""
        return self.summary.id


class RunList:
    """The runs in a folder, the newest first. Polled by one thread; `rows` and `trouble` may be read by any."""

    def __init__(self, runs_dir: Path) -> None:
        self.rows: tuple[RunRow, ...] = ()
        self.trouble = ""
        self._runs_dir = runs_dir
        self._curves: dict[str, tuple[int, tuple[float, ...]]] = {}

    def poll(self, now: float | None = None) -> tuple[RunRow, ...]:
        """Reads all small files, and the curves of runs whose events have grown by more than a little."""
        seconds = time.time() if now is None else now
        try:
            records = list_runs(self._runs_dir)
        except CildaError as error:
            self.trouble = error.what
            return self.rows
        self.trouble = ""
        self.rows = tuple(
            RunRow(summary_of(record, seconds), self._curve(record.folder)) for record in reversed(records)
        )
        return self.rows

    def _curve(self, folder: RunFolder) -> tuple[float, ...]:
        size = sum(size for _, size in _segments(folder))
        known = self._curves.get(folder.id)
        if known is None or not known[0] <= size < known[0] * 1.05 + PIECE_BYTES:
            known = self._curves[folder.id] = (size, curve_of(folder))
        return known[1]


def shown_rows(rows: Sequence[RunRow], ui: Ui, now: float | None = None) -> tuple[list[RunRow], str]:
    """The rows that the viewer's filter lets pass; and what is wrong with the filter, which then lets all pass."""
    try:
        passes = parse(ui.run_filter.split(), time.time() if now is None else now)
    except UsageError as error:
        return list(rows), error.what
    return [row for row in rows if passes(row.summary)], ""


def curve_of(folder: RunFolder) -> tuple[float, ...]:
    """The student's total at evenly spread places of a run's events; nothing where nothing can be read."""
    segments = _segments(folder)
    total = sum(size for _, size in segments)
    values: list[float] = []
    for place in range(POINTS):
        position = max(0, total - PIECE_BYTES) * place // (POINTS - 1)
        value = _first_total(_piece(segments, position))
        if value is not None:
            values.append(value)
        if total <= PIECE_BYTES:
            break
    return tuple(values)


def _segments(folder: RunFolder) -> list[tuple[Path, int]]:
    try:
        paths = [segment_path(folder.events, name) for name in segment_numbers(folder.events)]
        return [(path, path.stat().st_size) for path in paths]
    except OSError:
        return []


def _piece(segments: list[tuple[Path, int]], position: int) -> Iterator[bytes]:
    """The whole lines of the piece that begins at a position, counted through all segments."""
    for path, size in segments:
        if position >= size:
            position -= size
            continue
        try:
            with path.open("rb") as file:
                file.seek(position)
                lines = file.read(PIECE_BYTES).split(b"\n")
        except OSError:
            return
        yield from lines[1 if position else 0 : -1]
        return


def _first_total(lines: Iterator[bytes]) -> float | None:
    for line in lines:
        if b'"metrics"' not in line or b'"student"' not in line:
            continue
        event = decode(line)
        if event is not None and event.get("player") == "student":
            value = number(_mapping(_mapping(event.get("values")).get("total")).get("mean"))
            if value is not None and math.isfinite(value):
                return value
    return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
