"""The rows of a named task: from a folder, from the hub, or made here."""

from __future__ import annotations

from pathlib import Path

from cilda.errors import CildaError, UsageError, unknown
from cilda.tasks.columns import class_numbers, labels_of, numbers_of, texts_of
from cilda.tasks.demo import DEMO, demo_rows
from cilda.tasks.hub import hub_table
from cilda.tasks.rows import Rows
from cilda.tasks.table import Table
from cilda.tasks.table_files import read_table
from cilda.tasks.task import Task

# What data sets write where there is no gold label.
UNLABELLED = (None, -1)


def load_rows(task: Task, split: str, data_dir: Path | None = None) -> Rows:
    """One split of a named task; `data_dir` is looked in first, as DIR/glue/<task>, then as DIR/<task>.

    "validation" also stands for the first validation set of a task that has several. Rows without a gold label are left
    out and counted in `source`; where a whole split has none, `labels` is None.

    Raises:
        UsageError: the task has no such split.
        CildaError: the files are not as the task says, or the hub cannot be reached.
    """
    if split == "validation" and split not in task.splits:
        split = task.validation[0]
    if split not in task.splits:
        if split == "train":
            raise UsageError(f"task {task.name} has nothing to train on", f"its splits: {', '.join(task.splits)}")
        raise unknown(f"split of {task.name}", split, task.splits)
    if task == DEMO:
        return demo_rows(split)
    if task.hub is None:
        raise UsageError(f"task {task.name} is made of a user's files", "name them again: --train, --validation")
    table = None if data_dir is None else local_table(task, split, data_dir)
    return task_rows(task, split, table or hub_table(task, split, not_in=data_dir))


def local_table(task: Task, split: str, data_dir: Path) -> Table | None:
    """The split's file under `data_dir`; None where the folder holds nothing of the task.

    Raises:
        CildaError: no such folder, or the task's folder lacks the split: the hub must not fill in half a data set.
    """
    if not data_dir.is_dir():
        raise CildaError(f"no folder at {data_dir}", "--data-dir and CILDA_DATA_DIR name a folder of tasks")
    for folder in (data_dir / "glue" / task.name, data_dir / task.name):
        if folder.is_dir():
            names = [split, "validation"] if split == task.validation[0] else [split]
            for path in (folder / f"{name}.parquet" for name in names):
                if path.is_file():
                    return read_table(path)
            held = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
            raise CildaError(f"{folder} has no {split}.parquet", f"it holds {held}")
    return None


def task_rows(task: Task, split: str, table: Table) -> Rows:
    """A table's rows as the task's split, its labels checked against the task."""
    notes = [table.source]
    label = next((name for name in (task.label, task.hub_layout.label) if name in table.columns), task.label)
    # Test sets are published without a label column, or with -1 in it.
    bare = label not in table.columns and split.startswith("test")
    gold = [] if bare else [at for at, value in enumerate(table.column(label)) if value not in UNLABELLED]
    if gold and len(gold) < len(table):
        notes.append(f"{len(table) - len(gold):,} rows without a gold label left out")
        table = table.take(gold)
    texts = tuple(texts_of(table, column, allow_empty=True) for column in task.texts)
    empty = sum(not all(text.strip() for text in row) for row in zip(*texts, strict=True))
    if empty:
        notes.append(f"{empty:,} rows with an empty text kept")
    labels = _checked_labels(task, table, label) if gold else None
    if labels is None:
        notes.append("no gold labels are published")
    return Rows(texts, labels, _ids(split, table), "; ".join(notes))


def _checked_labels(task: Task, table: Table, column: str) -> list[int] | list[float]:
    labels = labels_of(table, column)
    if task.regression:
        return _in_range(task, table, numbers_of(table, column, labels))
    layout = task.hub_layout
    names = table.class_names.get(column) or (layout.labels if column == layout.label else task.labels)
    if set(names) != set(task.labels):
        raise CildaError(
            f"{table.source}: its classes are {', '.join(names)}; those of {task.name} are {', '.join(task.labels)}",
            "this is another data set, or another version of it",
        )
    numbers = class_numbers(table, column, labels, names, or_numbers=True)
    return numbers if names == task.labels else [task.labels.index(names[number]) for number in numbers]


def _in_range(task: Task, table: Table, numbers: list[float]) -> list[float]:
    if task.label_range is not None:
        low, high = task.label_range
        outside = [position for position, number in enumerate(numbers) if not low <= number <= high]
        if outside:
            raise CildaError(
                f"{table.source}, {table.where(outside)}: label {numbers[outside[0]]:g} is outside {low:g} to {high:g}",
                f"this is another data set than {task.name}, or a damaged one",
            )
    return numbers


def _ids(split: str, table: Table) -> list[str]:
    """The data set's own numbers where it has them and they differ, else the row's number from 0."""
    own = table.columns.get("idx", [])
    if len(set(map(str, own))) == len(table):
        return [f"{split}:{number}" for number in own]
    return [f"{split}:{place - 1}" for place in table.places]
