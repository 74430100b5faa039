"""Runs of a bench as their folders would be, made up: what tables are tested on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cilda.bench.plan import Cell, Plan, make_plan
from cilda.runs.layout import create
from cilda.runs.predictions import keep_predictions
from cilda.runs.writer import RunWriter

GOLD = [row % 2 for row in range(60)]

Said = Callable[[Cell], Sequence[int] | None]


def made_plan(*methods: str, tasks: Sequence[str] = ("rte", "cola"), seeds: int = 3) -> Plan:
    """A plan against kd."""
    return make_plan(tasks, methods or ("kd", "cilda"), range(seeds), {}, "kd")


def wrong_in(count: int) -> list[int]:
    """Predictions of which so many, the first ones, are wrong."""
    return [1 - label if row < count else label for row, label in enumerate(GOLD)]


def make_runs(runs_dir: Path, plan: Plan, said: Said, *, bench: str = "bench", turns: int = 40) -> None:
    """A finished run for each cell that says something, with two evaluations on its way."""
    for cell in plan.cells:
        predictions = said(cell)
        if predictions is None:
            continue
        accuracy = sum(one == other for one, other in zip(GOLD, predictions, strict=True)) / len(GOLD)
        with RunWriter(create(runs_dir, cell.run(bench))) as writer:
            writer.write_run({"job": "distill", "config": {}})
            writer.event("started", host="made up", attempt=1)
            for turn, score in ((turns // 2, accuracy - 0.1), (turns, accuracy)):
                writer.metrics("student", "student", turn, 0.5, {"total": 1.0, "seconds.student": 0.25}, step=turn)
                writer.event(
                    "evaluation", stage="student", turn=turn, epoch=0.5, split="validation",
                    scores={"accuracy": score}, metric="accuracy", best=True,
                )  # fmt: skip
            writer.event(
                "finished", metric="accuracy", teacher={"validation": {"accuracy": 0.95}},
                student={"validation": {"accuracy": accuracy}}, teacher_parameters=1000, student_parameters=400,
                turns=turns, best_turn=turns,
            )  # fmt: skip
            keep_predictions(writer.folder, "validation", [f"v:{row}" for row in range(len(GOLD))], GOLD, predictions)
            writer.state("finished")
