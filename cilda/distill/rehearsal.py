"""A run's models and rows put together as for the run, to be looked over, and nothing learned or kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from cilda.config import RunConfig
from cilda.distill.assembly import assemble_players, assemble_student
from cilda.distill.beginning import Beginning
from cilda.distill.budget import Budget
from cilda.distill.data import TokenizedRows
from cilda.distill.encoder import Encoder
from cilda.distill.hardware import set_up
from cilda.distill.losses.loss import LossSettings
from cilda.distill.model_facts import ModelFacts, facts
from cilda.distill.model_record import RECORD
from cilda.distill.models import Loaded, Student, fit_labels, load_classifier
from cilda.distill.objective import make_losses
from cilda.distill.optimizers import make_optimizers
from cilda.distill.players import Players
from cilda.distill.preflight import Known, Preflight, free_bytes, look, looked_ahead
from cilda.distill.stage_forecast import StageForecast
from cilda.distill.start_record import StartRecord
from cilda.distill.step import Turns
from cilda.distill.task_data import TaskData
from cilda.distill.teacher import Teacher, cached_folder, origins_of
from cilda.distill.token_cache import tokenized
from cilda.distill.trainer_settings import TrainerSettings, student_stage, teacher_stage
from cilda.methods import METHODS
from cilda.methods.recipe import Method


def rehearsed(
    config: RunConfig,
    data: TaskData,
    base: Loaded,
    generator: Loaded | None,
    folder: Path,
    *,
    beginning: Beginning | None = None,
    budget: Budget | None = None,
    record: StartRecord | None = None,
    known: Callable[[Known], None] = lambda _: None,
) -> Preflight:
    """Looks over the run that a config describes, with its models as they were loaded; `folder` is where it is kept.

    A teacher that does not know the task yet is not trained: its stage is forecast, and it stands there with a fresh
    head. `known` gets what is clear before anything is measured; `beginning` hears requests meanwhile; `budget` and
    `record` are as in `look`.

    Raises:
        CildaError: a student that cannot be made, or does not fit the teacher or the task.
    """
    device, bfloat16 = set_up(config)
    recipe = config.recipe
    teacher, about = _known(config, data, base, bfloat16=bfloat16)
    student = assemble_student(config, recipe, data, teacher)
    rows = _tokenized(config, data, student)
    told = models_of(teacher, student, generator, about=about)
    known(Known(tuple(told), student.layer_map, free_bytes(folder)))
    rewriter = None if generator is None else generator.model
    heard = nullcontext() if beginning is None else beginning.heard_in(teacher.model, student.model, rewriter)
    with heard:
        earlier = []
        if not teacher.has_head:
            own = rows if teacher.tokenizer is student.tokenizer else _tokenized(config, data, teacher)
            earlier.append(
                _teacher_stage(config, data, teacher, own, device, bfloat16=bfloat16, budget=budget, record=record)
            )
        train, validation = rows
        taught = Teacher(teacher, data.task, {}, origins_of(base), base.source)
        players = assemble_players(config, recipe, data, taught, student, generator, device, train)
        settings = _student_settings(config, players, student, train, bfloat16=bfloat16)
        turns = _turns(players, recipe, settings)
        # In a run that begins it is done later, with the teacher that it then has.
        refusals = _compiled(config, turns, train) if beginning is None else []
        found = look(
            turns,
            train,
            validation,
            settings,
            task=data.task,
            models=told,
            layer_map=student.layer_map,
            student=student.description,
            folder=folder,
            auto_batch=config.auto_batch,
            teacher_knows=teacher.has_head,
            earlier=earlier,
            budget=budget,
            record=record,
        )
        return replace(found, warnings=(*found.warnings, *refusals))


def fresh_turns(
    config: RunConfig,
    data: TaskData,
    base: Loaded,
    generator: Loaded | None,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Turns, TokenizedRows, TrainerSettings]:
    """The student's stage as a config describes it, with a fresh head where the teacher has none: for measuring alone.

    `tell` hears what does not work as it was asked for.

    Raises:
        CildaError: as `rehearsed`.
    """
    device, bfloat16 = set_up(config)
    recipe = config.recipe
    student = assemble_student(config, recipe, data, base)
    train = tokenized(config, data.train, student.tokenizer, regression=data.task.regression)
    taught = Teacher(base, data.task, {}, (), base.source)
    players = assemble_players(config, recipe, data, taught, student, generator, device, train)
    settings = _student_settings(config, players, student, train, bfloat16=bfloat16)
    turns = _turns(players, recipe, settings)
    for refusal in _compiled(config, turns, train):
        tell(refusal)
    return turns, train, settings


def _compiled(config: RunConfig, turns: Turns, train: TokenizedRows) -> list[str]:
    """Compiles the layers where the config asks for it; why not, if not."""
    refusals: list[str] = []
    if config.compile:
        # Only here: what it imports takes a second.
        from cilda.distill.compiling import compile_layers

        compile_layers(turns, train, refusals.append)
    return refusals


def models_of(teacher: Loaded, student: Student, generator: Loaded | None, *, about: str = "") -> list[ModelFacts]:
    """The facts of a run's models; `about` is said of the teacher."""
    told = [
        facts("teacher", teacher.source, teacher.model, teacher.tokenizer, about=about),
        facts("student", student.source, student.model, student.tokenizer, about=student.description),
    ]
    if generator is not None:
        told.append(facts("generator", generator.source, generator.model, generator.tokenizer))
    return told


