"""The teacher of a run: checked if it knows the task, fine-tuned first if it does not, kept for the next time."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from cilda.caches import CACHE_OPTION, digest_of, folder_of
from cilda.config import RunConfig
from cilda.distill.beginning import Beginning
from cilda.distill.best import Best
from cilda.distill.budget import START_SECONDS, Budget
from cilda.distill.data import TokenizedRows, reading_of
from cilda.distill.disk import writing
from cilda.distill.encoder import Encoder
from cilda.distill.keeper import forget
from cilda.distill.losses.loss import LossSettings
from cilda.distill.model_folder import save_model
from cilda.distill.model_record import RECORD, Record, recorded_origin
from cilda.distill.models import Loaded, check_max_length, fit_labels, load_classifier
from cilda.distill.objective import make_losses
from cilda.distill.players import Players
from cilda.distill.preflight import looked_ahead, tell_stage
from cilda.distill.start_record import StartRecord
from cilda.distill.task_data import TaskData
from cilda.distill.teacher_cache import scored
from cilda.distill.token_cache import tokenized
from cilda.distill.trainer import Trainer
from cilda.distill.trainer_settings import teacher_stage
from cilda.distill.world import world
from cilda.errors import CildaError
from cilda.methods import METHODS
from cilda.runs.atomic import read_json
from cilda.runs.writer import RunWriter
from cilda.tasks.task import Task

# Grows when the way teachers are made changes, so that older ones are made again.
_VERSION = 1


@dataclass(frozen=True)
class Teacher:
    """A teacher that knows the task, on the CPU."""

    loaded: Loaded
    task: Task
    scores: dict[str, dict[str, float]]
    """By split and metric."""
    origins: tuple[str, ...]
    """What it was fine-tuned from, as far as we know: a generator may be found there."""
    name: str
    """The folder or hub id under which it can be loaded again."""


def load_teacher(config: RunConfig, task: Task, writer: RunWriter) -> Loaded:
    """The model that the config names as teacher; a trained head is checked against the task.

    Raises:
        CildaError: a teacher that cannot be loaded or does not fit the task.
    """
    loaded = load_classifier(config.teacher, task.labels, allow_pickle=config.allow_pickle, seed=config.seed)
    check_max_length(loaded.model, config.max_length, name=f"the teacher {loaded.source}")
    notes = [loaded.note]
    if loaded.has_head:
        name = f"the teacher {loaded.source}"
        notes.append(
            fit_labels(
                loaded.model,
                task.labels,
                reorder=config.reorder_teacher_labels,
                name=name,
                multi_label=task.multi_label,
            )
        )
    for note in filter(None, notes):
        writer.event("alert", level="info", what=note)
    return loaded


def origins_of(loaded: Loaded) -> tuple[str, ...]:
    """The model itself and what it was fine-tuned from, as far as we know: a generator may be found there."""
    return (lasting_name(loaded.source), *recorded_origin(Path(loaded.source)))


def lasting_name(source: str) -> str:
    """A hub id as it is, a folder as a path that means the same from everywhere."""
    return str(Path(source).resolve()) if Path(source).is_dir() else source


def obtain_teacher(
    config: RunConfig,
    data: TaskData,
    base: Loaded,
    writer: RunWriter,
    device: torch.device,
    *,
    bfloat16: bool,
    beginning: Beginning,
) -> Teacher:
    """A teacher made of the loaded one, ready to teach, with its scores told in the events.

    One without a head for the task is fine-tuned, unless the cache holds what the same weights, rows and settings made
    before.

    Raises:
        CildaError: the fine-tuning, or the disk that keeps what it made, failed.
    """
    task = data.task
    loaded = base
    validation = {
        split: tokenized(config, rows, loaded.tokenizer, regression=task.regression)
        for split, rows in data.validation.items()
    }
    name = lasting_name(loaded.source)
    if not loaded.has_head:
        folder = cached_folder(config, data, loaded, bfloat16=bfloat16)
        name = str(folder)
        loaded = _fine_tuned(
            config, data, loaded, folder, validation, writer, device, bfloat16=bfloat16, beginning=beginning
        )
    encoder = Encoder(loaded.model).to(device)
    beginning.step(f"scoring the teacher on {sum(map(len, validation.values())):,} rows")
    with beginning.heard_in(encoder):
        scores = {
            split: scored(config, loaded, encoder, task, rows, writer, beginning) for split, rows in validation.items()
        }
    encoder.cpu()
    score = next(iter(scores.values()))[task.metric]
    writer.event("teacher", name=loaded.source, score=score, metric=task.metric, scores=scores)
    return Teacher(loaded, task, scores, origins_of(base), name)


def _fine_tuned(
    config: RunConfig,
    data: TaskData,
    base: Loaded,
    folder: Path,
    validation: dict[str, TokenizedRows],
    writer: RunWriter,
    device: torch.device,
    *,
    bfloat16: bool,
    beginning: Beginning,
) -> Loaded:
    """The base fine-tuned on the task: from the cache, or trained now and put there."""
    if world().told((folder / RECORD).is_file):
        writer.event("alert", level="info", what=f"teacher fine-tuned before, taken from {folder}")
    else:
        # Refused now, and not after hours of training.
        world().told(lambda: _refuse_unwritable(folder))
        what = f"{base.source} has no head for {data.task.name}: fine-tuning it first, to be kept in {folder}"
        writer.event("alert", level="info", what=what)
        best = fine_tune(config, data, base, validation, writer, device, bfloat16=bfloat16, beginning=beginning)
        record = {
            "task": data.task.to_json(),
            "max_length": config.max_length,
            "scores": best.scores,
            "made_from": {"model": lasting_name(base.source), "weights_hash": base.weights_hash},
            "settings": teacher_settings(config),
        }
        world().told(lambda: _keep(folder, base.model, base.tokenizer, record))
    world().told(lambda: forget(writer.folder.checkpoints, "teacher"))
    made = load_classifier(str(folder), data.task.labels, seed=config.seed)
    fit_labels(made.model, data.task.labels, multi_label=data.task.multi_label)
    return replace(made, source=f"{base.source} fine-tuned on {data.task.name}")


def fine_tune(
    config: RunConfig,
    data: TaskData,
    base: Loaded,
    validation: dict[str, TokenizedRows],
    writer: RunWriter,
    device: torch.device,
    *,
    bfloat16: bool,
    beginning: Beginning,
) -> Best:
    """Trains the base on gold labels, in place; it ends on the CPU with its best weights."""
    recipe = METHODS["finetune"]
    task = data.task
    train = tokenized(config, data.of_teacher, base.tokenizer, regression=task.regression)
    losses = make_losses(recipe, LossSettings(regression=task.regression, multi_label=task.multi_label))
    players = Players(Encoder(base.model).to(device), losses)
    settings = teacher_stage(config, lengths=train.lengths, width=players.student.width, bfloat16=bfloat16)
    trainer = Trainer(
        players=players,
        recipe=recipe,
        task=task,
        train=train,
        validation=validation,
        settings=settings,
        writer=writer,
        orders=beginning.orders,
    )
    if config.compile:
        # Only here: what it imports takes a second.
        from cilda.distill.compiling import compile_aloud

        compile_aloud(trainer.turns, train, writer, beginning)
    beginning.step("looking over memory and time of the teacher's stage")

    def looked_over() -> int | None:
        with beginning.heard_in(players.student):
            stage = looked_ahead(
                trainer.turns,
                train,
                validation,
                settings,
                auto_batch=config.auto_batch,
                budget=Budget(START_SECONDS, tell=beginning.detail),
                record=StartRecord(writer.folder),
            )
        tell_stage(stage, writer)
        return trainer.turns.micro_batch

    trainer.turns.micro_batch = world().told(looked_over)
    beginning.over()
    best = trainer.run()
    players.student.cpu().requires_grad_(True)
    return best


def teacher_settings(config: RunConfig) -> dict[str, object]:
    """The settings that decide what a fine-tuned teacher becomes."""
    names = (
        "max_length", "teacher_epochs", "teacher_learning_rate", "batch_size", "weight_decay", "clip_norm",
        "warmup_fraction", "evaluate_every", "seed", "limit",
    )  # fmt: skip
    values = config.model_dump(mode="json")
    tokens = config.tokens_per_batch
    # Left out where it is not given, so that teachers are found that were kept before there was such a setting.
    return {name: values[name] for name in names} | ({} if tokens is None else {"tokens_per_batch": tokens})


def cached_folder(config: RunConfig, data: TaskData, base: Loaded, *, bfloat16: bool) -> Path:
    """The folder that this base, these rows and these settings lead to."""
    made_of = {
        "version": _VERSION,
        "weights": base.weights_hash,
        "config": base.model.config.to_json_string(),
        "tokenizer": reading_of(base.tokenizer),
        "bfloat16": bfloat16,
        "labels": data.task.labels,
        "train": data.of_teacher.fingerprint(),
        "validation": next(iter(data.validation.values())).fingerprint(),
        "settings": teacher_settings(config),
    }
    digest = digest_of(made_of)
    name = base.source.rstrip("/").rsplit("/", 1)[-1]
    return folder_of("teachers", config.cache_dir) / f"{name}-{data.task.name}-{digest[:12]}"


def _refuse_unwritable(folder: Path) -> None:
    with writing(folder, elsewhere=CACHE_OPTION):
        folder.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryDirectory(dir=folder.parent).cleanup()


def _keep(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, record: Record) -> None:
    """Puts a model folder into the cache. Where another process was faster, its folder stays."""
    try:
        save_model(folder, model, tokenizer, record, elsewhere=CACHE_OPTION)
    except CildaError:
        if not read_json(folder / RECORD):
            raise
