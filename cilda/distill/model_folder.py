"""A model's folder as we hand it over: what transformers loads, and a record of what it was made for."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerFast

from cilda.distill.disk import writing
from cilda.distill.model_record import RECORD, Record
from cilda.distill.models import quiet
from cilda.errors import CildaError


def save_model(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    record: Record,
    *,
    card: str = "",
    elsewhere: str = "--runs-dir",
) -> None:
    """Puts config, safetensors, tokenizer, record and card in their place in one rename, synced.

    `elsewhere` names the option that would write to another place, for the message.

    Raises:
        CildaError: the disk refused, or another model lies there. Nothing is left behind.
    """
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        with writing(folder, elsewhere=elsewhere):
            _write(unfinished, model, tokenizer, record, card)
            unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _write(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, record: Record, card: str) -> None:
    folder.mkdir(parents=True)
    task = record.get("task")
    if isinstance(task, dict) and task.get("multi_label"):
        # So that transformers, too, takes each label by itself.
        model.config.problem_type = "multi_label_classification"
    with quiet():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if not list(folder.glob("model*.safetensors")):
        raise CildaError(f"the weights did not arrive in {folder}", "see that the disk has room, and run it again")
    (folder / RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")
    if card:
        (folder / "README.md").write_text(card, encoding="utf-8")
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
