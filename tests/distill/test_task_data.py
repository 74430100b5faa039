from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cilda.config import RunConfig
from cilda.distill.task_data import HELD_OUT, load_task_data
from cilda.errors import UsageError


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tasks with forty training rows and five validation rows of sst2."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "sst2").mkdir()
    for split, count in (("train", 40), ("validation", 5)):
        texts = [f"{split} film number {number}" for number in range(count)]
        table = pa.table({"sentence": texts, "label": [number % 2 for number in range(count)]})
        pq.write_table(table, folder / "sst2" / f"{split}.parquet")
    return folder


def test_rows_held_out_of_a_named_task_judge_in_place_of_its_validation_split(folder: Path) -> None:
    data = load_task_data(RunConfig(task="sst2", data_dir=folder, hold_out=True))
    assert list(data.validation) == [HELD_OUT]
    assert len(data.train) == 36 and len(data.validation[HELD_OUT]) == 4
    assert not set(data.train.texts[0]) & set(data.validation[HELD_OUT].texts[0])
    assert all(text.startswith("train") for text in data.validation[HELD_OUT].texts[0])


def test_rows_are_not_held_out_beside_a_validation_file() -> None:
    files = {"train_file": "rows.csv", "validation_file": "others.csv", "text": "text", "label": "label"}
    with pytest.raises(UsageError, match=r"hold_out is on and --validation others\.csv is given"):
        RunConfig.checked({**files, "hold_out": True})


def test_the_seed_of_the_rows_alone_decides_which_are_drawn_and_held_out(folder: Path) -> None:
    def prints(**values: int) -> dict[str, str]:
        config = RunConfig(task="sst2", data_dir=folder, hold_out=True, limit=20, **values)
        return load_task_data(config).fingerprints()

    assert prints(seed=1, data_seed=7) == prints(seed=2, data_seed=7)
    assert prints(seed=1) == prints(seed=2, data_seed=1)
    assert prints(seed=1) != prints(seed=2)


def test_texts_without_labels_are_learned_beside_the_rows_or_instead_of_them(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.txt"
    path.write_text("first\nsecond\n", encoding="utf-8")
    asked = {"task": "sst2", "data_dir": folder, "unlabeled_file": path, "limit": 10}
    both = load_task_data(RunConfig.checked(asked))
    assert len(both.train) == 12 and len(both.of_teacher) == 10 and both.train.texts[0][-2:] == ["first", "second"]
    alone = load_task_data(RunConfig.checked({**asked, "labeled_rows": False}))
    assert alone.train.texts[0] == ["first", "second"] and len(alone.of_teacher) == 10
    plain = load_task_data(RunConfig.checked({"task": "sst2", "data_dir": folder, "limit": 10}))
    assert plain.of_teacher.fingerprint() == both.of_teacher.fingerprint(), "the teacher stays the same"


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"labeled_rows": False}, "labeled_rows is off and there is no --unlabeled"),
        ({"unlabeled_file": "x.txt", "method": "finetune"}, "finetune learns from gold labels alone"),
        ({"unlabeled_file": "x.txt", "method": "annealing_kd", "labeled_rows": False}, "alone in phase 2"),
    ],
)
def test_a_method_that_cannot_listen_to_a_teacher_is_refused_in_words(values: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        RunConfig.checked(values)
    assert caught.value.todo
