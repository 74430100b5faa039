"""When two models say the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cilda.distill.handover.sameness import sameness
from cilda.tasks.task import Task

CLASSES = Task("moods", texts=("text",), labels=("bad", "good"))
TAGS = Task("tags", texts=("text",), labels=("bad", "good"), metrics=("micro_f1",), multi_label=True)
AMOUNTS = Task("stars", texts=("text",), metric="pearson", metrics=("pearson",))


def test_classes_are_the_same_however_far_their_logits_are_apart() -> None:
    held = sameness(CLASSES, np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([[-5.0, 2.5], [0.0, 1.0]]))
    assert (held.rows, held.same, held.different, held.largest_difference) == (2, 1, (1,), 6.0)


def test_of_several_labels_all_must_be_the_same() -> None:
    expected_NC = np.array([[1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]])
    held = sameness(TAGS, expected_NC, np.array([[2.0, -2.0], [1.0, -0.1], [-1.0, -1.0]]))
    assert held.different == (1,)


def test_amounts_are_the_same_within_a_ten_thousandth_of_the_largest() -> None:
    expected_NC = np.array([[1000.0], [1.0], [-2.0]])
    assert sameness(AMOUNTS, expected_NC, expected_NC + 0.09).same == 3
    assert sameness(AMOUNTS, expected_NC, expected_NC + 0.11).same == 0
    assert sameness(AMOUNTS, expected_NC / 1e6, (expected_NC + 0.09) / 1e6).same == 3


@pytest.mark.parametrize("task", [CLASSES, TAGS])
def test_what_is_no_number_is_never_the_same(task: Task) -> None:
    for wrong in (math.nan, math.inf):
        broken_NC = np.array([[1.0, 2.0], [wrong, 0.0]])
        assert sameness(task, broken_NC, broken_NC).different == (1,)
        assert not math.isfinite(sameness(task, np.ones((2, 2)), broken_NC).largest_difference)


def test_rows_that_are_none_are_the_same() -> None:
    held = sameness(CLASSES, np.zeros((0, 2)), np.zeros((0, 2)))
    assert (held.rows, held.same, held.largest_difference) == (0, 0, 0.0)
