"""The rows that `cilda eval` scores on: a file's, a task's, or those that the run itself was judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cilda.cli.eval_target import note
from cilda.errors import CildaError, UsageError, unknown

if TYPE_CHECKING:
    from cilda.runs.layout import RunFolder
    from cilda.tasks.rows import Rows
    from cilda.tasks.task import Task

# What decides which rows a run has, and nothing else.
_ROW_SETTINGS = (
    "train_file", "validation_file", "text", "text_pair", "label", "regression", "allow_empty", "limit", "seed",
    "multi_label", "label_separator",
    "data_seed",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the command line says of the rows."""

    split: str | None
    file: Path | None
    text: str | None
    text_pair: str | None
    label: str | None
    data_dir: Path | None
    allow_empty: bool
    label_map: Mapping[str, str] = field(default_factory=dict)
    """What the labels of the file are called in the task."""


def parse_map(text: str | None, task: Task) -> dict[str, str]:
    """`neutral=not_entailment,contradiction=not_entailment,unsure=-` as a mapping; rows of "-" are left out.

    Raises:
        UsageError: not of that form; a name that is no label of the task; a label mapped twice.
    """
    from cilda.tasks.files import LEFT_OUT

    found: dict[str, str] = {}
    for part in (text or "").split(",") if text else []:
        name, equals, label = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise UsageError(
                f"--map {part!r} is not of the form THEIRS=OURS", "for example --map neutral=not_entailment"
            )
        if label not in (*task.labels, LEFT_OUT):
            raise unknown(f"label of {task.name}", label, task.labels)
        if name in found:
            raise UsageError(f"--map names {name!r} twice", "give each label once")
        found[name] = label
    return found


def rows_for(task: Task, asked: Asked, run: RunFolder | None) -> dict[str, Rows]:
    """The rows to score on, by split, or those of a file; what is not asked for is as in the run.

    Raises:
        CildaError: rows that cannot be found, or are not the task's.
    """
    from cilda.tasks.files import file_rows
    from cilda.tasks.loading import load_rows

    if asked.file is not None:
        if asked.split is not None:
            raise UsageError(f"--split {asked.split} and --file {asked.file} are both given", "choose one of them")
        columns = (asked.text, asked.text_pair, asked.label)
        try:
            rows = file_rows(
                task,
                asked.file,
                *columns,
                allow_empty=asked.allow_empty,
                label_map=asked.label_map,
                separator=_settings_of(run).get("label_separator", ";"),
            )
        except CildaError as error:
            if "no label named" not in error.what:
                raise
            todo = f"{error.todo}; --map THEIRS=OURS says what it is called here, --map THEIRS=- leaves its rows out"
            raise CildaError(error.what, todo) from error
        return {asked.file.name: rows}
    if asked.label_map:
        raise UsageError("--map is given without --file", "name your rows with --file FILE")
    if any((asked.text, asked.text_pair, asked.label)):
        raise UsageError("columns are named without --file", "name your rows with --file FILE")
    settings = _settings_of(run)
    if task.hub is None and task.name != "demo":
        if run is None or not settings.get("train_file"):
            raise UsageError(f"task {task.name} was made of a user's files", "name rows to score on with --file FILE")
        return _rows_again(task, asked.split, settings, run)
    data_dir = asked.data_dir or data_dir_of(run)
    return {name: load_rows(task, name, data_dir) for name in ([asked.split] if asked.split else task.validation)}


def _settings_of(run: RunFolder | None) -> dict[str, Any]:
    """The settings that a run says it has; empty where nothing is recorded."""
    from cilda.runs.atomic import read_json

    config = {} if run is None else read_json(run.run_json).get("config")
    return config if isinstance(config, dict) else {}


def data_dir_of(run: RunFolder | None) -> Path | None:
    """The folder of data that a run had, if it is still there."""
    recorded = _settings_of(run).get("data_dir")
    if not isinstance(recorded, str):
        return None
    if not Path(recorded).is_dir():
        note(f"the run's data folder is no longer at {recorded}: asking the hub")
        return None
    return Path(recorded)


def _rows_again(task: Task, split: str | None, settings: dict[str, Any], run: RunFolder) -> dict[str, Rows]:
    """The rows of the user's files as the run had them: the same file, the same seed, the same tenth held out."""
    from cilda.config import RunConfig
    from cilda.distill.task_data import load_task_data
    from cilda.tasks.files import file_rows

    name = split or "validation"
    if name not in ("train", "validation"):
        raise unknown(f"split of {task.name}", name, ("train", "validation"))
    config = RunConfig.checked({key: settings[key] for key in _ROW_SETTINGS if settings.get(key) is not None})
    assert config.train_file is not None
    judge = config.validation_file if name == "validation" else None
    _tell_of_changes(judge or config.train_file, run)
    try:
        if judge is not None:
            columns = (config.text, config.text_pair, config.label)
            return {name: file_rows(task, judge, *columns, allow_empty=config.allow_empty)}
        data = load_task_data(config)
    except CildaError as error:
        raise CildaError(
            f"the rows of run {run.id} cannot be read again: {error.what}",
            f"{error.todo}\nor name rows to score on with --file FILE",
        ) from error
    if (data.task.labels, len(data.task.texts)) != (task.labels, len(task.texts)):
        raise CildaError(
            f"{config.train_file} has other labels now than when run {run.id} began",
            "name rows to score on with --file FILE",
        )
    return {name: data.train if name == "train" else data.validation["validation"]}


def _tell_of_changes(path: Path, run: RunFolder) -> None:
    """A file that was written after the run began may hold, and hold out, other rows."""
    try:
        written_seconds = path.stat().st_mtime
    except OSError:
        return
    if written_seconds > run.created_seconds():
        note(f"warning: {path} was written after run {run.id} began: some of its rows may have been learned from")
