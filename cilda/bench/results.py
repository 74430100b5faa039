"""What came of a bench's runs, read from their folders."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from cilda.bench.plan import Cell, Plan
from cilda.runs.events import number
from cilda.runs.layout import RunFolder
from cilda.runs.predictions import Predictions, read_predictions
from cilda.runs.segments import segment_numbers, segment_path
from cilda.runs.status import status_of
from cilda.runs.store import read_events

# Between two readings of a sleeping machine nothing was spent on the run.
_LONGEST_GAP_SECONDS = 10.0


@dataclass(frozen=True)
class Result:
    """One cell's run; numbers are None where the run does not say them, or has not finished."""

    cell: Cell
    folder: RunFolder
    status: str
    """As `cilda ps` says it; "missing" where there is no run yet."""
    metric: str = ""
    split: str = ""
    """The validation split that scores are of: the task's first."""
    score: float | None = None
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    teacher: float | None = None
    teacher_parameters: int | None = None
    parameters: int | None = None
    turns: int | None = None
    seconds: float | None = None
    """What the turns of all players took, without evaluations, pauses and what came before."""
    joules: float | None = None
    """What the GPUs that the run used drew while it trained; runs side by side count it each."""

    @property
    def finished(self) -> bool:
        """Whether there is a score."""
        return self.score is not None

    def predictions(self) -> Predictions | None:
        """What its student said of every row."""
        return read_predictions(self.folder, self.split)


def results_of(plan: Plan, bench: str, runs_dir: Path) -> list[Result]:
    """The results of all cells, in their order."""
    return [result_of(cell, RunFolder(runs_dir / cell.run(bench))) for cell in plan.cells]


def result_of(cell: Cell, folder: RunFolder) -> Result:
    """What a cell's run says of itself."""
    if not folder.exists():
        return Result(cell, folder, "missing")
    status = status_of(folder).word
    events = list(read_events(folder.events, {"finished", "metrics"}))
    done = next((event for event in reversed(events) if event["kind"] == "finished"), None)
    if done is None or status != "finished":
        return Result(cell, folder, status)
    student: dict[str, dict[str, float]] = done.get("student") or {}
    metric = str(done.get("metric", ""))
    split = next(iter(student), "")
    return Result(
        cell=cell,
        folder=folder,
        status=status,
        metric=metric,
        split=split,
        score=number(student.get(split, {}).get(metric)),
        scores=student,
        teacher=number((done.get("teacher") or {}).get(split, {}).get(metric)),
        teacher_parameters=_whole(done.get("teacher_parameters")),
        parameters=_whole(done.get("student_parameters")),
        turns=_whole(done.get("turns")),
        seconds=_seconds([event for event in events if event["kind"] == "metrics" and event.get("stage") == "student"]),
        joules=_joules(folder.system),
    )


def _seconds(metrics: list[dict[str, Any]]) -> float | None:
    """The sum over turns of what each of their parts took."""
    total = sum(
        summary["n"] * summary["mean"]
        for event in metrics
        for key, summary in event.get("values", {}).items()
        if key.startswith("seconds.") and isinstance(summary, dict) and number(summary.get("mean")) is not None
    )
    return total or None


def _joules(system: Path) -> float | None:
    """Watts by seconds over all readings in which the trainer held memory of a GPU."""
    drawn: list[tuple[float, float]] = []
    for segment in segment_numbers(system):
        try:
            lines = segment_path(system, segment).read_bytes().split(b"\n")
        except OSError:
            continue
        drawn += [found for line in lines if b'"gpus"' in line and (found := _watts(line)) is not None]
    if not drawn:
        return None
    gaps = ((now - before, watts) for (before, _), (now, watts) in pairwise(drawn))
    return sum(seconds * watts for seconds, watts in gaps if 0 < seconds < _LONGEST_GAP_SECONDS)


def _watts(line: bytes) -> tuple[float, float] | None:
    """When, and how much the GPUs drew that the trainer holds memory of."""
    try:
        reading = json.loads(line)
        ours = [gpu for gpu in reading["gpus"] if gpu.get("ours_mb")]
        return float(reading["t"]), sum(float(gpu.get("watts", 0)) for gpu in ours)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _whole(value: object) -> int | None:
    found = number(value)
    return None if found is None else int(found)
