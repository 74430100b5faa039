"""Rows that have any number of labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from cilda.config import RunConfig
from cilda.errors import CildaError, UsageError
from cilda.tasks.files import file_rows, file_task
from cilda.tasks.rows import NO_LABELS
from cilda.tasks.unlabelled import unlabelled_rows

ROWS = "text,tags\n" + "\n".join(
    f"mail {row},{('work', 'work; urgent', '', 'home;work')[row % 4]}" for row in range(40)
)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "mails.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_labels_are_parted_and_a_row_may_have_none(path: Path) -> None:
    task, rows = file_task(path, None, "text", None, "tags", multi_label=True)
    assert task.labels == ("home", "urgent", "work") and task.multi_label and not task.regression
    assert task.metric == "micro_f1"
    everything = {*(rows["train"].labels or ()), *(rows["validation"].labels or ())}
    assert everything == {(2,), (1, 2), (), (0, 2)}
    assert rows["train"].classes == 3 and len(rows["validation"]) == 4
    assert rows["train"].take([0]).classes == 3


def test_lists_of_labels_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "mails.jsonl"
    lines = [
        f'{{"text": "mail {row}", "tags": {tags}}}' for row, tags in enumerate(['["a; b"]', '["c", "a; b"]', "[]"] * 10)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    task, rows = file_task(path, None, "text", None, "tags", multi_label=True)
    assert task.labels == ("a; b", "c")
    assert set(rows["train"].labels or ()) == {(0,), (0, 1), ()}


def test_another_file_of_the_task_must_have_its_labels(path: Path, tmp_path: Path) -> None:
    task, _ = file_task(path, None, "text", None, "tags", multi_label=True)
    other = tmp_path / "other.csv"
    other.write_text("text,tags\nx,home|urgent\ny,\n", encoding="utf-8")
    assert file_rows(task, other, separator="|").labels == [(0, 1), ()]
    assert file_rows(task, other, separator="|", label_map={"urgent": "work"}).labels == [(0, 2), ()]
    other.write_text("text,tags\nx,holiday\n", encoding="utf-8")
    with pytest.raises(CildaError, match="no label named 'holiday'"):
        file_rows(task, other)
    assert unlabelled_rows(task, other).labels == [NO_LABELS]


def test_one_label_in_all_is_refused(path: Path) -> None:
    path.write_text("text,tags\n" + "\n".join(f"{row},same" for row in range(30)), encoding="utf-8")
    with pytest.raises(CildaError, match="holds 1 labels, parted by ';'"):
        file_task(path, None, "text", None, "tags", multi_label=True)


def test_a_named_task_has_one_label_a_text() -> None:
    with pytest.raises(UsageError, match="multi_label is on without --train"):
        RunConfig.checked({"task": "sst2", "multi_label": True})