def _known(config: RunConfig, data: TaskData, base: Loaded, *, bfloat16: bool) -> tuple[Loaded, str]:
    """The teacher, from the cache where it was fine-tuned before, and what is to be said of its head."""
    if base.has_head:
        return base, "knows the task"
    folder = cached_folder(config, data, base, bfloat16=bfloat16)
    if not (folder / RECORD).is_file():
        return base, f"fine-tuned on {data.task.name} first; its head is fresh"
    made = load_classifier(str(folder), data.task.labels, seed=config.seed)
    fit_labels(made.model, data.task.labels, multi_label=data.task.multi_label)
    return replace(made, source=base.source), f"fine-tuned on {data.task.name} before: {folder}"


def _tokenized(
    config: RunConfig, data: TaskData, model: Loaded | Student
) -> tuple[TokenizedRows, dict[str, TokenizedRows]]:
    """Training rows and validation rows as tokens of a model."""
    splits = {
        split: tokenized(config, rows, model.tokenizer, regression=data.task.regression)
        for split, rows in {"train": data.train, **data.validation}.items()
    }
    return splits.pop("train"), splits


def _teacher_stage(
    config: RunConfig,
    data: TaskData,
    base: Loaded,
    rows: tuple[TokenizedRows, dict[str, TokenizedRows]],
    device: torch.device,
    *,
    bfloat16: bool,
    budget: Budget | None,
    record: StartRecord | None,
) -> StageForecast:
    """The fine-tuning that comes first, foretold."""
    recipe = METHODS["finetune"]
    train, validation = rows
    players = Players(
        Encoder(base.model).to(device),
        make_losses(recipe, LossSettings(regression=data.task.regression, multi_label=data.task.multi_label)),
    )
    settings = teacher_stage(config, lengths=train.lengths, width=players.student.width, bfloat16=bfloat16)
    turns = _turns(players, recipe, settings)
    return looked_ahead(turns, train, validation, settings, auto_batch=config.auto_batch, budget=budget, record=record)


def _student_settings(
    config: RunConfig, players: Players, student: Student, train: TokenizedRows, *, bfloat16: bool
) -> TrainerSettings:
    mask_id = student.tokenizer.mask_token_id or 0
    return student_stage(config, lengths=train.lengths, width=players.student.width, mask_id=mask_id, bfloat16=bfloat16)


def _turns(players: Players, recipe: Method, settings: TrainerSettings) -> Turns:
    cycle = settings.cycle(recipe)
    return Turns(players, recipe, make_optimizers(players, recipe, settings, cycle), settings.turn)
