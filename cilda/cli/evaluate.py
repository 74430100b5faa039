"""`cilda eval`: what a student, or any classifier's folder, is worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.beforehand import refuse_taken
from cilda.cli.completion import complete_models, complete_runs
from cilda.cli.eval_model import loaded_for
from cilda.cli.eval_rows import Asked, data_dir_of, parse_map, rows_for
from cilda.cli.eval_target import Target, length_of, note, target_of, teacher_of
from cilda.cli.robustness import chosen_sets, gathered, judge_all, refuse_unsuited, show_suite
from cilda.cli.run_options import (
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
from cilda.cli.scores import agreement, predictions_tsv, show_split, write_predictions
from cilda.cli.settings import looked_up
from cilda.cli.table import show_json
from cilda.errors import CildaError, UsageError
from cilda.runs.events import finite

if TYPE_CHECKING:
    from cilda.distill.appraisal import Appraisal
    from cilda.tasks.rows import Rows
    from cilda.tasks.task import Task

_BATCH_SIZE = 64


def evaluate(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|FOLDER]",
            help="A run, a model's folder or name; by default the latest run that has a student.",
            autocompletion=complete_runs,
        ),
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
        typer.Option(
            "--teacher",
            help="To be shown beside; by default the student's own.",
            rich_help_panel=MODELS,
            autocompletion=complete_models,
        ),
    ] = None,
    allow_pickle: AllowPickleOption = None,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            metavar="robustness",
            help="Also on sets from elsewhere, as many as can be had.",
            rich_help_panel=LEARN,
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="A,B", help="Some sets of the suite.", rich_help_panel=LEARN)
    ] = None,
    label_map: Annotated[
        str | None,
        typer.Option(
            "--map", metavar="A=B,C=D", help="What the labels of --file are called in the task.", rich_help_panel=LEARN
        ),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions", metavar="FILE.tsv", help="Also write id and prediction, row by row.", rich_help_panel=KEEP
        ),
    ] = None,
    runs_dir: RunsDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Score a student: the task's metrics, confusion, size and speed, beside its teacher where that is known.

    With `--suite robustness` it is judged on sets from elsewhere: accuracy, worst group, calibration, agreement.
    """
    from cilda.runs.layout import default_runs_dir

    if predictions is not None:
        refuse_taken(predictions, "--predictions")
    flags = {"data_dir": data_dir, "runs_dir": runs_dir, "allow_empty": allow_empty, "allow_pickle": allow_pickle}
    config = looked_up({**flags, "max_length": max_length})
    found = target_of(target, config.runs_dir or default_runs_dir())
    what = task_of(found, task)
    refuse_unsuited(suite, only, predictions)
    asked = Asked(split, file, text, text_pair, label, config.data_dir, config.allow_empty, parse_map(label_map, what))
    sets = chosen_sets(what, only) if suite is not None else ()
    at_home = replace(asked, file=None, text=None, text_pair=None, label=None, label_map={})
    splits = rows_for(what, at_home if sets else asked, found.run)
    beside = teacher or teacher_of(found)
    names = {"model" if beside is None else "student": found.name}
    if beside is not None:
        names["teacher"] = beside
    length = max_length or length_of(found) or config.max_length
    if sets:
        own_file = rows_for(what, asked, found.run) if file is not None else {}
        outside = gathered(what, splits, sets, asked.data_dir or data_dir_of(found.run), own_file)
        judged = judge_all(
            what, names, outside, length, allow_pickle=config.allow_pickle, optional=() if teacher else ("teacher",)
        )
        show_suite(what, judged, as_json=as_json, names=names)
        return
    results = {}
    for who, name in names.items():
        try:
            results[who] = _appraised(who, name, what, splits, length, allow_pickle=config.allow_pickle)
        except CildaError as error:
            if who != "teacher" or teacher is not None:
                raise
            # Nobody asked for it: the student's scores are worth having without.
            note(f"shown without its teacher: {error.what}")
    names = {who: names[who] for who in results}
    if predictions is not None:
        write_predictions(predictions, predictions_tsv(what, splits, next(iter(results.values()))))
    if as_json:
        shown = {who: {name: one.to_json() for name, one in by.items()} for who, by in results.items()}
        said = {"task": what.name, "labels": what.labels, "models": names, "results": shown}
        if len(results) > 1 and not what.regression:
            said["agreement"] = {name: agreement(*(by[name] for by in results.values())) for name in splits}
        show_json(finite(said))
        return
    for name, rows in splits.items():
        show_split(what, name, rows, {who: by[name] for who, by in results.items()})


def task_of(target: Target, name: str | None) -> Task:
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


def _appraised(
    who: str, name: str, task: Task, splits: dict[str, Rows], max_length: int, *, allow_pickle: bool
) -> dict[str, Appraisal]:
    """A model on every split."""
    from cilda.distill.appraisal import appraise
    from cilda.distill.data import tokenize
    from cilda.distill.hardware import choose_device

    loaded = loaded_for(name, task, max_length, allow_pickle=allow_pickle)
    device = choose_device("auto")
    results = {}
    for split, rows in splits.items():
        note(f"{who}: {len(rows):,} rows of {split}")
        tokens = tokenize(rows, loaded.tokenizer, max_length, regression=task.regression)
        results[split] = appraise(loaded.model, task, tokens, device, _BATCH_SIZE)
    return results
