"""What a model predicts on a split, and its scores there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from cilda.distill.data import TokenizedRows, by_length, places_in
from cilda.distill.encoder import Encoder
from cilda.distill.metrics import score
from cilda.distill.world import world
from cilda.tasks.task import Task

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Evaluation:
    """One model on one split."""

    logits_NC: Array
    """float32, in the order of the rows."""
    scores: dict[str, float]
    """The task's metrics by name; empty where the rows have no gold."""

    def predictions(self, task: Task) -> Array:
        """Class ids (N), or amounts for regression."""
        return predicted(task, self.logits_NC)


def predicted(task: Task, logits_NC: Array) -> Array:
    """Class ids from logits, or amounts for regression, shape (N); (N, C) of zeros and ones for several labels."""
    if task.multi_label:
        return (logits_NC > 0).astype(np.int64)
    return logits_NC[:, 0] if task.regression else logits_NC.argmax(axis=1)


def gold_of(rows: TokenizedRows) -> Array:
    """Gold labels in the shape of `predicted`."""
    assert rows.rows.labels is not None and rows.labels_N is not None
    return rows.labels_N.numpy().astype(np.int64) if rows.rows.classes else np.asarray(rows.rows.labels)


@torch.no_grad()
def logits(
    encoder: Encoder, rows: TokenizedRows, batch_size: int, *, tick: Callable[[], object] | None = None
) -> Array:
    """The model's logits (N, C) in the order of the rows, in float32 and eval mode.

    The model's mode and every random state are left as they were. `tick` is called after each batch. The processes of a
    run, which must all ask for them, share the batches.
    """
    device = next(encoder.parameters()).device
    was_training = encoder.training
    encoder.eval()
    order = by_length(rows.lengths, batch_size)
    parts = []
    for positions in world().share(order):
        parts.append(encoder(rows.batch(positions).to(device)).logits_BC)
        if tick is not None:
            tick()
    encoder.train(was_training)
    everybodys = world().gathered([part.cpu() for part in parts])
    logits_NC: Array = torch.cat(world().together(everybodys)).numpy()[places_in(order)]
    return logits_NC


def evaluate(
    encoder: Encoder,
    task: Task,
    rows: TokenizedRows,
    batch_size: int = 64,
    *,
    tick: Callable[[], object] | None = None,
) -> Evaluation:
    """Predictions and the task's scores on a split; `tick` is called after each batch."""
    logits_NC = logits(encoder, rows, batch_size, tick=tick)
    if rows.rows.labels is None:
        return Evaluation(logits_NC, {})
    gold_N = gold_of(rows)
    return Evaluation(logits_NC, score(task.metrics, predicted(task, logits_NC), gold_N))
