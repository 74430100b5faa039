from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.distill.calibration import (
    BINS,
    expected_calibration_error,
    negative_log_likelihood,
    probabilities,
)
from cilda.distill.outside import judged
from cilda.tasks.task import Task

TASK = Task("made_up", ("text",), labels=("no", "maybe", "yes"))


def slow(logits: list[list[float]], gold: list[int]) -> float:
    """Bin by bin: how sure on average, how often right, weighted by how many."""
    sure, right = [], []
    for row, label in zip(logits, gold, strict=True):
        powers = [math.exp(value) for value in row]
        sure.append(max(powers) / sum(powers))
        right.append(row.index(max(row)) == label)
    total = 0.0
    for place in range(BINS):
        inside = [at for at, value in enumerate(sure) if place / BINS < value <= (place + 1) / BINS]
        if inside:
            gap = sum(sure[at] for at in inside) / len(inside) - sum(right[at] for at in inside) / len(inside)
            total += len(inside) / len(gold) * abs(gap)
    return total


@given(
    rows=st.lists(
        st.tuples(st.lists(st.floats(-4, 4, width=16), min_size=3, max_size=3, unique=True), st.integers(0, 2)),
        min_size=1,
        max_size=30,
    )
)
def test_the_calibration_error_is_a_slow_loop(rows: list[tuple[list[float], int]]) -> None:
    logits, gold = [row[0] for row in rows], [row[1] for row in rows]
    found = expected_calibration_error(np.array(logits), np.array(gold))
    assert found == pytest.approx(slow(logits, gold), abs=1e-9)


def test_who_is_always_sure_and_half_the_time_right_is_off_by_a_half() -> None:
    logits = np.array([[100.0, 0.0], [100.0, 0.0]])
    assert expected_calibration_error(logits, np.array([0, 1])) == pytest.approx(0.5)
    assert expected_calibration_error(logits, np.array([0, 0])) == pytest.approx(0.0)
    assert probabilities(np.array([[1000.0, 0.0]], dtype=np.float32)).tolist() == [[1.0, 0.0]]


def test_the_log_loss_by_calculator() -> None:
    logits = np.log(np.array([[0.25, 0.75], [0.5, 0.5]]))
    assert negative_log_likelihood(logits, np.array([1, 0])) == pytest.approx(-(math.log(0.75) + math.log(0.5)) / 2)


def test_a_judgement_knows_its_worst_group() -> None:
    logits = np.eye(3)[[0, 0, 1, 2, 2, 0]] * 3
    found = judged(TASK, logits, [0, 0, 1, 2, 1, 1], ["a", "b", "a", "b", "a", "a"])
    assert found.scores["accuracy"] == pytest.approx(4 / 6) and found.rows == 6
    assert found.groups == {
        "gold no": (2, 1.0), "gold maybe": (3, pytest.approx(1 / 3)), "gold yes": (1, 1.0),
        "a": (4, 0.5), "b": (2, 1.0),
    }  # fmt: skip
    name, accuracy = found.worst
    assert name == "gold maybe" and accuracy == pytest.approx(1 / 3)
    assert found.to_json()["worst_group"]["group"] == "gold maybe"
