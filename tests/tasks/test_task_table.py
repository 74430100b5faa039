"""What holds for every task in the table."""

from __future__ import annotations

import pytest

from cilda.tasks import TASKS
from cilda.tasks.metric_names import METRICS
from cilda.tasks.task import Task

# Source of label numbers: the cards of nyu-mll/glue and stanfordnlp/snli.
GLUE_LABELS = {
    "cola": ("unacceptable", "acceptable"),
    "sst2": ("negative", "positive"),
    "mrpc": ("not_equivalent", "equivalent"),
    "qqp": ("not_duplicate", "duplicate"),
    "stsb": (),
    "mnli": ("entailment", "neutral", "contradiction"),
    "ax": ("entailment", "neutral", "contradiction"),
    "qnli": ("entailment", "not_entailment"),
    "rte": ("entailment", "not_entailment"),
    "wnli": ("not_entailment", "entailment"),
    "snli": ("entailment", "neutral", "contradiction"),
}


@pytest.mark.parametrize("name", GLUE_LABELS)
def test_labels_are_numbered_as_on_the_hub(name: str) -> None:
    assert TASKS[name].labels == GLUE_LABELS[name]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_is_whole(task: Task) -> None:
    assert TASKS[task.name] is task
    assert 1 <= len(task.texts) <= 2
    assert task.title
    assert task.metric in task.metrics
    assert all(METRICS[metric].regression == task.regression for metric in task.metrics)
    assert len(set(task.labels)) == len(task.labels)
    assert len(set(task.splits)) == len(task.splits)
    assert task.validation
    assert set(task.hub_layout.labels) in (set(), set(task.labels))
    assert {ours for ours, _ in task.hub_layout.splits} <= set(task.splits)


def test_binary_f1_is_asked_of_two_classes_only() -> None:
    assert all(len(task.labels) == 2 for task in TASKS.values() if "f1" in task.metrics)


def test_a_search_for_the_best_begins_below_everything() -> None:
    for metric in METRICS.values():
        assert metric.better(-1.0, metric.worst)
        assert not metric.better(float("nan"), metric.worst)
    assert METRICS["accuracy"].better(0.9, 0.8)
    assert METRICS["mean_squared_error"].better(0.8, 0.9)
