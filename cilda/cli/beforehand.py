"""What is wrong with a run, found before torch is loaded and before anything of it is on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.distill.task_data import TaskData


Role = Literal["teacher", "student", "generator"]


def looked_over(config: RunConfig, models: Sequence[Role] = ("teacher", "student", "generator")) -> TaskData:
    """The rows of a run whose names all mean something; `models` are those that it does not make itself.

    A user's mistake is told within a second, and no run is made for it.

    Raises:
        CildaError: a run's name that is taken; a model's name, folder or letters that mean nothing; rows that cannot be
            found or learned from.
    """
    from cilda.distill.task_data import load_task_data
    from cilda.runs.layout import check_new, default_runs_dir

    check_new(config.runs_dir or default_runs_dir(), config.name)
    if "teacher" in models:
        _check_model(config.teacher, allow_pickle=config.allow_pickle)
    if "student" in models:
        _check_student(config)
    if "generator" in models and config.generator is not None:
        _check_model(config.generator, allow_pickle=config.allow_pickle)
    return load_task_data(config)


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
    from cilda.errors import CildaError

    if os.path.lexists(path):
        raise CildaError(f"{path} exists already", f"name a new place with {option}")
    if not path.absolute().parent.is_dir():
        raise CildaError(f"there is no folder {path.absolute().parent}", f"make it, or name another with {option}")
