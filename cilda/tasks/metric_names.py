"""The metrics a task can be judged by, with the direction in which each is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are.

    `direction` is "max" when more is better; `worst` is where a search for the best must start, since a Matthews
    correlation can be negative and a best that starts at 0 would never be saved.
    """

    name: str
    direction: Literal["max", "min"]
    title: str
    regression: bool = False
    multi_label: bool = False

    @property
    def worst(self) -> float:
        """The value any real score beats."""
        return float("-inf") if self.direction == "max" else float("inf")

    def better(self, score: float, best: float) -> bool:
        """Whether `score` beats `best`; a score that is not a number beats nothing."""
        return score > best if self.direction == "max" else score < best


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "max", "share of rows whose class is right"),
        Metric("f1", "max", "harmonic mean of precision and recall of class 1, of two classes"),
        Metric("macro_f1", "max", "F1 of each class, then their plain mean"),
        Metric(
            "micro_f1", "max", "F1 over all labels of all rows together, where a row may have several", multi_label=True
        ),
        Metric(
            "label_f1", "max", "F1 of each label, then their plain mean, where a row may have several", multi_label=True
        ),
        Metric(
            "exact_match",
            "max",
            "share of rows of which every label is right, where a row may have several",
            multi_label=True,
        ),
        Metric("matthews_correlation", "max", "correlation of predicted and true classes, -1 to 1"),
        Metric("pearson", "max", "linear correlation with the true numbers, -1 to 1", regression=True),
        Metric("spearman", "max", "correlation of the ranks, -1 to 1", regression=True),
        Metric("mean_squared_error", "min", "mean squared distance from the true numbers", regression=True),
    )
}
