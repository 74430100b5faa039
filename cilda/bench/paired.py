"""A paired test between two methods: the same rows, the same seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]

RESAMPLES = 10_000
_BLOCK = 250


@dataclass(frozen=True)
class Paired:
    """How much better than another a method is, over all rows and seeds."""

    difference: float
    """Of the metric, mean over seeds."""
    low: float
    high: float
    """What 95 of 100 resamples lie between."""
    p: float
    """Two-sided: how often resamples say the opposite."""
    seeds: int


def paired(
    metric: str,
    gold_N: Sequence[float],
    ours_SN: Sequence[Sequence[float]],
    theirs_SN: Sequence[Sequence[float]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Paired:
    """The difference of two methods' metric from predictions of N rows by S seeds each, row by row and seed by seed.

    A bootstrap over rows and seeds at once: each resample draws N rows and S seeds with replacement, the same for both
    methods. So both kinds of chance are in the interval: which rows there were, and which seeds. With few seeds it is a
    rough one. p is twice the smaller share of resamples at or beyond 0, and at least 2/(resamples + 1).
    """
    gold = np.asarray(gold_N, dtype=np.float64)
    pairs = [
        (_weighed(metric, gold, ours), _weighed(metric, gold, theirs))
        for ours, theirs in zip(ours_SN, theirs_SN, strict=True)
    ]
    whole = np.ones((1, len(gold)))
    difference = float(np.mean([ours(whole)[0] - theirs(whole)[0] for ours, theirs in pairs]))
    random = np.random.default_rng(seed)
    S, drawn = len(pairs), []
    for start in range(0, resamples, _BLOCK):
        count = min(_BLOCK, resamples - start)
        times_RN = _resampled(random, count, len(gold))
        gap_RS = np.stack([ours(times_RN) - theirs(times_RN) for ours, theirs in pairs], axis=1)
        share_RS = random.multinomial(S, np.full(S, 1 / S), size=count) / S
        drawn.append((gap_RS * share_RS).sum(axis=1))
    values = np.concatenate(drawn)
    low, high = np.quantile(values, (0.025, 0.975))
    beyond = min((values <= 0).sum(), (values >= 0).sum())
    return Paired(difference, float(low), float(high), min(1.0, 2 * (int(beyond) + 1) / (resamples + 1)), S)


def _resampled(random: np.random.Generator, count: int, rows: int) -> Numbers:
    """How often each row is drawn in each resample, (R, N): a fifth of the time that a multinomial draw takes."""
    drawn_RN = random.integers(0, rows, size=(count, rows)) + np.arange(count)[:, None] * rows
    times = np.bincount(drawn_RN.ravel(), minlength=count * rows)
    found: Numbers = times.reshape(count, rows).astype(np.float64)
    return found


def holm(ps: Sequence[float]) -> list[float]:
    """The same p-values when all of them are looked at together. Source: Holm 1979."""
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = highest
    return adjusted


def metric_of(metric: str, gold_N: Sequence[float], said_N: Sequence[float]) -> float:
    """The metric itself, as `cilda eval` says it."""
    gold = np.asarray(gold_N, dtype=np.float64)
    return float(_weighed(metric, gold, said_N)(np.ones((1, len(gold))))[0])


def _weighed(metric: str, gold: Numbers, said_N: Sequence[float]) -> Callable[[Numbers], Numbers]:
    """A metric as a function of how often each row is taken: (R, N) to (R)."""
    said = np.asarray(said_N, dtype=np.float64)
    match metric:
        case "accuracy":
            right = (gold == said).astype(np.float64)
            return lambda times: times @ right / times.sum(axis=1)
        case "mean_squared_error":
            squares = (gold - said) ** 2
            return lambda times: times @ squares / times.sum(axis=1)
        case "pearson":
            return _correlation(gold, said)
        case "spearman":
            from scipy.stats import rankdata

            # Ranks among all rows, also in a resample: to rank each anew would change little and take long.
            return _correlation(rankdata(gold), rankdata(said))
    classes = np.unique(np.concatenate([gold, said]))
    C = len(classes)
    places = np.searchsorted(classes, gold) * C + np.searchsorted(classes, said)
    cells = np.eye(C * C)[places]
    formula = {"f1": _f1(classes), "macro_f1": _macro_f1, "matthews_correlation": _matthews}[metric]
    return lambda times: formula((times @ cells).reshape(len(times), C, C))


def _correlation(x: Numbers, y: Numbers) -> Callable[[Numbers], Numbers]:
    columns = np.stack([x, y, x * y, x * x, y * y], axis=1)

    def of(times: Numbers) -> Numbers:
        mx, my, mxy, mxx, myy = (times @ columns / times.sum(axis=1, keepdims=True)).T
        spread = np.sqrt(np.clip((mxx - mx**2) * (myy - my**2), 0, None))
        return _quotient(mxy - mx * my, spread)

    return of


def _f1(classes: Numbers) -> Callable[[Numbers], Numbers]:
    """Of class 1: rows of the confusion are gold, columns what was said."""
    found = np.flatnonzero(classes == 1)

    def of(confusion: Numbers) -> Numbers:
        return _f1_of(confusion, int(found[0])) if len(found) else np.zeros(len(confusion))

    return of


def _macro_f1(confusion: Numbers) -> Numbers:
    """The plain mean over the classes that occur, as gold or as said, in a resample."""
    there = (confusion.sum(axis=1) + confusion.sum(axis=2)) > 0
    each = np.stack([_f1_of(confusion, place) for place in range(confusion.shape[1])], axis=1)
    found: Numbers = (each * there).sum(axis=1) / there.sum(axis=1)
    return found


def _f1_of(confusion: Numbers, place: int) -> Numbers:
    right = confusion[:, place, place]
    all_of = confusion[:, place, :].sum(axis=1) + confusion[:, :, place].sum(axis=1)
    return _quotient(2 * right, all_of)


def _matthews(confusion: Numbers) -> Numbers:
    gold, said = confusion.sum(axis=2), confusion.sum(axis=1)
    count, right = confusion.sum(axis=(1, 2)), np.trace(confusion, axis1=1, axis2=2)
    over = right * count - (gold * said).sum(axis=1)
    under = np.sqrt((count**2 - (said**2).sum(axis=1)) * (count**2 - (gold**2).sum(axis=1)))
    return _quotient(over, under)


def _quotient(over: Numbers, under: Numbers) -> Numbers:
    """One by the other; 0 where there is nothing to divide by, as of a prediction that is always the same."""
    found: Numbers = np.divide(over, under, out=np.zeros_like(over), where=under > 1e-12)
    return found
