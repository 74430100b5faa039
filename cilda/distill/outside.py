"""What a model is worth on a set that need not be its own: scores, worst group, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cilda.distill.calibration import expected_calibration_error, negative_log_likelihood
from cilda.distill.evaluate import Array
from cilda.distill.metrics import score
from cilda.tasks.task import Task


@dataclass(frozen=True)
class Judgement:
    """One model on one set of labelled rows of classes."""

    rows: int
    scores: dict[str, float]
    """Accuracy, macro F1 and the task's own metrics."""
    groups: dict[str, tuple[int, float]]
    """Rows and accuracy of each group: the set's own, and the rows of each gold class."""
    calibration_error: float
    """Expected calibration error over 15 bins of equal width."""
    log_loss: float
    """Mean −ln of the gold class's probability, in nats."""

    @property
    def worst(self) -> tuple[str, float]:
        """The group with the lowest accuracy, and that."""
        name = min(self.groups, key=lambda group: self.groups[group][1])
        return name, self.groups[name][1]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        name, accuracy = self.worst
        groups = {group: {"rows": rows, "accuracy": share} for group, (rows, share) in self.groups.items()}
        worst = {"group": name, "accuracy": accuracy}
        return {**vars(self), "groups": groups, "worst_group": worst}


def judged(task: Task, logits_NC: Array, gold_N: Sequence[float], groups_N: Sequence[str] = ()) -> Judgement:
    """Scores of logits against gold classes; `groups_N` are the rows' groups, if they have any."""
    gold = np.asarray(gold_N, dtype=np.int64)
    said = logits_NC.argmax(axis=1)
    right = said == gold
    parts = {f"gold {task.labels[number]}": gold == number for number in np.unique(gold)}
    names = np.asarray(groups_N)
    parts |= {name: names == name for name in dict.fromkeys(groups_N)}
    metrics = tuple(dict.fromkeys(("accuracy", "macro_f1", *task.metrics)))
    return Judgement(
        rows=len(gold),
        scores=score(metrics, said, gold),
        groups={name: (int(part.sum()), float(right[part].mean())) for name, part in parts.items()},
        calibration_error=expected_calibration_error(logits_NC, gold),
        log_loss=negative_log_likelihood(logits_NC, gold),
    )
