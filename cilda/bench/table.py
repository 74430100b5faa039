"""The table of a bench: teacher and methods with mean and spread, and a paired test against one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, stdev
from typing import Any

from cilda.bench.paired import Paired, holm, paired
from cilda.bench.plan import Plan
from cilda.bench.results import Result


@dataclass(frozen=True)
class Line:
    """One method on one task, over its seeds that have finished."""

    task: str
    label: str
    metric: str
    scores: tuple[float, ...]
    """By seed."""
    planned: int
    """Seeds that were asked for."""
    turns: tuple[int, ...]
    """Student turns, by seed."""
    parameters: int | None
    seconds: float | None
    """Mean over seeds, of training."""
    joules: float | None
    paired: Paired | None = None
    """Against the reference; None for itself, and where it has no predictions of the same rows and seeds."""
    p_holm: float | None = None
    """The paired p when all of the table's tests are looked at together."""

    @property
    def mean(self) -> float | None:
        """Of the scores."""
        return fmean(self.scores) if self.scores else None

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds, of a sample; None of fewer than two."""
        return stdev(self.scores) if len(self.scores) > 1 else None


@dataclass(frozen=True)
class Table:
    """A bench's lines, task by task, in the order of its methods."""

    reference: str
    lines: tuple[Line, ...]
    teachers: dict[str, tuple[float, int]]
    """By task: score and parameters."""
    failed: tuple[str, ...]
    """Runs that ended without a student, with how."""
    missing: int
    """Runs that have not ended yet."""
    equal_time: bool
    """Whether methods got equal time and not equal student turns."""
    latencies_ms: dict[str, dict[str, float]]
    """By task, `teacher` and `student`: the median for one text alone, in milliseconds; empty where not measured."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks, in order."""
        return tuple(dict.fromkeys(line.task for line in self.lines))

    @property
    def labels(self) -> tuple[str, ...]:
        """Methods and variants, in order."""
        return tuple(dict.fromkeys(line.label for line in self.lines))

    def line(self, task: str, label: str) -> Line | None:
        """The line of a method on a task."""
        return next((line for line in self.lines if (line.task, line.label) == (task, label)), None)

    def average(self, label: str) -> float | None:
        """The plain mean over all tasks; None where one of them has no score."""
        means = [line.mean if (line := self.line(task, label)) else None for task in self.tasks]
        known = [mean for mean in means if mean is not None]
        return fmean(known) if known and len(known) == len(means) else None

    @property
    def budget(self) -> str:
        """What every method was given, in words."""
        parts = []
        for task in self.tasks:
            turns = sorted({turn for line in self.lines if line.task == task for turn in line.turns})
            if turns:
                parts.append(f"{task} {turns[0]:,}" + (f" to {turns[-1]:,}" if len(turns) > 1 else ""))
        differ = any(" to " in part for part in parts)
        equal = "student turns as told" if differ else "equal student turns"
        equal = "equal time, as measured before, in student turns" if self.equal_time else equal
        return f"budget: {equal}: {', '.join(parts)}" if parts else "budget: no run has finished yet"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "reference": self.reference,
            "budget": self.budget,
            "teachers": {task: {"score": score, "parameters": size} for task, (score, size) in self.teachers.items()},
            "latencies_ms": self.latencies_ms,
            "lines": [{**asdict(line), "mean": line.mean, "standard_deviation": line.spread} for line in self.lines],
            "averages": {label: self.average(label) for label in self.labels},
            "failed": self.failed,
            "missing": self.missing,
        }


def make_table(
    plan: Plan,
    results: Sequence[Result],
    latencies_ms: dict[str, dict[str, float]] | None = None,
    *,
    equal_time: bool = False,
) -> Table:
    """The table of what has finished so far."""
    by_place: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        by_place.setdefault((result.cell.task, result.cell.label), []).append(result)
    lines = [
        _line(by_place[task, label], by_place.get((task, plan.reference), []))
        for task in plan.tasks
        for label in plan.labels
        if (task, label) in by_place
    ]
    tested = [line.paired.p for line in lines if line.paired is not None]
    adjusted = iter(holm(tested))
    lines = [line if line.paired is None else replace(line, p_holm=next(adjusted)) for line in lines]
    ended = ("failed", "crashed", "killed", "stopped", "finished")
    return Table(
        reference=plan.reference,
        lines=tuple(lines),
        teachers={
            result.cell.task: (result.teacher, result.teacher_parameters)
            for result in reversed(results)
            if result.teacher is not None and result.teacher_parameters is not None
        },
        failed=tuple(
            f"{result.folder.id}: {result.status}"
            for result in results
            if not result.finished and result.status in ended
        ),
        missing=sum(not result.finished and result.status not in ended for result in results),
        equal_time=equal_time,
        latencies_ms=latencies_ms or {},
    )


def _line(ours: Sequence[Result], theirs: Sequence[Result]) -> Line:
    done = [result for result in ours if result.score is not None]
    seconds = [result.seconds for result in done if result.seconds is not None]
    joules = [result.joules for result in done if result.joules is not None]
    return Line(
        task=ours[0].cell.task,
        label=ours[0].cell.label,
        metric=next((result.metric for result in done), ""),
        scores=tuple(result.score for result in done if result.score is not None),
        planned=len(ours),
        turns=tuple(result.turns for result in done if result.turns is not None),
        parameters=next((result.parameters for result in done if result.parameters is not None), None),
        seconds=fmean(seconds) if seconds else None,
        joules=fmean(joules) if joules else None,
        paired=None if theirs and ours[0].cell.label == theirs[0].cell.label else _paired(done, theirs),
    )


def _paired(ours: Sequence[Result], theirs: Sequence[Result]) -> Paired | None:
    """The test over the seeds that both have, on the rows that all of them were judged on."""
    others = {result.cell.seed: result for result in theirs if result.finished}
    gold: tuple[float, ...] | None = None
    mine, other = [], []
    for result in ours:
        rival = others.get(result.cell.seed)
        said, heard = result.predictions(), None if rival is None else rival.predictions()
        if said is None or heard is None or said.ids != heard.ids or said.gold != heard.gold:
            continue
        if gold is not None and said.gold != gold:
            continue
        gold = said.gold
        mine.append(said.said)
        other.append(heard.said)
    return None if gold is None else paired(ours[0].metric, gold, mine, other)
