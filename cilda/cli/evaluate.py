"""`cilda eval`: what a student, or any classifier's folder, is worth."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.settings import (
    KEEP,
    LEARN,
    MODELS,
    AllowEmptyOption,
    AllowPickleOption,
    DataDirOption,
    LabelOption,
    MaxLengthOption,
    RunsDirOption,
    TaskOption,
    TextOption,
    TextPairOption,
)
from cilda.cli.table import aligned, show_json
from cilda.errors import CildaError, UsageError

if TYPE_CHECKING:
    from cilda.distill.appraisal import Appraisal
    from cilda.tasks.rows import Rows
    from cilda.tasks.task import Task

_BATCH_SIZE = 64


@dataclass(frozen=True)
class Target:
    """What is evaluated: a model's name, and the folder with its record where there is one."""

    name: str
    folder: Path | None


def evaluate(
    target: Annotated[
        str | None,
        typer.Argument(metavar="[RUN|FOLDER]", help="A run, a model's folder or name; by default the latest run."),
    ] = None,
    task: TaskOption = None,
    split: Annotated[
        str | None, typer.Option("--split", help="By default the task's validation splits.", rich_help_panel=LEARN)
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Your own rows: CSV, TSV, JSONL or Parquet.", rich_help_panel=LEARN)
    ] = None,
    text: TextOption = None,
    text_pair: TextPairOption = None,
    label: LabelOption = None,
    allow_empty: AllowEmptyOption = None,
    data_dir: DataDirOption = None,
    max_length: MaxLengthOption = None,
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", help="To be shown beside; by default the student's own.", rich_help_panel=MODELS),
    ] = None,
    allow_pickle: AllowPickleOption = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions", metavar="FILE.tsv", help="Also write id and prediction, row by row.", rich_help_panel=KEEP
        ),
    ] = None,
    runs_dir: RunsDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Score a student: the task's metrics, confusion, size and speed, beside its teacher where that is known."""
    if predictions is not None and predictions.exists():
        raise CildaError(f"{predictions} exists already", "name a new file with --predictions")
    found = _target(target, runs_dir)
    what = _task(found, task)
    splits = _rows(what, split, file, (text, text_pair, label), data_dir, allow_empty=bool(allow_empty))
    names = {"student" if found.folder and _teacher_of(found) else "model": found.name}
    beside = teacher or _teacher_of(found)
    if beside is not None:
        names["teacher"] = beside
    results = {
        who: _appraised(name, what, splits, max_length or _length(found), allow_pickle=bool(allow_pickle))
        for who, name in names.items()
    }
    if predictions is not None:
        _write_predictions(predictions, what, splits, next(iter(results.values())))
    if as_json:
        shown = {who: {name: one.to_json() for name, one in by.items()} for who, by in results.items()}
        show_json({"task": what.name, "models": names, "results": shown})
        return
    for name, rows in splits.items():
        _show(what, name, rows, {who: by[name] for who, by in results.items()})


def _target(reference: str | None, runs_dir: Path | None) -> Target:
    """The model meant: a folder with a config.json, a run's student, or else a model's name."""
    from cilda.runs.layout import default_runs_dir, find

    if reference is not None and (Path(reference) / "config.json").is_file():
        return Target(reference, Path(reference))
    try:
        run = find(runs_dir or default_runs_dir(), reference)
    except CildaError:
        if reference is None or not _may_be_a_model(reference):
            raise
        return Target(reference, None)
    if reference is None:
        print(f"latest run: {run.id}", file=sys.stderr)
    if not run.student.is_dir():
        raise CildaError(
            f"run {run.id} has no student yet", "wait for its end, or look at its events for what went wrong"
        )
    return Target(str(run.student), run.student)


def _may_be_a_model(reference: str) -> bool:
    from cilda.families import SHORT_NAMES

    return reference in SHORT_NAMES or (reference.count("/") == 1 and not Path(reference).exists())


