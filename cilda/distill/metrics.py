"""How good predictions are: the metrics of GLUE, and a table of what was taken for what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cilda.errors import CildaError

Values = NDArray[Any]


def score(metrics: tuple[str, ...], predictions: Values, labels: Values) -> dict[str, float]:
    """The named metrics of N predictions against N labels, as in `cilda.tasks.metric_names`.

    predictions, labels: class numbers, or floats for regression, shape N; zeros and ones for several labels, N × C.

    Constant predictions have no correlation: 0.0, without a warning. Predictions that are not all finite have no score:
    NaN.

    Raises:
        CildaError: there are no rows.
    """
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    if labels.ndim == 1:
        predictions = predictions.reshape(-1)
    assert predictions.shape == labels.shape, f"{predictions.size} predictions for {labels.size} labels"
    if not labels.size:
        raise CildaError("there are no rows to score", "give a split or a file that has rows")
    if not np.isfinite(predictions).all():
        return {name: float("nan") for name in metrics}
    return {name: float(FUNCTIONS[name](predictions, labels)) for name in metrics}


def confusion(predictions: Values, labels: Values, n: int) -> list[list[int]]:
    """How often each of n classes (row: the true one) was taken for each (column)."""
    counts = np.zeros((n, n), dtype=np.int64)
    np.add.at(counts, (np.asarray(labels), np.asarray(predictions)), 1)
    table: list[list[int]] = counts.tolist()
    return table


def _accuracy(predictions: Values, labels: Values) -> float:
    return float(np.mean(predictions == labels))


def _f1(predictions: Values, labels: Values) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predictions, pos_label=1, zero_division=0.0))


def _macro_f1(predictions: Values, labels: Values) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predictions, average="macro", zero_division=0.0))


def _micro_f1(predictions: Values, labels: Values) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predictions, average="micro", zero_division=0.0))


def _exact_match(predictions: Values, labels: Values) -> float:
    return float(np.mean((predictions == labels).all(axis=1)))


def _matthews_correlation(predictions: Values, labels: Values) -> float:
    from sklearn.metrics import matthews_corrcoef

    if _constant(predictions) or _constant(labels):
        return 0.0
    return float(matthews_corrcoef(labels, predictions))


def _pearson(predictions: Values, labels: Values) -> float:
    from scipy.stats import pearsonr

    if _constant(predictions) or _constant(labels):
        return 0.0
    return float(pearsonr(predictions.astype(np.float64), labels.astype(np.float64)).statistic)


def _spearman(predictions: Values, labels: Values) -> float:
    from scipy.stats import spearmanr

    if _constant(predictions) or _constant(labels):
        return 0.0
    return float(spearmanr(predictions, labels).statistic)


def _mean_squared_error(predictions: Values, labels: Values) -> float:
    return float(np.mean((predictions.astype(np.float64) - labels.astype(np.float64)) ** 2))


def _constant(values: Values) -> bool:
    """Whether the values differ by no more than float32's rounding: a correlation of that would be noise."""
    spread = float(np.ptp(values.astype(np.float64)))
    return spread <= 1e-7 * float(np.abs(values.astype(np.float64)).max())


FUNCTIONS: dict[str, Callable[[Values, Values], float]] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "macro_f1": _macro_f1,
    "micro_f1": _micro_f1,
    # The same function of zeros and ones is the mean over labels.
    "label_f1": _macro_f1,
    "exact_match": _exact_match,
    "matthews_correlation": _matthews_correlation,
    "pearson": _pearson,
    "spearman": _spearman,
    "mean_squared_error": _mean_squared_error,
}
