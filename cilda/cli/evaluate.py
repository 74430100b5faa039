"""`cilda eval`: what a student, or any classifier's folder, is worth."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.beforehand import refuse_taken
from cilda.cli.scores import predictions_tsv, show_split, write_predictions
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
    looked_up,
)
from cilda.cli.stage_view import one_line
from cilda.cli.table import show_json
from cilda.errors import CildaError, UsageError
from cilda.runs.events import finite

if TYPE_CHECKING:
    from cilda.distill.appraisal import Appraisal
    from cilda.runs.layout import RunFolder
    from cilda.tasks.rows import Rows
    from cilda.tasks.task import Task

RUN_FAILED = 4
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
    from cilda.runs.layout import default_runs_dir

    if predictions is not None:
        refuse_taken(predictions, "--predictions")
    flags = {"data_dir": data_dir, "runs_dir": runs_dir, "allow_empty": allow_empty, "allow_pickle": allow_pickle}
    config = looked_up({**flags, "max_length": max_length})
    found = _target(target, config.runs_dir or default_runs_dir())
    what = _task(found, task)
    columns = (text, text_pair, label)
    splits = _rows(what, split, file, columns, config.data_dir, allow_empty=config.allow_empty)
    beside = teacher or _teacher_of(found)
    names = {"model" if beside is None else "student": found.name}
    if beside is not None:
        names["teacher"] = beside
    length = max_length or _recorded_length(found) or config.max_length
    results = {}
    for who, name in names.items():
        try:
            results[who] = _appraised(who, name, what, splits, length, allow_pickle=config.allow_pickle)
        except CildaError as error:
            if who != "teacher" or teacher is not None:
                raise
            # Nobody asked for it: the student's scores are worth having without.
            _note(f"shown without its teacher: {error.what}")
    names = {who: names[who] for who in results}
    if predictions is not None:
        write_predictions(predictions, predictions_tsv(what, splits, next(iter(results.values()))))
    if as_json:
        shown = {who: {name: one.to_json() for name, one in by.items()} for who, by in results.items()}
        show_json(finite({"task": what.name, "labels": what.labels, "models": names, "results": shown}))
        return
    for name, rows in splits.items():
        show_split(what, name, rows, {who: by[name] for who, by in results.items()})


def _target(reference: str | None, runs_dir: Path) -> Target:
    """The model meant: a folder with a config.json, a run's student, or else a model's name."""
    from cilda.runs.layout import find

    if reference is not None and (Path(reference).expanduser() / "config.json").is_file():
        return Target(reference, Path(reference).expanduser())
    try:
        run = find(runs_dir, reference)
    except CildaError:
        if reference is None or not _may_be_a_model(reference):
            raise
        return Target(reference, None)
    if reference is None:
        _note(f"latest run: {run.id}")
    folder = _made_by(run)
    return Target(str(folder), folder)


def _made_by(run: RunFolder) -> Path:
    """The folder of a run's student, or of the teacher that `cilda finetune` made in it.

    Raises:
        CildaError: the run has made none, or not yet.
    """
    from cilda.runs.store import open_run, read_events

    if run.student.is_dir():
        return run.student
    for event in read_events(run.events, {"finished"}):
        folder = event.get("folder")
        if isinstance(folder, str) and Path(folder).is_dir():
            return Path(folder)
    state = open_run(run).state
    if state.get("status") in ("failed", "stopped"):
        why = state.get("error") or "it was stopped before its end"
        raise CildaError(f"run {run.id} left no student: {why}", "name another run", exit_code=RUN_FAILED)
    raise CildaError(f"run {run.id} has no student yet", "wait for its end, or name another run")


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
        _note(f"its teacher is no longer at {name}: shown without it")
        return None
    return name


def _recorded_length(target: Target) -> int | None:
    from cilda.distill.model_record import recorded_max_length

    return None if target.folder is None else recorded_max_length(target.folder)


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
    from cilda.tasks.files import file_rows
    from cilda.tasks.loading import load_rows

    if file is not None:
        if split is not None:
            raise UsageError(f"--split {split} and --file {file} are both given", "choose one of them")
        text, text_pair, label = columns
        return {file.name: file_rows(task, file, text, text_pair, label, allow_empty=allow_empty)}
    if any(columns):
        raise UsageError("columns are named without --file", "name your rows with --file FILE")
    if task.hub is None and task.name != "demo":
        raise UsageError(f"task {task.name} was made of a user's files", "name rows to score on with --file FILE")
    return {name: load_rows(task, name, data_dir) for name in ([split] if split else task.validation)}


def _appraised(
    who: str, name: str, task: Task, splits: dict[str, Rows], max_length: int, *, allow_pickle: bool
) -> dict[str, Appraisal]:
    """A model on every split."""
    from cilda.distill.appraisal import appraise
    from cilda.distill.data import tokenize
    from cilda.distill.hardware import choose_device
    from cilda.distill.models import check_max_length, fit_labels, load_classifier

    loaded = load_classifier(name, task.labels, allow_pickle=allow_pickle, seed=0)
    if not loaded.has_head:
        raise CildaError(
            f"{name} has no trained head: there is nothing to score",
            f"fine-tune it first: cilda finetune --teacher {name} --task {task.name}",
        )
    said = fit_labels(loaded.model, task.labels, reorder=True, name=name)
    if said:
        _note(said)
    check_max_length(loaded.model, max_length, name=name)
    device = choose_device("auto")
    results = {}
    for split, rows in splits.items():
        _note(f"{who}: {len(rows):,} rows of {split}")
        tokens = tokenize(rows, loaded.tokenizer, max_length, regression=task.regression)
        results[split] = appraise(loaded.model, task, tokens, device, _BATCH_SIZE)
    return results


def _note(text: str) -> None:
    """A line on stderr; names of files and labels in it cannot move the cursor."""
    print(one_line(text), file=sys.stderr)
