"""A user's own files as a task and its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cilda.errors import CildaError, UsageError
from cilda.tasks import TASKS
from cilda.tasks.columns import Label, class_numbers, label_sets_of, labels_of, numbers_of, texts_of
from cilda.tasks.holdout import hold_out
from cilda.tasks.rows import LabelSet, Rows
from cilda.tasks.table import Table, shortened
from cilda.tasks.table_files import read_table
from cilda.tasks.task import Task

# More classes than this, most of them seen once, is a column of something else.
FEW_CLASSES = 20
LEAST_LABELS = 2
# Where a row may have several, there may be hundreds.
MANY_LABELS = 200


def file_task(
    train: Path,
    validation: Path | None,
    text: str,
    text_pair: str | None,
    label: str,
    regression: bool | None = None,
    *,
    multi_label: bool = False,
    separator: str = ";",
    allow_empty: bool = False,
    seed: int = 0,
) -> tuple[Task, dict[str, Rows]]:
    """The task that a user's files describe, and its rows as {"train": …, "validation": …}.

    Labels that are all numbers, some of them not whole, make a regression; anything else makes classes, named in
    numeric or else alphabetic order. `regression` overrules that; with `multi_label` a row has any number of labels,
    parted by `separator`. Without a validation file, a tenth of the training rows is held out, drawn with `seed`, which
    its `Rows.source` says.

    Raises:
        UsageError: a column that is not there, or named for two purposes.
        CildaError: what is wrong inside the files, by row.
    """
    _different_columns(text, text_pair, label)
    tables = {"train": read_table(train)}
    if validation is not None:
        if validation.resolve() == train.resolve():
            raise UsageError(
                f"{train} is named for training and for validation",
                "leave --validation out, and a tenth of the rows is held out",
            )
        tables["validation"] = read_table(validation)
    columns = tuple(column for column in (text, text_pair) if column is not None)
    if multi_label:
        regression = False
        task = _multi_task(train, columns, tables["train"], label, separator)
    else:
        labels = {split: labels_of(table, label) for split, table in tables.items()}
        if regression is None:
            regression = _is_scale([value for values in labels.values() for value in values])
        names = () if regression else _class_names(tables["train"], label, labels["train"])
        task = _task(train, columns, label, names)
        if regression:
            _varied(tables["train"], label, numbers_of(tables["train"], label, labels["train"]))
    rows = {
        split: Rows(
            texts=tuple(texts_of(table, column, allow_empty=allow_empty) for column in columns),
            labels=_labels(task, table, label, separator),
            ids=[f"{split}:{row}" for row in range(len(table))],
            source=table.source,
            classes=len(task.labels) if multi_label else 0,
        )
        for split, table in tables.items()
    }
    if "validation" not in rows:
        rows["train"], held = hold_out(rows["train"], seed, by_class=not regression and not multi_label)
        rows["validation"] = replace(held, source=f"{held.source} as no validation file was given")
    return task, rows


LEFT_OUT = "-"
"""What a label is mapped to whose rows are not to be scored."""


def file_rows(
    task: Task,
    path: Path,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    *,
    allow_empty: bool = False,
    label_map: Mapping[str, str] | None = None,
    separator: str = ";",
) -> Rows:
    """The rows of one file for a task that exists already; what is not named is as the task says.

    Labels may be the task's names, or, if none of them is, its class numbers. A file without the task's own label
    column gives rows without labels; a label column that the user names must be there. `label_map` says what labels of
    the file are called in the task, or `LEFT_OUT` for rows that are to be left out; those not named stay as they are.

    Raises:
        UsageError: a column that is not there, or as many text columns as the task does not have.
        CildaError: what is wrong inside the file, by row.
    """
    if text_pair is not None and len(task.texts) == 1:
        raise UsageError(f"task {task.name} reads one text, not two", "leave --text-pair out")
    wanted = (text, text_pair)[: len(task.texts)]
    columns = tuple(own or default for own, default in zip(wanted, task.texts, strict=True))
    column = label or task.label
    _different_columns(*columns, column)
    table = read_table(path)
    labelled = label is not None or column in table.columns
    gone = {name for name, ours in (label_map or {}).items() if ours == LEFT_OUT}
    # A label of the task stands in for those that go.
    names = {name: task.labels[0] if name in gone else ours for name, ours in (label_map or {}).items()}
    rows = Rows(
        texts=tuple(texts_of(table, name, allow_empty=allow_empty) for name in columns),
        labels=_labels(task, table, column, separator, names, or_numbers=True) if labelled else None,
        ids=[f"{path.stem}:{row}" for row in range(len(table))],
        source=table.source if labelled else f"{table.source}; no column {column!r}, so no labels",
        classes=len(task.labels) if task.multi_label else 0,
    )
    if not gone or not labelled or task.multi_label:
        return rows
    kept = [place for place, value in enumerate(labels_of(table, column)) if str(value) not in gone]
    if not kept:
        raise CildaError(f"{table.source}: --map leaves out every row", "map some of its labels to labels of the task")
    return replace(rows.take(kept), source=f"{rows.source}, {len(rows) - len(kept):,} of {len(rows):,} left out")


def _different_columns(*columns: str | None) -> None:
    named = [column for column in columns if column is not None]
    for column, times in Counter(named).items():
        if times > 1:
            raise UsageError(
                f"column {column!r} is named for two purposes",
                "--text, --text-pair and --label each name a column of their own",
            )


def _task(train: Path, columns: tuple[str, ...], label: str, names: tuple[str, ...]) -> Task:
    stem = train.resolve().parent.name if train.stem.lower() in ("train", "training") else train.stem
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_") or "file"
    metrics = ("accuracy", "macro_f1") if names else ("pearson", "spearman", "mean_squared_error")
    return Task(
        # A file named like a task of ours is still another task.
        name=f"{name}_file" if name in TASKS else name,
        texts=columns,
        label=label,
        labels=names,
        metric=metrics[0],
        metrics=metrics,
        title=str(train),
    )


def _labels(
    task: Task,
    table: Table,
    column: str,
    separator: str,
    label_map: Mapping[str, str] | None = None,
    *,
    or_numbers: bool = False,
) -> list[int] | list[float] | list[LabelSet]:
    """A column's labels as the task's numbers, after what `label_map` says they are called there."""
    names = label_map or {}
    if task.multi_label:
        sets = [tuple(names.get(word, word) for word in words) for words in label_sets_of(table, column, separator)]
        return [tuple(sorted(class_numbers(table, column, list(words), task.labels))) for words in sets]
    labels = [names.get(str(value), value) for value in labels_of(table, column)]
    if task.regression:
        return numbers_of(table, column, labels)
    return class_numbers(table, column, labels, task.labels, or_numbers=or_numbers)


def _multi_task(train: Path, columns: tuple[str, ...], table: Table, label: str, separator: str) -> Task:
    """A task whose rows have any number of the labels that occur."""
    seen = sorted({word for words in label_sets_of(table, label, separator) for word in words})
    if len(seen) < LEAST_LABELS:
        raise CildaError(
            f"{table.source}: column {label!r} holds {len(seen)} labels, parted by {separator!r}",
            "there is nothing to tell apart: two labels are the least; the separator is --set label_separator",
        )
    if len(seen) > max(MANY_LABELS, len(table) // 2):
        raise CildaError(
            f"{table.source}: column {label!r} holds {len(seen):,} different labels in {len(table):,} rows",
            "name the right column with --label, or the right separator with --set label_separator",
        )
    metrics = ("micro_f1", "label_f1", "exact_match")
    single = _task(train, columns, label, tuple(seen))
    return replace(single, metric=metrics[0], metrics=metrics, multi_label=True)


def _is_scale(labels: list[Label]) -> bool:
    return any(isinstance(label, float) for label in labels)


def _class_names(table: Table, column: str, labels: list[Label]) -> tuple[str, ...]:
    """The classes of a training file in numeric or alphabetic order; the file's own order where it states one."""
    stated = table.class_names.get(column, ())
    seen = set(labels)
    if len(seen) == 1:
        raise CildaError(
            f"{table.source}: every label in column {column!r} is {shortened(labels[0])!r}",
            "there is nothing to tell apart: two classes are the least",
        )
    if len(seen) > max(FEW_CLASSES, len(labels) // 2):
        raise CildaError(
            f"{table.source}: column {column!r} holds {len(seen):,} different labels in {len(labels):,} rows",
            "name the right column with --label, or learn the numbers on a scale with --set regression=true",
        )
    if stated:
        return stated
    numbers = [label for label in seen if not isinstance(label, str)]
    if len(numbers) == len(seen):
        return tuple(str(number) for number in sorted(numbers))
    return tuple(sorted(str(label) for label in seen))


def _varied(table: Table, column: str, numbers: list[float]) -> None:
    if len(set(numbers)) == 1:
        raise CildaError(
            f"{table.source}: every number in column {column!r} is {numbers[0]:g}",
            "there is nothing to learn: two different numbers are the least",
        )
