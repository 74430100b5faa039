"""Whether a model is as sure as it is right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS = 15


def probabilities(logits_NC: NDArray[np.floating]) -> Array:
    """Softmax of logits in float64, (N, C)."""
    shifted = logits_NC.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    found: Array = powers / powers.sum(axis=1, keepdims=True)
    return found


def expected_calibration_error(logits_NC: NDArray[np.floating], gold_N: NDArray[np.integer], bins: int = BINS) -> float:
    """Mean over texts of |how sure − how often right| of the texts that are about as sure, from 0 to 1.

    How sure is the greatest probability; texts are parted into `bins` ranges of equal width over 0 to 1, a text on an
    edge belonging to the lower one. Source: Guo et al. 2017, arXiv:1706.04599.
    """
    sure_N = probabilities(logits_NC).max(axis=1)
    right_N = (logits_NC.argmax(axis=1) == gold_N).astype(np.float64)
    place_N = np.clip(np.ceil(sure_N * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(place_N, weights=sure_N - right_N, minlength=bins)
    return float(np.abs(gaps).sum() / len(gold_N))


def negative_log_likelihood(logits_NC: NDArray[np.floating], gold_N: NDArray[np.integer]) -> float:
    """Mean over texts of −ln of the gold class's probability, in nats."""
    of_gold = probabilities(logits_NC)[np.arange(len(gold_N)), gold_N]
    return float(-np.log(np.clip(of_gold, 1e-300, None)).mean())
