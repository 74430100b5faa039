"""What a model is worth: scores, confusion, size and speed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from cilda.distill.calibration import expected_calibration_error
from cilda.distill.data import TokenizedRows, texts_to_time
from cilda.distill.encoder import Encoder
from cilda.distill.evaluate import Array, gold_of, logits, predicted
from cilda.distill.metrics import confusion, score
from cilda.distill.models import count_parameters
from cilda.tasks.task import Task


@dataclass(frozen=True)
class Appraisal:
    """One model on one split, in float32, and its speed on this machine."""

    scores: dict[str, float]
    """Empty where the rows have no gold."""
    calibration_error: float | None
    """Expected calibration error; None for regression or without gold."""
    confusion: list[list[int]] | None
    """Rows are gold classes, columns predicted ones; None for regression or without gold."""
    predictions: Array
    """Class ids or amounts, in the order of the rows."""
    parameters: int
    weight_bytes: int
    latency_p50_ms: float
    """Milliseconds for one text alone, the median over some of the split's texts."""
    latency_p95_ms: float
    texts_per_second: float
    """In batches, over the whole split."""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, without the predictions."""
        return {key: value for key, value in vars(self).items() if key != "predictions"}


def appraise(
    model: PreTrainedModel, task: Task, rows: TokenizedRows, device: torch.device, batch_size: int
) -> Appraisal:
    """Scores a model on a split and times it."""
    encoder = Encoder(model).to(device)
    began = time.perf_counter()
    logits_NC = logits(encoder, rows, batch_size)
    predictions = predicted(task, logits_NC)
    seconds = time.perf_counter() - began
    labels = rows.rows.labels
    gold = None if labels is None else gold_of(rows)
    classes = None if task.regression or task.multi_label else gold
    latencies = _latencies_ms(encoder, rows, device)
    return Appraisal(
        scores={} if gold is None else score(task.metrics, predictions, gold),
        calibration_error=None if classes is None else expected_calibration_error(logits_NC, classes),
        confusion=None if classes is None else confusion(predictions, classes, len(task.labels)),
        predictions=predictions,
        parameters=count_parameters(model),
        weight_bytes=sum(weight.numel() * weight.element_size() for weight in model.parameters()),
        latency_p50_ms=float(np.percentile(latencies, 50)),
        latency_p95_ms=float(np.percentile(latencies, 95)),
        texts_per_second=len(rows) / seconds,
    )


def median_latency_ms(model: PreTrainedModel, rows: TokenizedRows, device: torch.device) -> float:
    """Milliseconds for one text alone, the median over texts of all lengths of the split."""
    return float(np.percentile(_latencies_ms(Encoder(model).to(device), rows, device), 50))


@torch.no_grad()
def _latencies_ms(encoder: Encoder, rows: TokenizedRows, device: torch.device) -> list[float]:
    """Milliseconds of single texts, spread over all lengths of the split; the first few are not counted."""
    encoder.eval()
    chosen = texts_to_time(rows.lengths)
    latencies = []
    for row in (*chosen[:3], *chosen):
        began = time.perf_counter()
        # The transfer back waits for the device.
        encoder(rows.batch([row]).to(device)).logits_BC.cpu()
        latencies.append((time.perf_counter() - began) * 1000)
    return latencies[min(3, len(chosen)) :]