def _task(target: Target, name: str | None) -> Task:
    """The task asked for, or the one that the model was made for."""
    from cilda.distill.model_record import recorded_task
    from cilda.errors import unknown
    from cilda.tasks import TASKS

    if name is not None:
        if name not in TASKS:
            raise unknown("task", name, TASKS)
        return TASKS[name]
    task = None if target.folder is None else recorded_task(target.folder)
    if task is None:
        raise UsageError(f"{target.name} does not say what it was trained for", "name a task with --task")
    return task


def _teacher_of(target: Target) -> str | None:
    from cilda.distill.model_record import recorded_teacher

    name = None if target.folder is None else recorded_teacher(target.folder)
    if name is not None and Path(name).is_absolute() and not Path(name).is_dir():
        print(f"its teacher is no longer at {name}: shown without it", file=sys.stderr)
        return None
    return name


def _length(target: Target) -> int:
    from cilda.distill.model_record import recorded_max_length

    return (None if target.folder is None else recorded_max_length(target.folder)) or 128


def _rows(
    task: Task,
    split: str | None,
    file: Path | None,
    columns: tuple[str | None, str | None, str | None],
    data_dir: Path | None,
    *,
    allow_empty: bool,
) -> dict[str, Rows]:
    """The rows to score on, by split, or those of a file."""
    import os

    from cilda.tasks.files import file_rows
    from cilda.tasks.loading import load_rows

    if file is not None:
        if split is not None:
            raise UsageError(f"--split {split} and --file {file} are both given", "choose one of them")
        text, text_pair, label = columns
        return {file.name: file_rows(task, file, text, text_pair, label, allow_empty=allow_empty)}
    if any(columns):
        raise UsageError("columns are named without --file", "name your rows with --file FILE")
    own = os.environ.get("CILDA_DATA_DIR")
    folder = data_dir or (Path(own) if own else None)
    if task.hub is None and task.name != "demo":
        raise UsageError(f"task {task.name} was made of a user's files", "name rows to score on with --file FILE")
    return {name: load_rows(task, name, folder) for name in ([split] if split else task.validation)}


def _appraised(
    name: str, task: Task, splits: dict[str, Rows], max_length: int, *, allow_pickle: bool
) -> dict[str, Appraisal]:
    """A model on every split."""
    from cilda.distill.appraisal import appraise
    from cilda.distill.data import tokenize
    from cilda.distill.hardware import choose_device
    from cilda.distill.models import check_max_length, fit_labels, load_classifier

    loaded = load_classifier(name, task.labels, allow_pickle=allow_pickle, seed=0)
    if not loaded.has_head:
        raise CildaError(f"{name} has no trained head: there is nothing to score", "fine-tune it: cilda finetune")
    said = fit_labels(loaded.model, task.labels, reorder=True, name=name)
    if said:
        print(said, file=sys.stderr)
    check_max_length(loaded.model, max_length, name=name)
    device = choose_device("auto")
    return {
        split: appraise(
            loaded.model,
            task,
            tokenize(rows, loaded.tokenizer, max_length, regression=task.regression),
            device,
            _BATCH_SIZE,
        )
        for split, rows in splits.items()
    }


def _show(task: Task, split: str, rows: Rows, results: dict[str, Appraisal]) -> None:
    """One split's scores, sizes and speeds side by side, and the first model's confusion."""
    models = list(results.values())
    print(f"{task.name} {split}: {len(rows):,} rows, {rows.source}")
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
        head = (f"{first}: gold", *task.labels)
        counts = [[name, *map(str, row)] for name, row in zip(task.labels, table, strict=True)]
        print()
        print("\n".join(aligned(head, counts, right=frozenset(task.labels))))
    print()


def _write_predictions(path: Path, task: Task, splits: dict[str, Rows], results: dict[str, Appraisal]) -> None:
    """One line a row: its id, and the class's name or the amount."""
    lines = ["id\tprediction"]
    for split, rows in splits.items():
        for name, value in zip(rows.ids, results[split].predictions.tolist(), strict=True):
            lines.append(f"{name}\t{value if task.regression else task.labels[value]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
