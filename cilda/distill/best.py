"""The evaluation by which a student is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cilda.tasks.metric_names import METRICS


@dataclass(frozen=True)
class Best:
    """The best evaluation so far."""

    score: float
    turn: int
    scores: dict[str, dict[str, float]]
    """By split and metric."""


class Contest:
    """The evaluations of a stage: the best by a metric on the first split, and how many have not gained on it."""

    def __init__(self, metric: str, patience: int | None = None) -> None:
        self.best: Best | None = None
        self._metric = METRICS[metric]
        self._patience = patience
        self._without_gain = 0

    @property
    def over(self) -> bool:
        """Whether so many evaluations in a row have brought nothing that patience is at its end."""
        return self._patience is not None and self._without_gain >= self._patience

    def enter(self, turn: int, scores: dict[str, dict[str, float]], *, waits: bool = True) -> bool:
        """Takes an evaluation, by split and metric; whether it is the best. Patience is used up where it `waits`."""
        score = next(iter(scores.values()))[self._metric.name]
        gained = self._metric.better(score, self._metric.worst if self.best is None else self.best.score)
        if gained:
            self.best = Best(score, turn, scores)
        self._without_gain = 0 if gained or not waits else self._without_gain + 1
        return gained

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        best = None if self.best is None else asdict(self.best)
        return {"best": best, "evaluations_without_gain": self._without_gain}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes up a state given by `state`."""
        self.best = None if state["best"] is None else Best(**state["best"])
        self._without_gain = state["evaluations_without_gain"]
