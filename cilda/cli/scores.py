"""What `cilda eval` shows of models on a split: scores, sizes, speeds, confusion, and predictions in a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cilda.cli.stage_view import one_line
from cilda.cli.table import aligned
from cilda.errors import CildaError

if TYPE_CHECKING:
    from cilda.distill.appraisal import Appraisal
    from cilda.tasks.rows import Rows
    from cilda.tasks.task import Task


def show_split(task: Task, split: str, rows: Rows, results: Mapping[str, Appraisal]) -> None:
    """One split's scores, sizes and speeds side by side, and the first model's confusion, on stdout.

    `results` by what each model is called. Names that come from data cannot move the cursor.
    """
    models = list(results.values())
    print(one_line(f"{task.name} {split}: {len(rows):,} rows, {rows.source}"))
    lines = [[metric, *(f"{one.scores[metric]:.4f}" for one in models)] for metric in models[0].scores]
    lines.append(["parameters", *(f"{one.parameters / 1e6:.1f} M" for one in models)])
    lines.append(["weights", *(f"{one.weight_bytes / 1e6:.0f} MB" for one in models)])
    lines.append(["one text, median", *(f"{one.latency_p50_ms:.1f} ms" for one in models)])
    lines.append(["one text, 95 %", *(f"{one.latency_p95_ms:.1f} ms" for one in models)])
    lines.append(["texts a second", *(f"{one.texts_per_second:,.0f}" for one in models)])
    print("\n".join(aligned(("", *results), lines, right=frozenset(results))))
    first = next(iter(results))
    table = results[first].confusion
    if table is not None:
        names = [one_line(label) for label in task.labels]
        counts = [[name, *(f"{count:,}" for count in row)] for name, row in zip(names, table, strict=True)]
        print(f"\n{first}: rows are gold, columns what it says")
        print("\n".join(aligned(("", *names), counts, right=frozenset(names))))
    print()


def predictions_tsv(task: Task, splits: Mapping[str, Rows], results: Mapping[str, Appraisal]) -> str:
    """One line a row: its id, and the class's name or the amount; fields that hold a tab or line end are quoted."""
    lines = io.StringIO()
    table = csv.writer(lines, delimiter="\t", lineterminator="\n")
    table.writerow(("id", "prediction"))
    for split, rows in splits.items():
        for name, value in zip(rows.ids, results[split].predictions.tolist(), strict=True):
            table.writerow((name, value if task.regression else task.labels[value]))
    return lines.getvalue()


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
