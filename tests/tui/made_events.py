"""Single events for tests that need no files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cilda.runs.layout import RunFolder
from cilda.runs.status import Status
from cilda.runs.store import RunRecord
from cilda_tui.view import RunView


def event(kind: str, t: float = 0.0, **fields: Any) -> dict[str, Any]:
    """An event as a reader gives it."""
    return {"v": 1, "t": t, "kind": kind, **fields}


def metrics(
    step: int, *, t: float | None = None, player: str = "student", stage: str = "student", turns: int = 1, **means: Any
) -> dict[str, Any]:
    """An event `metrics`; `__` stands for a dot in a key. One second a step unless `t` says otherwise."""
    values = {
        key.replace("__", "."): {"n": turns, "mean": mean, "min": mean, "max": mean, "last": mean}
        for key, mean in means.items()
    }
    place = {"turn": step, "step": step, "epoch": step / 100, "turns": turns}
    return event("metrics", float(step) if t is None else t, stage=stage, player=player, **place, values=values)


def stage(turn: int = 0, *, t: float = 0.0, name: str = "student", **fields: Any) -> dict[str, Any]:
    """An event `stage` of a thousand turns."""
    return event("stage", t, stage=name, turn=turn, total_turns=1000, metric="accuracy", batch_size=32, **fields)


def evaluation(turn: int, score: float, *, best: bool = False, t: float | None = None, **fields: Any) -> dict[str, Any]:
    """An event `evaluation` of the student on `validation`."""
    told = {"split": "validation", "scores": {"accuracy": score}, "metric": "accuracy", "best": best, **fields}
    return event("evaluation", float(turn) if t is None else t, stage="student", turn=turn, **told)


def view_of(*events: dict[str, Any], word: str = "running", why: str = "", **state: Any) -> RunView:
    """A view of a run without files that has taken these events."""
    folder = RunFolder(Path("runs/one"))
    view = RunView(folder, RunRecord(folder, {}, state, {}), Status(word, why))  # type: ignore[arg-type]
    view.take(events)
    return view
