from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.bench.paired import holm, metric_of, paired
from cilda.distill.metrics import FUNCTIONS, score
from cilda.tasks.metric_names import METRICS

REGRESSIONS = [name for name, metric in METRICS.items() if metric.regression]
CLASSIFICATIONS = [name for name, metric in METRICS.items() if not metric.regression and not metric.multi_label]
MULTI_LABEL = [name for name, metric in METRICS.items() if metric.multi_label]


@pytest.mark.parametrize("metric", CLASSIFICATIONS)
@given(rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40))
def test_a_metric_of_classes_is_the_one_that_evaluations_give(metric: str, rows: list[tuple[int, int]]) -> None:
    gold, said = [row[0] for row in rows], [row[1] for row in rows]
    expected = score((metric,), np.array(said), np.array(gold))[metric]
    assert metric_of(metric, gold, said) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "matthews_correlation"])
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_so_it_is_of_many_classes(metric: str, rows: list[tuple[int, int]]) -> None:
    gold, said = [row[0] for row in rows], [row[1] for row in rows]
    expected = score((metric,), np.array(said), np.array(gold))[metric]
    assert metric_of(metric, gold, said) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("metric", REGRESSIONS)
def test_a_metric_of_amounts_is_the_one_that_evaluations_give(metric: str) -> None:
    random = np.random.default_rng(0)
    gold = random.integers(0, 6, 50).astype(float)
    said = gold + random.normal(size=50)
    expected = score((metric,), said, gold)[metric]
    assert metric_of(metric, gold.tolist(), said.tolist()) == pytest.approx(expected)
    assert metric_of(metric, gold.tolist(), [1.0] * 50) == pytest.approx(score((metric,), np.ones(50), gold)[metric])


def test_every_metric_of_one_label_a_text_can_be_tested() -> None:
    assert {*REGRESSIONS, *CLASSIFICATIONS, *MULTI_LABEL} == set(FUNCTIONS)


def said_with(errors: float, seed: int, gold: list[float]) -> list[float]:
    """Predictions of two classes, a share of them wrong."""
    wrong = np.random.default_rng(seed).random(len(gold)) < errors
    return [1 - label if flip else label for label, flip in zip(gold, wrong, strict=True)]


GOLD = [float(row % 2) for row in range(500)]


def test_equal_methods_do_not_differ() -> None:
    said = [said_with(0.2, seed, GOLD) for seed in range(3)]
    found = paired("accuracy", GOLD, said, said, resamples=500)
    assert (found.difference, found.low, found.high, found.p, found.seeds) == (0, 0, 0, 1, 3)


def test_a_clear_difference_is_found_in_size_and_sign() -> None:
    ours, theirs = ([said_with(errors, 10 * errors + seed, GOLD) for seed in range(3)] for errors in (0, 1))
    assert paired("accuracy", GOLD, ours, theirs, resamples=500).difference == 1
    ours, theirs = ([said_with(errors, int(100 * errors) + seed, GOLD) for seed in range(3)] for errors in (0.1, 0.3))
    found = paired("accuracy", GOLD, ours, theirs, resamples=2000)
    assert 0.15 < found.low < found.difference < found.high < 0.25
    assert found.p == pytest.approx(2 / 2001)
    back = paired("accuracy", GOLD, theirs, ours, resamples=2000)
    assert back.difference == pytest.approx(-found.difference) and back.p == found.p


def test_the_spread_of_seeds_is_in_the_interval() -> None:
    """One seed is much better and one much worse: that says nothing, however many rows there are."""
    good, bad, middle = said_with(0.0, 1, GOLD), said_with(0.4, 2, GOLD), said_with(0.2, 3, GOLD)
    found = paired("accuracy", GOLD, [good, bad], [middle, middle], resamples=2000)
    assert found.low < -0.1 and found.high > 0.1 and found.p > 0.2


def test_under_no_difference_small_ps_are_as_rare_as_they_say() -> None:
    """Of a hundred pairs of equally good methods about five have p < 0.05; seeds are many, so that it is not rough."""
    small = 0
    for trial in range(100):
        ours, theirs = (
            [said_with(0.2, 1000 * trial + 50 * who + seed, GOLD[:200]) for seed in range(10)] for who in (0, 1)
        )
        small += paired("accuracy", GOLD[:200], ours, theirs, resamples=250).p < 0.05
    assert small <= 15


def test_the_same_question_has_the_same_answer() -> None:
    ours, theirs = ([said_with(0.2, seed + who, GOLD) for seed in range(2)] for who in (0, 5))
    assert paired("f1", GOLD, ours, theirs, resamples=300) == paired("f1", GOLD, ours, theirs, resamples=300)


def test_holm_by_calculator() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == [] and holm([0.7, 0.8]) == [1.0, 1.0]
