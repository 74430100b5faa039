"""Texts without gold labels, of which only the teacher speaks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from cilda.errors import CildaError, UsageError
from cilda.tasks.columns import texts_of
from cilda.tasks.rows import NO_CLASS, NO_LABELS, Rows
from cilda.tasks.table import Table
from cilda.tasks.table_files import read_table
from cilda.tasks.task import Task
from cilda.tasks.text_file import read_text


def unlabelled_rows(
    task: Task, path: Path, text: str | None = None, text_pair: str | None = None, *, allow_empty: bool = False
) -> Rows:
    """A file's texts as rows of the task, every one without a label.

    A `.txt` file has one text a line, empty lines left out; any other is read as a user's table, from the columns named
    or else those that the task names.

    Raises:
        UsageError: a column that is not there, or a pair where the task reads one text, or the other way round.
        CildaError: what is wrong inside the file.
    """
    if text_pair is not None and len(task.texts) == 1:
        raise UsageError(f"task {task.name} reads one text, not two", "leave --text-pair out")
    if path.suffix.lower() == ".txt":
        table = _lines(path)
        if len(task.texts) > 1:
            raise UsageError(
                f"task {task.name} reads two texts, and a line of {path} is one",
                "give a CSV, TSV, JSONL or Parquet file with both columns",
            )
        columns: tuple[str, ...] = ("text",)
    else:
        table = read_table(path)
        wanted = (text, text_pair)[: len(task.texts)]
        columns = tuple(own or default for own, default in zip(wanted, task.texts, strict=True))
    texts = tuple(texts_of(table, column, allow_empty=allow_empty) for column in columns)
    unknown: Any = math.nan if task.regression else NO_LABELS if task.multi_label else NO_CLASS
    names = [f"unlabelled:{row}" for row in range(len(table))]
    classes = len(task.labels) if task.multi_label else 0
    return Rows(texts, [unknown] * len(table), names, f"{path}, without labels", classes)


def _lines(path: Path) -> Table:
    try:
        text = read_text(path)
    except OSError as error:
        raise CildaError(
            f"cannot read {path}: {error.strerror or error}", "check the path after --unlabeled"
        ) from error
    numbered = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not numbered:
        raise CildaError(f"{path} has no text", "it needs one text a line")
    return Table(str(path), {"text": [line for _, line in numbered]}, [number for number, _ in numbered], unit="line")
