"""Metrics against cases for a calculator, formulas written out, and their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.distill.metrics import FUNCTIONS, confusion, score
from cilda.errors import CildaError
from cilda.tasks.metric_names import METRICS

PAIRS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40)
NUMBERS = st.lists(st.tuples(st.integers(-8, 8), st.integers(-8, 8)), min_size=2, max_size=30)


def scored(name: str, predictions: list[float], labels: list[float]) -> float:
    return score((name,), np.array(predictions), np.array(labels))[name]


def test_every_metric_that_has_a_name_has_a_function() -> None:
    assert list(FUNCTIONS) == list(METRICS)


def test_four_rows_for_a_calculator() -> None:
    """One true positive, one false positive, one true negative, one false negative; then a fifth, true positive."""
    assert scored("accuracy", [1, 1, 0, 0], [1, 0, 0, 1]) == 0.5
    assert scored("f1", [1, 1, 0, 0], [1, 0, 0, 1]) == 0.5
    assert scored("matthews_correlation", [1, 1, 0, 0], [1, 0, 0, 1]) == 0.0
    # Precision 2/3, recall 2/3; (2·1 - 1·1) / √(3·3·2·2) = 1/6.
    assert scored("f1", [1, 1, 0, 0, 1], [1, 0, 0, 1, 1]) == pytest.approx(2 / 3)
    assert scored("matthews_correlation", [1, 1, 0, 0, 1], [1, 0, 0, 1, 1]) == pytest.approx(1 / 6)
    # F1 of class 0 is 1/2.
    assert scored("macro_f1", [1, 1, 0, 0, 1], [1, 0, 0, 1, 1]) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scored("mean_squared_error", [1, 2], [2, 4]) == 2.5
    assert scored("pearson", [1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert scored("spearman", [1, 2, 10], [3, 2, 1]) == pytest.approx(-1)


@given(PAIRS)
def test_class_metrics_equal_their_formulas(pairs: list[tuple[int, int]]) -> None:
    counts = {cell: sum(pair == cell for pair in pairs) for cell in ((0, 0), (0, 1), (1, 0), (1, 1))}
    true_positive, false_positive, false_negative = counts[1, 1], counts[1, 0], counts[0, 1]
    true_negative = counts[0, 0]
    predictions, labels = np.array(pairs).T
    found = score(("accuracy", "f1", "matthews_correlation"), predictions, labels)
    assert found["accuracy"] == pytest.approx((true_positive + true_negative) / len(pairs))
    wrong = false_positive + false_negative
    assert found["f1"] == pytest.approx(2 * true_positive / (2 * true_positive + wrong) if true_positive else 0)
    product = (
        (true_positive + false_positive)
        * (true_positive + false_negative)
        * (true_negative + false_positive)
        * (true_negative + false_negative)
    )
    top = true_positive * true_negative - false_positive * false_negative
    assert found["matthews_correlation"] == pytest.approx(top / math.sqrt(product) if product else 0, abs=1e-12)


@given(NUMBERS)
def test_correlations_equal_their_formulas(pairs: list[tuple[int, int]]) -> None:
    predictions, labels = np.array(pairs, dtype=np.float32).T
    found = score(("pearson", "spearman", "mean_squared_error"), predictions, labels)
    assert found["pearson"] == pytest.approx(correlation(predictions.tolist(), labels.tolist()), abs=1e-9)
    assert found["spearman"] == pytest.approx(
        correlation(ranks(predictions.tolist()), ranks(labels.tolist())), abs=1e-9
    )
    assert found["mean_squared_error"] == pytest.approx(sum((a - b) ** 2 for a, b in pairs) / len(pairs))


def correlation(first: list[float], second: list[float]) -> float:
    """Σ(a-ā)(b-b̄) / √(Σ(a-ā)² Σ(b-b̄)²); 0 where a side is constant."""
    a = [value - sum(first) / len(first) for value in first]
    b = [value - sum(second) / len(second) for value in second]
    spread = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / spread if spread > 1e-9 else 0.0


def ranks(values: list[float]) -> list[float]:
    """Places in sorted order, equal values sharing their mean place."""
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2 for value in values
    ]


@pytest.mark.parametrize("name", ["pearson", "spearman", "f1", "macro_f1", "matthews_correlation"])
def test_constant_predictions_score_nothing_and_warn_of_nothing(name: str) -> None:
    """Warnings are errors in these tests."""
    found = score((name,), np.zeros(4), np.array([0.0, 1.0, 1.0, 0.0]))[name]
    assert found == (pytest.approx(1 / 3) if name == "macro_f1" else 0.0)


def test_predictions_that_differ_by_rounding_only_are_constant() -> None:
    predictions = np.array([0.3, 0.3 + 1e-8, 0.3 - 1e-8])
    assert score(("pearson", "spearman"), predictions, np.array([1.0, 2.0, 3.0])) == {"pearson": 0.0, "spearman": 0.0}


def test_constant_labels_have_no_correlation() -> None:
    assert scored("pearson", [1, 2, 3], [2, 2, 2]) == 0.0


def test_a_model_that_broke_has_no_score() -> None:
    found = score(("pearson", "mean_squared_error"), np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    assert all(math.isnan(value) for value in found.values())


def test_a_column_of_outputs_is_as_good_as_a_row() -> None:
    assert score(("pearson",), np.array([[1.0], [2.0]]), np.array([1.0, 2.0])) == {"pearson": pytest.approx(1)}


def test_more_than_two_classes() -> None:
    predictions, labels = np.array([0, 1, 2, 2]), np.array([0, 1, 2, 1])
    assert score(("accuracy", "macro_f1"), predictions, labels) == {
        "accuracy": 0.75,
        "macro_f1": pytest.approx((1 + 2 / 3 + 2 / 3) / 3),
    }
    assert -1 <= scored("matthews_correlation", [0, 1, 2, 2], [0, 1, 2, 1]) <= 1


def test_scores_are_plain_floats() -> None:
    one_of = tuple(name for name, metric in METRICS.items() if not metric.multi_label)
    several = tuple(name for name, metric in METRICS.items() if metric.multi_label)
    found = score(one_of, np.array([0, 1, 1]), np.array([0, 1, 0]))
    found |= score(several, np.array([[0, 1], [1, 1]]), np.array([[0, 1], [1, 0]]))
    assert set(found) == set(METRICS)
    assert all(type(value) is float for value in found.values())


def test_scores_of_several_labels_by_calculator() -> None:
    said, gold = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]]), np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]])
    found = score(("micro_f1", "label_f1", "exact_match"), said, gold)
    # Two labels right, one too many, none missing; by label 2/3, 1, and one that nobody gives.
    assert found == pytest.approx({"micro_f1": 4 / 5, "label_f1": (2 / 3 + 1 + 0) / 3, "exact_match": 2 / 3})


def test_no_rows_are_refused() -> None:
    with pytest.raises(CildaError, match="no rows to score"):
        score(("accuracy",), np.array([]), np.array([]))


def test_confusion_has_true_classes_in_rows() -> None:
    assert confusion(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]), 3) == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]


@given(PAIRS)
def test_confusion_counts_every_row_once(pairs: list[tuple[int, int]]) -> None:
    predictions, labels = np.array(pairs).T
    table = np.array(confusion(predictions, labels, 2))
    assert table.sum() == len(pairs)
    assert table.trace() / len(pairs) == pytest.approx(score(("accuracy",), predictions, labels)["accuracy"])
