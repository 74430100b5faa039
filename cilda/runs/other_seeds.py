"""Runs that are the same experiment with other seeds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from cilda.errors import CildaError
from cilda.runs.layout import RunFolder
from cilda.runs.store import RunRecord, list_runs, open_run, read_events

BESIDE = frozenset({
    "name", "runs_dir", "cache_dir", "data_dir", "threads", "compile", "keep_checkpoints", "checkpoint_every",
    "track", "track_project",
})  # fmt: skip
"""Settings that may differ between two runs that are the same experiment: names, places, and what else has no part in
what comes out."""


@dataclass(frozen=True)
class Seed:
    """A finished run's seed and its student's scores, by split and metric."""

    seed: int
    scores: dict[str, dict[str, float]]


def seeds_of(run: RunFolder) -> list[Seed]:
    """The run and those beside it that have learned from the same rows with the same settings, by rising seed.

    Each seed once: the run's own, or else the latest run with it. Runs that have not finished do not count. A setting
    that only one of two runs knows, as the other is of an older version, does not tell them apart; models are compared
    by where their folders are, whatever link leads there.
    """
    own = open_run(run)
    found: dict[int, Seed] = {}
    try:
        records = list_runs(run.path.parent)
    except CildaError:
        records = []
    for record in [*(one for one in records if _same(one, own)), own]:
        seed, scores = record.run.get("config", {}).get("seed"), _scores(record)
        if isinstance(seed, int) and scores:
            found[seed] = Seed(seed, scores)
    return [found[seed] for seed in sorted(found)]


def _same(one: RunRecord, other: RunRecord) -> bool:
    mine, its = one.run.get("config"), other.run.get("config")
    if not isinstance(mine, dict) or not isinstance(its, dict):
        return False
    shared = (mine.keys() & its.keys()) - BESIDE - {"seed"}
    alike = all(_place(mine[key]) == _place(its[key]) for key in shared)
    rows = one.state.get("rows") == other.state.get("rows")
    return alike and rows and one.run.get("job") == other.run.get("job")


def _place(value: Any) -> Any:
    return os.path.realpath(value) if isinstance(value, str) and value.startswith("/") else value


def _scores(record: RunRecord) -> dict[str, dict[str, float]]:
    """What the last event `finished` says of the student."""
    scores: dict[str, dict[str, float]] = {}
    try:
        for event in read_events(record.folder.events, {"finished"}):
            said = event.get("student")
            scores = said if isinstance(said, dict) else {}
    except CildaError:
        return {}
    return scores
