"""How long models take for one text, measured in turn so that a busy moment of the machine hits all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ROUNDS = 3
WARM_UP = 3


@dataclass(frozen=True)
class Latency:
    """Milliseconds for one text alone, over all texts and rounds."""

    p50_ms: float
    p95_ms: float


def timed(calls: Mapping[str, Sequence[Callable[[], object]]]) -> dict[str, Latency]:
    """The latencies of each model, whose calls run a text each.

    In each of three rounds every model answers a few texts that are not counted and then all of them.
    """
    milliseconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, texts in calls.items():
            for call in texts[:WARM_UP]:
                call()
            for call in texts:
                began = time.perf_counter()
                call()
                milliseconds[name].append((time.perf_counter() - began) * 1000)
    return {
        name: Latency(float(np.percentile(values, 50)), float(np.percentile(values, 95)))
        for name, values in milliseconds.items()
    }
