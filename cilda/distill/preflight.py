"""A run looked over before it begins: models, memory, time, disk, and what a person should know."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from cilda.distill.budget import Budget
from cilda.distill.data import TokenizedRows
from cilda.distill.dry_turn import state_bytes
from cilda.distill.model_facts import ModelFacts
from cilda.distill.players import Players
from cilda.distill.stage_forecast import StageForecast, forecast
from cilda.distill.start_record import StartRecord
from cilda.distill.step import Turns
from cilda.distill.trainer_settings import TrainerSettings
from cilda.errors import CildaError
from cilda.runs.crowding import crowding_warning
from cilda.runs.words import size_words
from cilda.runs.writer import RunWriter
from cilda.tasks.task import Task

FEWEST_VALIDATION_ROWS = 50
_ASKED = 64
# Events, rewrites, readings, a tokenizer, a card.
_SMALL_FILES_BYTES = 50_000_000


@dataclass(frozen=True)
class Disk:
    """The disk of the runs."""

    needed_bytes: int
    """For all checkpoints that lie side by side, the best student, and the student's folder."""
    free_bytes: int | None
    """None where the file system does not tell."""


@dataclass(frozen=True)
class Known:
    """What is clear of a run before anything of it is measured."""

    models: tuple[ModelFacts, ...]
    layer_map: tuple[tuple[int, int], ...]
    free_bytes: int | None
    """Of the disk of the runs; None where the file system does not tell."""


