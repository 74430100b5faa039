"""One run in one row: what lists show of it, and what filters ask for."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from cilda.runs.events import Event, decode, number
from cilda.runs.layout import RunFolder
from cilda.runs.rate import RATE_SECONDS, Rate, interrupts
from cilda.runs.segments import segment_numbers, segment_path
from cilda.runs.status import Status, status_of
from cilda.runs.store import RunRecord
from cilda.runs.words import whole

TAIL_BYTES = 512 * 1024
"""Some three minutes of metrics, the past that a rate is taken from."""

_OF_A_RATE = tuple(
    f'"{kind}"'.encode() for kind in ("metrics", "evaluation", "checkpoint", "request", "started", "stage")
)


@dataclass(frozen=True)
class Summary:
    """What a run's small files say; texts are empty and numbers None where they say nothing."""

    folder: RunFolder
    status: Status
    job: str
    """What was asked for: distill, finetune, demo or bench."""
    task: str
    """Of a bench all of them, with commas; so for the methods."""
    method: str
    teacher: str
    student: str
    host: str
    stage: str
    turn: int | None
    total_turns: int | None
    progress: float | None
    """Of the present stage, from 0 to 1: turns of all players."""
    best: float | None
    attempt: int | None
    created: float
    """In Unix seconds, as `moved`."""
    moved: float | None

    @property
    def id(self) -> str:
        """The run's name."""
        return self.folder.id


def summary_of(record: RunRecord, now: float | None = None) -> Summary:
    """A run's row, its status asked for at this moment."""
    run, state = record.run, record.state
    config, status = _mapping(run.get("config")), status_of(record, time.time() if now is None else now)
    train_file = _text(config.get("train_file"))
    done, total = _count(state.get("step")), _count(state.get("total"))
    turn, total_turns = _count(state.get("turn")), _count(state.get("total_turns"))
    progress = _fraction(done, total) if total else _fraction(turn, total_turns)
    bench = _mapping(run.get("bench"))
    task = PurePath(train_file).stem if train_file else _text(config.get("task"))
    method = _text(config.get("method")) or _text(_mapping(run.get("method")).get("name"))
    return Summary(
        folder=record.folder,
        status=status,
        job=_text(run.get("job")),
        task=_listed(bench.get("tasks")) or task,
        method=_listed(bench.get("methods")) or method,
        teacher=_text(config.get("teacher")),
        student=_text(config.get("student")),
        host=_text(state.get("host")) or _text(run.get("host")),
        stage=_text(state.get("stage")),
        turn=turn,
        total_turns=total_turns,
        progress=1.0 if status.word == "finished" else progress,
        best=number(state.get("best")),
        attempt=_count(state.get("attempt")),
        created=record.folder.created_seconds(run),
        moved=_finite(state.get("moved")) or _finite(state.get("heartbeat")),
    )


def seconds_left(summary: Summary, state: Mapping[str, Any]) -> float | None:
    """How long a running run's present stage will take yet, by the same rule as `StageView`; None while unknown.

    Reads the end of its events: 17 milliseconds at most.
    """
    total = _finite(state.get("total"))
    if summary.status.word not in ("running", "orphaned") or total is None:
        return None
    rate = Rate()
    for event in reversed(list(_recent(_tail(summary.folder)))):
        if interrupts(event):
            rate.interrupted()
        elif event.get("stage") != summary.stage:
            continue
        elif event["kind"] == "metrics":
            rate.mark(event["t"], whole(event.get("step")), str(event.get("player")), whole(event.get("turn")))
        else:
            rate.worked()
    return rate.seconds_for(int(total) - rate.step)


def _tail(folder: RunFolder) -> list[bytes]:
    """The last whole lines of the events, but for the one that was cut."""
    try:
        numbers = segment_numbers(folder.events)
        if not numbers:
            return []
        with segment_path(folder.events, numbers[-1]).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read(TAIL_BYTES).split(b"\n")
    except OSError:
        return []
    return lines[1:-1] if size > TAIL_BYTES else lines[:-1]


def _recent(lines: list[bytes]) -> Iterator[Event]:
    """What a rate is made of, the newest first, as far back as it looks."""
    newest: float | None = None
    for line in reversed(lines):
        if not any(kind in line[:100] for kind in _OF_A_RATE):
            continue
        event = decode(line)
        if event is None:
            continue
        yield event
        if event["kind"] == "metrics":
            newest = event["t"] if newest is None else newest
            if event["t"] < newest - RATE_SECONDS:
                return
        if event["kind"] == "started":
            # What came before it may have come again since.
            return


def _fraction(done: int | None, total: int | None) -> float | None:
    return None if done is None or not total else min(1.0, max(0.0, done / total))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> str:
    """Names with commas between them; empty where there are none."""
    return ",".join(map(_text, value)) if isinstance(value, list) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _finite(value: object) -> float | None:
    found = number(value)
    return found if found is not None and math.isfinite(found) else None


def _count(value: object) -> int | None:
    found = _finite(value)
    return None if found is None else int(found)
