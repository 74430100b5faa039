"""The file beside a model's config.json that says what the model was made for, and from what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.tasks.task import Task

RECORD = "cilda.json"

Record = dict[str, Any]


def recorded_task(folder: Path) -> Task | None:
    """The task that a model's folder was made for; None where nothing is recorded.

    Raises:
        CildaError: what is recorded is no task of this version.
    """
    task = read_json(folder / RECORD).get("task")
    if not isinstance(task, dict):
        return None
    try:
        return Task.from_json(task)
    except (TypeError, AttributeError) as error:
        raise CildaError(f"the task in {folder / RECORD} cannot be read: {error}", "name one with --task") from error


def recorded_max_length(folder: Path) -> int | None:
    """The longest text in tokens that a model was trained with; None where nothing is recorded."""
    length = read_json(folder / RECORD).get("max_length")
    return length if isinstance(length, int) else None


def recorded_origin(folder: Path) -> tuple[str, ...]:
    """The model that a folder's model was fine-tuned from, as the only entry; empty where nothing is recorded."""
    made_from = read_json(folder / RECORD).get("made_from")
    model = made_from.get("model") if isinstance(made_from, dict) else None
    return (model,) if isinstance(model, str) else ()


def recorded_teacher(folder: Path) -> str | None:
    """The folder or hub id of the teacher that a student learned from; None where nothing is recorded."""
    teacher = read_json(folder / RECORD).get("teacher")
    return teacher if isinstance(teacher, str) else None
