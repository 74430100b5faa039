"""Runs as the rows of `cilda ps`: words for each, and the columns that a terminal has room for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from cilda.runs.summary import Summary
from cilda.runs.words import duration, one_line

COLUMNS = ("run", "status", "stage", "turn", "done", "best", "learns", "when", "why")
RIGHT = frozenset({"turn", "done", "best"})
LONGEST_ID = 40
"""A longer name is cut on a terminal that has no room for it: its beginning names the run just as well."""

_COLORS = {
    "running": "32", "finished": "36", "failed": "31", "killed": "31", "crashed": "31", "stalled": "33",
    "orphaned": "33", "lost": "33", "paused": "33",
}  # fmt: skip
# What a narrow terminal does without, the dearest last; the run and its status stay.
_FEW_METHODS = 3
_DISPENSABLE = ("learns", "stage", "turn", "when", "best", "done")
_GAP = 2


@dataclass(frozen=True)
class Row:
    """One run's cells, by column, and what a program is told."""

    cells: dict[str, str]
    word: str
    record: dict[str, Any]


def row_of(summary: Summary, left_seconds: float | None, now: float) -> Row:
    """A run in words."""
    status = summary.status
    best = "" if summary.best is None else f"{summary.best:.4f}"
    turns = "" if summary.turn is None else f"{summary.turn}/{summary.total_turns or '?'}"
    cells = {
        "run": one_line(summary.id),
        "status": status.shown,
        "stage": one_line(summary.stage),
        "turn": turns,
        "done": "" if summary.progress is None else f"{math.floor(100 * summary.progress)}%",
        "best": best,
        "learns": _learns(summary),
        "when": _when(summary, left_seconds, now),
        "why": one_line(status.why),
    }
    return Row(cells, status.word, _record(summary, left_seconds))


def lines(rows: Sequence[Row], width: int | None, *, color: bool = False) -> list[str]:
    """The table, its header first. Without a width every run is one whole line, reason and all.

    In a width only what fits is shown: columns go before names are cut, and a reason takes a line of its own.
    """
    shown = _columns(rows, width)
    cells = {name: [row.cells[name] for row in rows] for name in shown}
    widths = {name: max(map(len, [name, *cells[name]])) for name in shown}
    if width is not None and sum(widths.values()) + _GAP * (len(shown) - 1) > width:
        rest = sum(widths[name] for name in shown if name != "run") + _GAP * (len(shown) - 1)
        widths["run"] = max(8, min(widths["run"], width - rest))
    table = [_joined({name: name for name in shown}, widths, "", bold=color)]
    for row in rows:
        table.append(_joined(row.cells, widths, _COLORS.get(row.word, "") if color else ""))
        if width is not None and row.cells["why"]:
            table.append(f"  {_cut(row.cells['why'], max(1, width - 2))}")
    return table if width is None else [line if color else line[:width] for line in table]


def _columns(rows: Sequence[Row], width: int | None) -> list[str]:
    filled = {name for name in COLUMNS if any(row.cells[name] for row in rows)} | {"run", "status"}
    shown = [name for name in COLUMNS if name in filled]
    if width is None:
        # Always the same columns, so that awk can count on them.
        return list(COLUMNS)
    shown = [name for name in shown if name != "why"]
    for name in _DISPENSABLE:
        needed = sum(_wanted(rows, column) for column in shown) + _GAP * (len(shown) - 1)
        if needed <= width:
            break
        if name in shown:
            shown.remove(name)
    return shown


def _wanted(rows: Sequence[Row], column: str) -> int:
    longest = max(len(column), *(len(row.cells[column]) for row in rows), 0)
    return min(longest, LONGEST_ID) if column == "run" else longest


def _joined(cells: dict[str, str], widths: dict[str, int], color: str, *, bold: bool = False) -> str:
    parts = []
    for name, width in widths.items():
        cell = _cut(cells[name], width)
        padded = cell.rjust(width) if name in RIGHT else cell.ljust(width)
        parts.append(f"\x1b[{color}m{padded}\x1b[0m" if color and name == "status" else padded)
    line = (" " * _GAP).join(parts).rstrip()
    return f"\x1b[1m{line}\x1b[0m" if bold else line


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _learns(summary: Summary) -> str:
    """`bert-base→6L`; the method where there are no two models."""
    teacher, student = (one_line(PurePath(name).name) for name in (summary.teacher, summary.student))
    if summary.job == "bench":
        methods = summary.method.split(",")
        return one_line(
            f"{summary.task}: {summary.method if len(methods) <= _FEW_METHODS else f'{len(methods)} methods'}"
        )
    if summary.job == "finetune":
        return teacher
    return f"{teacher}→{student}" if teacher and student else one_line(summary.method)


def _when(summary: Summary, left_seconds: float | None, now: float) -> str:
    """When it will be done with its stage; of a run that does not go on, when it last moved."""
    if left_seconds is not None:
        follows = ", then student" if summary.stage == "teacher" and summary.job == "distill" else ""
        return f"ETA {duration(left_seconds)}{follows}"
    return ago(now - (summary.moved or summary.created))


def ago(seconds: float) -> str:
    """`3 m ago`, in one unit."""
    return f"{' '.join(duration(seconds).split()[:2])} ago"


def _record(summary: Summary, left_seconds: float | None) -> dict[str, Any]:
    return {
        "id": summary.id,
        "path": str(summary.folder.path),
        "status": summary.status.word,
        "why": summary.status.why,
        "job": summary.job or None,
        "task": summary.task or None,
        "method": summary.method or None,
        "teacher": summary.teacher or None,
        "student": summary.student or None,
        "host": summary.host or None,
        "attempt": summary.attempt,
        "stage": summary.stage or None,
        "turn": summary.turn,
        "total_turns": summary.total_turns,
        "progress": summary.progress,
        "best": summary.best,
        "created": summary.created,
        "moved": summary.moved,
        "seconds_left": left_seconds,
    }
