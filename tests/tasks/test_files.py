"""A user's files as a task."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from cilda.errors import CildaError, UsageError
from cilda.tasks import TASKS
from cilda.tasks.files import file_rows, file_task
from cilda.tasks.rows import Rows
from cilda.tasks.task import Task


def written(path: Path, labels: list[object], header: str = "text,label") -> Path:
    lines = [header, *(f"text {number},{label}" for number, label in enumerate(labels))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def learned(folder: Path, labels: list[object], regression: bool | None = None) -> tuple[Task, dict[str, Rows]]:
    train = written(folder / "reviews.csv", labels)
    validation = written(folder / "held.csv", labels)
    return file_task(train, validation, "text", None, "label", regression)


def test_words_become_classes_in_alphabetic_order(tmp_path: Path) -> None:
    task, rows = learned(tmp_path, ["good", "bad", "good"])
    assert task.name == "reviews"
    assert task.labels == ("bad", "good")
    assert (task.metric, task.metrics) == ("accuracy", ("accuracy", "macro_f1"))
    assert rows["train"].labels == [1, 0, 1]
    assert rows["train"].texts == (["text 0", "text 1", "text 2"],)
    assert rows["validation"].ids == ["validation:0", "validation:1", "validation:2"]
    assert rows["train"].source == str(tmp_path / "reviews.csv")


def test_whole_numbers_become_classes_in_numeric_order(tmp_path: Path) -> None:
    task, rows = learned(tmp_path, [10, 9, 2, 10])
    assert task.labels == ("2", "9", "10")
    assert rows["train"].labels == [2, 1, 0, 2]


def test_one_number_that_is_not_whole_makes_a_regression(tmp_path: Path) -> None:
    task, rows = learned(tmp_path, [1, 2.5, 3])
    assert task.regression
    assert task.metrics == ("pearson", "spearman", "mean_squared_error")
    assert rows["train"].labels == [1.0, 2.5, 3.0]


def test_the_validation_file_has_a_say_in_what_is_learned(tmp_path: Path) -> None:
    train, validation = written(tmp_path / "a.csv", [1, 2]), written(tmp_path / "b.csv", [1.5, 2])
    assert file_task(train, validation, "text", None, "label")[0].regression


def test_the_user_has_the_last_word_on_regression(tmp_path: Path) -> None:
    assert learned(tmp_path, [1, 2], regression=True)[1]["train"].labels == [1.0, 2.0]
    assert learned(tmp_path, [0.5, 2], regression=False)[0].labels == ("0.5", "2")
    with pytest.raises(CildaError, match=r"line 3.*'two'"):
        learned(tmp_path, [1, "two"], regression=True)


def test_two_text_columns_make_a_pair(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    records = [{"a": f"a{number}", "b": f"b{number}", "same": number % 2 == 0} for number in range(20)]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    task, rows = file_task(path, None, "a", "b", "same")
    assert task.texts == ("a", "b")
    assert task.labels == ("false", "true")
    assert [column[0] for column in rows["train"].texts] == ["a0", "b0"]


def test_without_a_validation_file_a_tenth_is_held_out_and_said(tmp_path: Path) -> None:
    path = written(tmp_path / "train.csv", ["good", "bad"] * 50)
    task, rows = file_task(path, None, "text", None, "label", seed=3)
    assert task.name == tmp_path.name.lower().replace("-", "_").strip("_")
    assert (len(rows["train"]), len(rows["validation"])) == (90, 10)
    assert "10 of 100 rows" in rows["validation"].source
    assert "seed 3" in rows["validation"].source
    assert "held out" in rows["train"].source


def test_a_file_named_like_a_task_of_ours_is_another_task(tmp_path: Path) -> None:
    path = written(tmp_path / "sst2.csv", ["good", "bad"] * 20)
    assert file_task(path, None, "text", None, "label")[0].name == "sst2_file"


def test_a_task_survives_a_trip_through_json(tmp_path: Path) -> None:
    task, _ = learned(tmp_path, ["good", "bad"])
    for kept in (task, *TASKS.values()):
        assert Task.from_json(json.loads(json.dumps(kept.to_json()))) == kept


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match="every label in column 'label' is 'good'"):
        learned(tmp_path, ["good", "good"])
    with pytest.raises(CildaError, match="every number in column 'label' is 1"):
        learned(tmp_path, [1, 1], regression=True)


def test_a_column_of_names_is_no_column_of_classes(tmp_path: Path) -> None:
    with pytest.raises(CildaError) as caught:
        learned(tmp_path, [f"user {number}" for number in range(50)])
    assert "50 different labels in 50 rows" in caught.value.what
    assert "--label" in caught.value.todo


def test_a_label_that_training_never_saw_is_refused(tmp_path: Path) -> None:
    train, validation = written(tmp_path / "a.csv", ["good", "bad"]), written(tmp_path / "b.csv", ["good", "Bad"])
    with pytest.raises(CildaError) as caught:
        file_task(train, validation, "text", None, "label")
    assert f"{validation}, line 3" in caught.value.what
    assert "did you mean bad?" in caught.value.todo


def test_a_missing_column_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["good", "bad"])
    for text, pair, label in [("txt", None, "label"), ("text", "pair", "label"), ("text", None, "labels")]:
        with pytest.raises(UsageError, match="no column in"):
            file_task(path, None, text, pair, label)


def test_a_column_serves_one_purpose(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["good", "bad"])
    for text, pair, label in [("text", None, "text"), ("text", "text", "label"), ("label", "text", "label")]:
        with pytest.raises(UsageError, match="two purposes"):
            file_task(path, None, text, pair, label)


def test_training_rows_are_not_validation_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["good", "bad"])
    with pytest.raises(UsageError, match="for training and for validation"):
        file_task(path, tmp_path / "." / "a.csv", "text", None, "label")


def test_empty_texts_are_refused_by_row_or_kept_on_request(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,x\n,y\n", encoding="utf-8")
    other = written(tmp_path / "b.csv", ["x", "y"])
    with pytest.raises(CildaError, match="1 row without a text in 'text': line 3"):
        file_task(path, other, "text", None, "label")
    assert file_task(path, other, "text", None, "label", allow_empty=True)[1]["train"].texts == (["a", ""],)


def test_too_few_rows_to_hold_a_tenth_out_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match="has 4 rows, too few"):
        file_task(written(tmp_path / "a.csv", ["good", "bad"] * 2), None, "text", None, "label")


def test_a_file_is_read_for_a_task_that_exists(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.csv", ["positive", "negative"], header="review,label")
    rows = file_rows(TASKS["sst2"], path, text="review")
    assert rows.labels == [1, 0]
    assert rows.ids == ["mine:0", "mine:1"]
    assert file_rows(TASKS["sst2"], written(path, [0, 1], header="sentence,label")).labels == [0, 1]
    assert file_rows(TASKS["stsb"], paired(tmp_path)).labels == [1.0, 2.5]


def paired(folder: Path) -> Path:
    path = folder / "pairs.tsv"
    path.write_text("sentence1\tsentence2\tlabel\na\tb\t1\nc\td\t2.5\n", encoding="utf-8")
    return path


def test_a_file_without_labels_is_read_for_predictions(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"sentence": "fine"}\n', encoding="utf-8")
    rows = file_rows(TASKS["sst2"], path)
    assert rows.labels is None
    assert "no labels" in rows.source
    with pytest.raises(UsageError, match="'stars'"):
        file_rows(TASKS["sst2"], path, label="stars")


def test_a_second_text_for_a_task_of_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="reads one text"):
        file_rows(TASKS["sst2"], tmp_path / "a.csv", text_pair="other")


def test_a_stated_class_order_is_kept(tmp_path: Path) -> None:
    """`datasets` writes class names into Parquet; those numbers are what a checkpoint was trained on."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = {"label": {"names": ["ok", "fail"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    numbers = [random.Random(0).randrange(2) for _ in range(30)]
    table = pa.table({"text": [f"t{number}" for number in range(30)], "label": [*numbers[:28], 0, 1]})
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "a.parquet")
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "b.parquet")
    task, rows = file_task(tmp_path / "a.parquet", tmp_path / "b.parquet", "text", None, "label")
    assert task.labels == ("ok", "fail")
    assert rows["validation"].labels == [*numbers[:28], 0, 1]
