"""A model's folder as we hand it over: what transformers loads, and a record of what it was made for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerFast

from cilda.distill.models import quiet
from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.tasks.task import Task

RECORD = "cilda.json"
"""The file beside config.json that says which task a model was made for, how long its texts were, and from what."""

Record = dict[str, Any]


def save_model(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, record: Record) -> None:
    """Writes config, safetensors, tokenizer and record, synced, so that they survive a crash.

    Raises:
        OSError: the disk refused.
        CildaError: the weights did not arrive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if not list(folder.glob("model*.safetensors")):
        raise CildaError(f"the weights did not arrive in {folder}", "see that the disk has room, and run it again")
    (folder / RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def recorded_task(folder: Path) -> Task | None:
    """The task that a model's folder was made for; None where nothing is recorded."""
    task = read_json(folder / RECORD).get("task")
    return Task.from_json(task) if isinstance(task, dict) else None


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
