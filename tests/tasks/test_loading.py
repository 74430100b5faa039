"""A named task's rows, from folders like those on the hub and from a hub on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cilda.errors import CildaError, UsageError
from cilda.tasks import TASKS
from cilda.tasks.loading import load_rows
from cilda.tasks.task import Task
from tests.hub_server import Hub


def split_file(path: Path, columns: Mapping[str, Sequence[Any]], names: tuple[str, ...] = ()) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({name: list(values) for name, values in columns.items()})
    if names:
        features = {"label": {"names": names, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path)
    return path


def sentiment(path: Path, labels: Sequence[Any], **others: Sequence[Any]) -> Path:
    columns: dict[str, Sequence[Any]] = {"sentence": [f"text {n}" for n in range(len(labels))], "label": labels}
    return split_file(path, columns | others)


def test_a_glue_folder_comes_before_a_plain_one(tmp_path: Path) -> None:
    sentiment(tmp_path / "sst2" / "train.parquet", [0])
    assert len(load_rows(TASKS["sst2"], "train", tmp_path)) == 1
    path = sentiment(tmp_path / "glue" / "sst2" / "train.parquet", [1, 0, 1])
    rows = load_rows(TASKS["sst2"], "train", tmp_path)
    assert rows.labels == [1, 0, 1]
    assert rows.texts == (["text 0", "text 1", "text 2"],)
    assert rows.source == str(path)


def test_rows_are_named_by_the_data_set_s_own_numbers_where_they_differ(tmp_path: Path) -> None:
    path = tmp_path / "sst2" / "train.parquet"
    sentiment(path, [0, 1], idx=[7, 5])
    assert load_rows(TASKS["sst2"], "train", tmp_path).ids == ["train:7", "train:5"]
    sentiment(path, [0, 1], idx=[7, 7])
    assert load_rows(TASKS["sst2"], "train", tmp_path).ids == ["train:0", "train:1"]
    sentiment(path, [0, 1])
    assert load_rows(TASKS["sst2"], "train", tmp_path).ids == ["train:0", "train:1"]


def test_rows_without_a_gold_label_are_left_out_and_counted(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"premise": ["a", "b", "c"], "hypothesis": ["d", "e", "f"], "label": [2, -1, 0]}
    split_file(tmp_path / "snli" / "train.parquet", columns)
    rows = load_rows(TASKS["snli"], "train", tmp_path)
    assert rows.labels == [2, 0]
    assert rows.texts == (["a", "c"], ["d", "f"])
    assert rows.ids == ["train:0", "train:2"]
    assert "1 rows without a gold label left out" in rows.source


@pytest.mark.parametrize("columns", [{"label": [-1, -1]}, {}], ids=["minus one", "no column"])
def test_a_test_set_has_no_labels(tmp_path: Path, columns: dict[str, list[int]]) -> None:
    texts = {"premise": ["a", "b"], "hypothesis": ["c", "d"]}
    split_file(tmp_path / "ax" / "test.parquet", {**texts, **columns})
    for split in ("test", "validation"):
        rows = load_rows(TASKS["ax"], split, tmp_path)
        assert rows.labels is None
        assert len(rows) == 2
        assert "no gold labels" in rows.source


def test_a_training_set_needs_its_label_column(tmp_path: Path) -> None:
    split_file(tmp_path / "sst2" / "train.parquet", {"sentence": ["a"]})
    with pytest.raises(UsageError, match="named 'label'"):
        load_rows(TASKS["sst2"], "train", tmp_path)


def test_the_diagnostic_set_has_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ax has nothing to train on"):
        load_rows(TASKS["ax"], "train", tmp_path)


def test_mnli_s_first_validation_set_may_be_called_validation(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"premise": ["a"], "hypothesis": ["b"], "label": [1]}
    split_file(tmp_path / "mnli" / "validation.parquet", columns)
    assert load_rows(TASKS["mnli"], "validation_matched", tmp_path).ids == ["validation_matched:0"]
    assert load_rows(TASKS["mnli"], "validation", tmp_path).ids == ["validation_matched:0"]
    with pytest.raises(CildaError, match=r"no validation_mismatched\.parquet"):
        load_rows(TASKS["mnli"], "validation_mismatched", tmp_path)


def test_class_names_in_the_file_decide_over_numbers(tmp_path: Path) -> None:
    path = tmp_path / "rte" / "train.parquet"
    columns: dict[str, list[Any]] = {"sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": [0, 1]}
    split_file(path, columns, names=("not_entailment", "entailment"))
    assert load_rows(TASKS["rte"], "train", tmp_path).labels == [1, 0]
    split_file(path, columns, names=("yes", "no"))
    with pytest.raises(CildaError, match="its classes are yes, no"):
        load_rows(TASKS["rte"], "train", tmp_path)
    split_file(path, columns | {"label": ["not_entailment", "entailment"]})
    assert load_rows(TASKS["rte"], "train", tmp_path).labels == [1, 0]


def test_an_export_of_the_hub_counts_trec_s_classes_its_own_way(tmp_path: Path) -> None:
    path = tmp_path / "trec" / "train.parquet"
    split_file(path, {"text": ["What does IBM stand for ?"], "coarse_label": [0]})
    export = load_rows(TASKS["trec"], "train", tmp_path)
    split_file(path, {"text": ["What does IBM stand for ?"], "label": [2]})
    plain = load_rows(TASKS["trec"], "train", tmp_path)
    assert export.labels == plain.labels == [TASKS["trec"].labels.index("ABBR")]


def test_labels_of_another_data_set_are_refused_by_row(tmp_path: Path) -> None:
    sentiment(tmp_path / "sst2" / "train.parquet", [0, 2, 1])
    with pytest.raises(CildaError, match=r"row 2.*'2'"):
        load_rows(TASKS["sst2"], "train", tmp_path)
    columns: dict[str, list[Any]] = {"sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": [0.0, 5.5]}
    split_file(tmp_path / "stsb" / "train.parquet", columns)
    with pytest.raises(CildaError, match=r"row 2: label 5\.5 is outside 0 to 5"):
        load_rows(TASKS["stsb"], "train", tmp_path)


def test_whole_numbers_on_a_scale_are_floats(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": [0.0, 5.0]}
    split_file(tmp_path / "stsb" / "train.parquet", columns)
    labels = load_rows(TASKS["stsb"], "train", tmp_path).labels
    assert labels == [0.0, 5.0]
    assert all(isinstance(label, float) for label in labels)


def test_empty_texts_of_a_published_set_are_kept_and_counted(tmp_path: Path) -> None:
    split_file(tmp_path / "sst2" / "validation.parquet", {"sentence": ["a", "", None], "label": [0, 1, 0]})
    rows = load_rows(TASKS["sst2"], "validation", tmp_path)
    assert rows.texts == (["a", "", ""],)
    assert "2 rows with an empty text kept" in rows.source


def test_half_a_data_set_is_not_filled_up_from_the_hub(tmp_path: Path) -> None:
    sentiment(tmp_path / "sst2" / "train.parquet", [0, 1])
    with pytest.raises(CildaError) as caught:
        load_rows(TASKS["sst2"], "validation", tmp_path)
    assert caught.value.todo == "it holds train.parquet"


def test_a_folder_or_split_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match="no folder at"):
        load_rows(TASKS["sst2"], "train", tmp_path / "nowhere")
    with pytest.raises(UsageError) as caught:
        load_rows(TASKS["sst2"], "trian", tmp_path)
    assert "did you mean train" in caught.value.todo


def test_a_task_of_a_user_s_files_is_loaded_by_its_files() -> None:
    with pytest.raises(UsageError, match="user's files"):
        load_rows(replace(TASKS["sst2"], name="mine", hub=None), "train")


def test_a_hub_out_of_reach_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The tests run with HF_HUB_OFFLINE=1 and an empty cache."""
    with pytest.raises(CildaError) as caught:
        load_rows(TASKS["sst2"], "train", tmp_path)
    assert "holds no folder sst2" in caught.value.what
    assert "nyu-mll/glue (sst2), split train" in caught.value.what
    for remedy in ("--data-dir", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        assert remedy in caught.value.todo


def loaded_in_a_fresh_process(hub: Hub, home: Path, task: Task, split: str) -> dict[str, Any]:
    """The rows that another process gets; the Hugging Face libraries read their environment at import only."""
    program = (
        "import json, sys\n"
        "from cilda.errors import CildaError\n"
        "from cilda.tasks import TASKS\n"
        "from cilda.tasks.loading import load_rows\n"
        "try:\n"
        f"    rows = load_rows(TASKS[{task.name!r}], {split!r})\n"
        "    answer = {'texts': rows.texts, 'labels': rows.labels, 'ids': rows.ids, 'source': rows.source}\n"
        "except CildaError as error:\n"
        "    answer = {'what': error.what, 'todo': error.todo}\n"
        "print(json.dumps(answer))\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env=hub.environment(home),
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_the_hub_gives_a_split_and_then_the_cache_does(tmp_path: Path) -> None:
    folder = tmp_path / "glue"
    for split, labels in (("train", [1, 0, 1]), ("validation", [0, 1])):
        sentiment(folder / "sst2" / f"{split}.parquet", labels, idx=list(range(len(labels))))
    with Hub(datasets={"nyu-mll/glue": folder}) as hub:
        first = loaded_in_a_fresh_process(hub, tmp_path / "home", TASKS["sst2"], "validation")
        asked = len(hub.requests)
        missing = loaded_in_a_fresh_process(hub, tmp_path / "home", TASKS["rte"], "validation")
    assert first == {
        "texts": [["text 0", "text 1"]],
        "labels": [0, 1],
        "ids": ["validation:0", "validation:1"],
        "source": "hub nyu-mll/glue (sst2), split validation",
    }
    assert asked
    assert "the hub did not give nyu-mll/glue (rte), split validation" in missing["what"]
