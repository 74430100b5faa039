"""What `cilda eval` shows of models on a split: scores, sizes, speeds, confusion, and predictions in a file."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cilda.cli.table import aligned
from cilda.errors import CildaError
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.distill.appraisal import Appraisal
    from cilda.tasks.rows import Rows
    from cilda.tasks.task import Task

MANY_CLASSES = 12
MOST_MISTAKES = 3


def show_split(task: Task, split: str, rows: Rows, results: Mapping[str, Appraisal]) -> None:
    """One split's scores, sizes and speeds side by side, and the first model's confusion, on stdout.

    `results` by what each model is called. Names that come from data cannot move the cursor.
    """
    models = list(results.values())
    print(one_line(f"{task.name} {split}: {len(rows):,} rows, {rows.source}"))
    lines = [[metric, *(f"{one.scores[metric]:.4f}" for one in models)] for metric in models[0].scores]
    if all(one.calibration_error is not None for one in models):
        lines.append(["calibration error", *(f"{one.calibration_error:.4f}" for one in models)])
    if len(models) > 1 and not task.regression:
        lines.append(["says the same", "", f"{agreement(*models[:2]):.4f}"])
    lines.append(["parameters", *(f"{one.parameters:,}" for one in models)])
    lines.append(["weights", *(f"{one.weight_bytes / 1e6:.1f} MB" for one in models)])
    lines.append(["one text, median", *(f"{one.latency_p50_ms:.1f} ms" for one in models)])
    lines.append(["one text, 95 %", *(f"{one.latency_p95_ms:.1f} ms" for one in models)])
    lines.append(["texts a second", *(f"{one.texts_per_second:,.0f}" for one in models)])
    print("\n".join(aligned(("", *results), lines, right=frozenset(results))))
    first = next(iter(results))
    table = results[first].confusion
    if table is not None:
        names = [one_line(label) for label in task.labels]
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print("\n".join(("", *confusion_lines(first, names, table, width))))
    print()


def agreement(one: Appraisal, other: Appraisal) -> float:
    """The share of rows of which two models say the same."""
    same = one.predictions == other.predictions
    return float((same if same.ndim == 1 else same.all(axis=1)).mean())


def confusion_lines(who: str, names: Sequence[str], table: Sequence[Sequence[int]], width: int | None) -> list[str]:
    """The confusion as a square of counts; class by class where it has many, or is wider than `width` characters."""
    counts = [[name, *(f"{count:,}" for count in row)] for name, row in zip(names, table, strict=True)]
    square = aligned(("", *names), counts, right=frozenset(names))
    if len(names) <= MANY_CLASSES and (width is None or max(map(len, square)) <= width):
        return [f"{who}: rows are gold, columns what it says", *square]
    rows = []
    for gold, row in enumerate(table):
        wrong = sorted((place for place in range(len(row)) if place != gold and row[place]), key=lambda at: -row[at])
        taken = ", ".join(f"{names[place]} {row[place]:,}" for place in wrong[:MOST_MISTAKES])
        more = ", …" if len(wrong) > MOST_MISTAKES else ""
        rows.append((names[gold], f"{sum(row):,}", f"{row[gold]:,}", taken + more))
    columns = ("gold", "rows", "right", "taken for")
    return [f"{who}: class by class", *aligned(columns, rows, right=frozenset(columns[1:3]))]


def predictions_tsv(task: Task, splits: Mapping[str, Rows], results: Mapping[str, Appraisal]) -> str:
    """One line a row: its id, and the class's name or the amount; fields that hold a tab or line end are quoted."""
    lines = io.StringIO()
    table = csv.writer(lines, delimiter="\t", lineterminator="\n")
    table.writerow(("id", "prediction"))
    for split, rows in splits.items():
        for name, value in zip(rows.ids, results[split].predictions.tolist(), strict=True):
            table.writerow((name, _in_words(task, value)))
    return lines.getvalue()


def _in_words(task: Task, value: Any) -> Any:
    """A class's name, an amount, or the names of several labels with a semicolon between them."""
    if task.multi_label:
        return ";".join(label for label, given in zip(task.labels, value, strict=True) if given)
    return value if task.regression else task.labels[value]


def write_predictions(path: Path, text: str) -> None:
    """Writes the file whole or not at all.

    Raises:
        CildaError: the disk refused.
    """
    from cilda.runs.atomic import refusal, write_atomic

    try:
        write_atomic(path, text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        refused: CildaError = refusal(error, path, elsewhere="--predictions")
        raise refused from error