@dataclass(frozen=True)
class Preflight:
    """What a run will take, and whether it will get it."""

    device: str
    bfloat16: bool
    models: tuple[ModelFacts, ...]
    layer_map: tuple[tuple[int, int], ...]
    """(student layer, teacher layer) for each that is copied."""
    student: str
    """How the student is made, in words."""
    batch_size: int
    tokens_per_batch: int | None
    """Given, the batch is measured in tokens, and `batch_size` says nothing."""
    stages: tuple[StageForecast, ...]
    disk: Disk
    troubles: tuple[str, ...]
    """Why it will not run; empty where it will."""
    todo: str
    """What to do about the troubles."""
    warnings: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """The whole run, if nothing stops it early."""
        return sum(stage.seconds for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        plain = asdict(self)
        for stage, told in zip(self.stages, plain["stages"], strict=True):
            told["seconds"] = stage.seconds
        return {"runs": not self.troubles, "seconds": self.seconds, **plain}


def look(
    turns: Turns,
    train: TokenizedRows,
    validation: Mapping[str, TokenizedRows],
    settings: TrainerSettings,
    *,
    task: Task,
    models: Sequence[ModelFacts],
    layer_map: tuple[tuple[int, int], ...] = (),
    student: str = "",
    folder: Path,
    auto_batch: bool = False,
    teacher_knows: bool = True,
    earlier: Sequence[StageForecast] = (),
    budget: Budget | None = None,
    record: StartRecord | None = None,
) -> Preflight:
    """Looks a run over at the cost of about three turns; weights and random states stay as they are, bit for bit.

    `folder` is where the run is kept or will be. `teacher_knows` says whether the teacher's head is trained already, so
    that its answers mean something. `earlier` are forecasts of stages before. With `auto_batch` a micro-batch that fits
    is given to `turns`. Within a `budget` less is measured and more reckoned, and what `record` holds is taken from it.
    """
    stage = looked_ahead(turns, train, validation, settings, auto_batch=auto_batch, budget=budget, record=record)
    stages = (*earlier, stage)
    disk = Disk(_needed_bytes(turns, settings), free_bytes(folder))
    warnings = _warnings(models, train, validation, settings, disk, folder)
    if settings.processes > 1:
        shared = ", which share its memory and its cores: both are too few here" if turns.device.type == "cpu" else ""
        warnings.append(f"memory and time are foretold for one of {settings.processes} processes alone{shared}")
    warnings += crowded(turns.device)
    if teacher_knows and turns.players.teacher is not None:
        warnings += _one_answer(turns.players, next(iter(validation.values())), task)
    troubles, todo = _troubles(stages)
    return Preflight(
        device=_device(turns.device),
        bfloat16=settings.turn.bfloat16,
        models=tuple(models),
        layer_map=layer_map,
        student=student,
        batch_size=settings.batch_size,
        tokens_per_batch=settings.tokens_per_batch,
        stages=stages,
        disk=disk,
        troubles=tuple(troubles),
        todo=todo,
        warnings=tuple(warnings),
    )


def looked_ahead(
    turns: Turns,
    train: TokenizedRows,
    validation: Mapping[str, TokenizedRows],
    settings: TrainerSettings,
    *,
    auto_batch: bool = False,
    budget: Budget | None = None,
    record: StartRecord | None = None,
) -> StageForecast:
    """A stage's forecast: from the run's record where it holds one, and else measured now and put there."""
    known = None if record is None else record.forecast(settings, turns.device)
    if known is not None:
        return known
    found = forecast(turns, train, validation, settings, auto_batch=auto_batch, budget=budget)
    if record is not None:
        record.keep(found, settings, turns.device)
    return found


def tell(preflight: Preflight, writer: RunWriter) -> None:
    """Puts a look-over into a run's events: each warning, and what each stage will take.

    Raises:
        CildaError: it will not run.
    """
    for warning in preflight.warnings:
        writer.event("alert", level="warning", what=warning, todo="")
    for stage in preflight.stages:
        _say(stage, writer)
    refuse_misfit(preflight)


def tell_stage(stage: StageForecast, writer: RunWriter) -> None:
    """Puts what a stage will take into a run's events.

    Raises:
        CildaError: it will not run.
    """
    _say(stage, writer)
    troubles, todo = _troubles([stage])
    if troubles:
        raise CildaError(troubles[0], todo)


def refuse_misfit(preflight: Preflight) -> None:
    """Refuses what will not run.

    Raises:
        CildaError: why, and what to do.
    """
    if preflight.troubles:
        raise CildaError(preflight.troubles[0], preflight.todo)


def _say(stage: StageForecast, writer: RunWriter) -> None:
    what = f"the {stage.stage}'s stage: {memory_words(stage)}; about {duration(stage.seconds)}"
    writer.event("alert", level="info", what=what, forecast={**asdict(stage), "seconds": stage.seconds})


def memory_words(stage: StageForecast) -> str:
    """What a stage takes of its device's memory, in a clause."""
    found = stage.fit
    kind = "" if found.measured else "about "
    peak, limit = size_words(found.peak_bytes), size_words(found.limit_bytes)
    taken = f"{kind}{peak} of memory at the largest turn, {limit} can be had"
    if found.fits:
        return taken
    if stage.runs:
        return f"{taken}: in parts of {found.proposal} texts"
    return f"{taken}: too little"


def duration(seconds: float) -> str:
    """Seconds for people, in two units at most."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def crowded(device: torch.device) -> list[str]:
    """A warning where models compute on processors that others keep busy."""
    warning = "" if device.type == "cuda" else crowding_warning(torch.get_num_threads())
    return [warning] if warning else []


def _needed_bytes(turns: Turns, settings: TrainerSettings) -> int:
    """One checkpoint more than are kept lies there while it is written; the best student twice in that time."""
    players = turns.players
    student = _weight_bytes(players.student)
    others = sum(_weight_bytes(one) for one in (players.generator, players.losses) if one is not None)
    checkpoint = student + others + state_bytes(turns.optimizers)
    return checkpoint * (settings.keep_checkpoints + 1) + 3 * student + _SMALL_FILES_BYTES


def _weight_bytes(module: torch.nn.Module) -> int:
    return sum(weight.numel() * weight.element_size() for weight in module.parameters())


def free_bytes(folder: Path) -> int | None:
    """What is free where a folder lies or will lie; None where the file system does not tell."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        return shutil.disk_usage(existing).free
    except OSError:
        return None


def _troubles(stages: Sequence[StageForecast]) -> tuple[list[str], str]:
    troubles, todo = [], ""
    for stage in stages:
        found = stage.fit
        if stage.runs:
            continue
        troubles.append(
            f"the {stage.stage}'s stage does not fit: {found.at_once} texts at once of {found.length} tokens take "
            f"{'' if found.measured else 'about '}{size_words(found.peak_bytes)}, "
            f"{size_words(found.limit_bytes)} can be had"
        )
        todo = todo or (
            "a shorter --max-length, a smaller --student or --generator, or another device"
            if found.proposal is None
            else f"--auto-batch or --micro-batch {found.proposal} plays each batch in parts that fit"
        )
    return troubles, todo


def _warnings(
    models: Sequence[ModelFacts],
    train: TokenizedRows,
    validation: Mapping[str, TokenizedRows],
    settings: TrainerSettings,
    disk: Disk,
    folder: Path,
) -> list[str]:
    """What will run, but perhaps not as it was meant."""
    said = []
    parameters = {model.role: model.parameters for model in models}
    if "teacher" in parameters and parameters["student"] >= parameters["teacher"]:
        said.append(
            f"nothing is compressed: the student has {parameters['student']:,} parameters, "
            f"the teacher {parameters['teacher']:,}"
        )
    for split, rows in validation.items():
        if len(rows) < FEWEST_VALIDATION_ROWS:
            said.append(f"{split} has {len(rows)} rows: its scores hardly tell one student from another")
    tokens = settings.tokens_per_batch
    if tokens is not None and (longer := int((train.lengths > tokens).sum())):
        said.append(f"{longer:,} training texts are longer than {tokens:,} tokens: each is a batch by itself")
    if tokens is None and settings.batch_size > len(train):
        said.append(f"the batch of {settings.batch_size} texts is larger than the training set of {len(train)} rows")
    if disk.free_bytes is not None and disk.free_bytes < disk.needed_bytes:
        said.append(
            f"the disk will not suffice: {size_words(disk.free_bytes)} are free for {folder}, "
            f"checkpoints and student need {size_words(disk.needed_bytes)}"
        )
    return said


def _one_answer(players: Players, rows: TokenizedRows, task: Task) -> list[str]:
    """A warning where the teacher answers the same to rows that differ."""
    if task.regression or task.multi_label or rows.labels_N is None or players.teacher is None:
        return []
    step = max(1, len(rows) // _ASKED)
    batch = rows.batch(list(range(0, len(rows), step))[:_ASKED])
    device = next(players.teacher.parameters()).device
    with torch.no_grad():
        answers = players.teacher(batch.to(device)).logits_BC.argmax(-1).tolist()
    assert batch.labels_B is not None
    gold = batch.labels_B.tolist()
    if len(set(answers)) > 1 or len(set(gold)) == 1:
        return []
    said = f"the teacher answers {task.labels[answers[0]]!r} to all of {len(answers)} validation rows"
    return [f"{said}, {gold.count(answers[0])} times rightly: does it know this task?"]


def _device(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
