from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cilda.errors import CildaError
from cilda.tasks import TASKS
from cilda.tasks.robustness import SETS, OutsideSet, outside_rows, sets_for


def write(folder: Path, one: OutsideSet, labels: list[int], **more: list[str]) -> None:
    """A set's file with these class numbers."""
    path = folder / "robustness" / f"{one.path}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {column: [f"{column} of row {row}" for row in range(len(labels))] for column in one.own.texts}
    pq.write_table(pa.table({**texts, one.own.label: labels, **more}), path)


@pytest.mark.parametrize("one", SETS.values(), ids=lambda one: one.name)
def test_a_set_folds_into_the_labels_of_every_task_that_it_judges(one: OutsideSet) -> None:
    assert one.folds, "it judges nothing"
    for name, fold in one.folds.items():
        task = TASKS[name]
        assert len(task.texts) == len(one.own.texts)
        reached = {fold[label] for label in one.own.labels if label in fold}
        assert reached == set(task.labels), f"{name}: no row would be {set(task.labels) - reached}"


def test_paths_and_names_are_their_own() -> None:
    assert len({one.path for one in SETS.values()}) == len(SETS)
    assert all(one.name == name for name, one in SETS.items())
    assert all(not one.path.startswith(("/", ".")) and len(one.own.validation) == 1 for one in SETS.values())


def test_every_task_that_matters_has_sets() -> None:
    for task in ("sst2", "rte", "mnli", "snli", "mrpc", "qqp", "qnli"):
        assert sets_for(task)
    assert sets_for("stsb") == ()


@pytest.mark.parametrize("one", SETS.values(), ids=lambda one: one.name)
def test_a_local_file_is_read_as_every_task(one: OutsideSet, tmp_path: Path) -> None:
    numbers = list(range(len(one.own.labels))) * 2
    write(tmp_path, one, numbers)
    for name, fold in one.folds.items():
        found = outside_rows(one, TASKS[name], tmp_path)
        expected = [fold[one.own.labels[number]] for number in numbers if one.own.labels[number] in fold]
        assert found.rows.labels is not None
        assert [TASKS[name].labels[int(label)] for label in found.rows.labels] == expected
        assert len(found.rows.texts) == len(TASKS[name].texts)


def test_three_classes_fold_into_two(tmp_path: Path) -> None:
    write(tmp_path, SETS["sick"], [0, 1, 2])
    labels = outside_rows(SETS["sick"], TASKS["rte"], tmp_path).rows.labels
    assert labels == [0, 1, 1], "entailment; neutral and contradiction are not_entailment"


def test_groups_come_from_the_set_s_own_column(tmp_path: Path) -> None:
    write(tmp_path, SETS["hans"], [0, 1, 1], heuristic=["subsequence", "constituent", "subsequence"])
    assert outside_rows(SETS["hans"], TASKS["rte"], tmp_path).groups == ("subsequence", "constituent", "subsequence")
    write(tmp_path, SETS["books"], [0, 1])
    assert outside_rows(SETS["books"], TASKS["sst2"], tmp_path).groups == ()


def test_rows_with_an_empty_text_are_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "robustness" / "sentiment"
    path.mkdir(parents=True)
    pq.write_table(pa.table({"sentence": ["fine", ""], "label": [1, 0]}), path / "custrev.parquet")
    rows = outside_rows(SETS["custrev"], TASKS["sst2"], tmp_path).rows
    assert len(rows) == 2 and "1 rows with an empty text kept" in rows.source


def test_a_set_that_is_nowhere_says_where_it_would_belong(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match=r"books\.parquet is not there, and it is not on the hub") as caught:
        outside_rows(SETS["books"], TASKS["sst2"], tmp_path)
    assert caught.value.todo == "put it at DIR/robustness/sentiment/books.parquet"
