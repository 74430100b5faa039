"""What is wrong with a run, found before torch is loaded and before anything of it is on disk."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cilda.cli.extras import is_there
from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.task_data import TaskData

Role = Literal["teacher", "student", "generator"]

FEWEST_BYTES = 100_000_000
ROUGH_NEED_BYTES = 1_000_000_000
COPIES = 6


def looked_over(config: RunConfig, models: Sequence[Role] = ("teacher", "student", "generator")) -> TaskData:
    """The rows of a run whose names all mean something; `models` are those that it does not make itself.

    A user's mistake is told within a second, and no run is made for it.

    Raises:
        CildaError: a run's name that is taken; a model's name, folder or letters that mean nothing; rows that cannot be
            found or learned from; a disk without room for any run.
    """
    from cilda.distill.task_data import load_task_data

    named_things_exist(config, models)
    warning = shortage(config)
    if warning:
        print(one_line(f"warning: {warning}"), file=sys.stderr)
    return load_task_data(config)


def named_things_exist(config: RunConfig, models: Sequence[Role] = ("teacher", "student", "generator")) -> None:
    """Refuses names that mean nothing, without reading rows: a fifth of a second, whatever the task.

    Of a model on the hub the form of its name is all that is looked at.

    Raises:
        CildaError: a run's name that is taken; a model's name, folder or letters that mean nothing.
    """
    from cilda.runs.layout import check_new, default_runs_dir

    check_new(config.runs_dir or default_runs_dir(), config.name)
    _check_trackers(config)
    _check_models(config, models)


def _check_trackers(config: RunConfig) -> None:
    for tracker in config.trackers:
        if not is_there(tracker):
            raise CildaError(f"the tracker {tracker} is not installed here", f"pip install {tracker}, or leave it out")


def still_there(
    config: RunConfig,
    rows: object,
    models: Sequence[Role] = ("teacher", "student", "generator"),
    *,
    run: str = "RUN",
) -> None:
    """Refuses to go on with a run whose models or rows have gone, or whose rows are others than it began with.

    `rows` are their fingerprints by split as the run wrote them down, if it came so far; `run` is what a command line
    calls it.

    Raises:
        CildaError: what is missing or has changed.
    """
    from cilda.distill.task_data import load_task_data

    _check_models(config, models)
    for split, fingerprint in load_task_data(config).fingerprints().items():
        if isinstance(rows, dict) and rows.get(split, fingerprint) != fingerprint:
            raise CildaError(
                f"the {split} rows are others than those that the run began with",
                f"bring the old file back, or begin another run like it: cilda distill --from {run}",
            )


def _check_models(config: RunConfig, models: Sequence[Role]) -> None:
    if "teacher" in models:
        _check_model(config.teacher, allow_pickle=config.allow_pickle)
    if "student" in models:
        _check_student(config)
    if "generator" in models and config.generator is not None:
        _check_model(config.generator, allow_pickle=config.allow_pickle)
        _check_rewrites(Path(config.generator).expanduser())


def _check_rewrites(folder: Path) -> None:
    """Refuses a folder whose model says of itself that it has no head for masked words; what it has is seen later."""
    kinds = read_json(folder / "config.json").get("architectures")
    if not isinstance(kinds, list) or not kinds or not all(isinstance(kind, str) for kind in kinds):
        return
    if all(kind.endswith(("Model", "ForSequenceClassification")) for kind in kinds):
        raise CildaError(
            f"{folder} cannot rewrite texts: it is a {' and a '.join(kinds)}",
            "name a masked language model with --generator, such as the one that your teacher was fine-tuned from",
        )


def shortage(config: RunConfig) -> str:
    """A warning where the disk of the runs has less free than a run roughly needs; empty where it has room.

    A local teacher tells how much: a student and its checkpoints, two of which may lie side by side, hold up to six
    times its weights.

    Raises:
        CildaError: hardly anything is free.
    """
    from cilda.runs.layout import default_runs_dir

    folder = (config.runs_dir or default_runs_dir()).absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    teacher = Path(config.teacher).expanduser()
    weights = sum(path.stat().st_size for path in teacher.glob("*.safetensors")) if teacher.is_dir() else 0
    try:
        free_bytes = shutil.disk_usage(existing).free
    except OSError:
        # A file system that does not tell; writing will.
        return ""
    return _shortage(folder, free_bytes, COPIES * weights or ROUGH_NEED_BYTES)


def _shortage(folder: Path, free_bytes: int, need_bytes: int) -> str:

    free = f"{free_bytes / 1e6:,.0f} MB are free for {folder}"
    if free_bytes < FEWEST_BYTES:
        raise CildaError(f"only {free}: no run fits there", "free some space, or write elsewhere with --runs-dir")
    if free_bytes < need_bytes:
        return f"{free}; a run may need {need_bytes / 1e6:,.0f} MB"
    return ""


def _check_student(config: RunConfig) -> None:
    from cilda.distill.student_spec import SPEC_FORMS, parse_size
    from cilda.errors import UsageError

    if parse_size(config.student) is None:
        try:
            _check_model(config.student, allow_pickle=config.allow_pickle)
        except UsageError as error:
            raise UsageError(error.what, f"{error.todo}; or {SPEC_FORMS}") from error


def _check_model(name: str, *, allow_pickle: bool) -> None:
    """Refuses a name that is no model's, and a folder that holds none; what is on the hub is asked for later."""
    from cilda.distill.repository import find_repository, resolve

    if Path(resolve(name)).is_dir():
        find_repository(name, allow_pickle=allow_pickle)


def refuse_taken(path: Path, option: str) -> None:
    """Refuses to write where something lies, or in a folder that is not there, before hours go into it.

    Raises:
        CildaError: with the option that named the path.
    """
    if os.path.lexists(path):
        raise CildaError(f"{path} exists already", f"name a new place with {option}")
    if not path.absolute().parent.is_dir():
        raise CildaError(f"there is no folder {path.absolute().parent}", f"make it, or name another with {option}")
