"""A run from its config to its student folder."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping

import torch

from cilda.config import RunConfig
from cilda.distill.card import model_card
from cilda.distill.data import TokenizedRows, tokenize
from cilda.distill.encoder import Encoder, embedding_table
from cilda.distill.evaluate import evaluate
from cilda.distill.generator import Generator
from cilda.distill.hardware import set_up
from cilda.distill.losses.loss import LossSettings
from cilda.distill.model_folder import save_model
from cilda.distill.models import (
    Loaded,
    Student,
    check_max_length,
    check_vocabulary,
    count_parameters,
    default_generator,
    load_masked_lm,
    make_student,
)
from cilda.distill.objective import make_losses
from cilda.distill.outcome import Outcome
from cilda.distill.players import Players
from cilda.distill.recorder import Recorder
from cilda.distill.run_record import recorded
from cilda.distill.schedule import default_epochs, default_learning_rate
from cilda.distill.step import TurnSettings
from cilda.distill.task_data import TaskData
from cilda.distill.teacher import Teacher, load_teacher, obtain_teacher, origins_of
from cilda.distill.trainer import Trainer, TrainerSettings
from cilda.errors import CildaError
from cilda.methods.recipe import Method
from cilda.runs.writer import RunWriter


def distil(config: RunConfig, data: TaskData, writer: RunWriter) -> Outcome:
    """Runs a config on its rows to its end: the student lies in the run's folder, all on the way in its events.

    An error is recorded there too, and raised again.

    Raises:
        CildaError: what the user can mend: names, rows, models that do not fit, numbers that are not finite.
    """
    with recorded(writer):
        outcome = _distil(config, data, writer)
    writer.event("finished", **outcome.to_json())
    writer.state("finished")
    return outcome


def make_teacher(
    config: RunConfig, data: TaskData, writer: RunWriter, *, first: Callable[[], None] | None = None
) -> Teacher:
    """The teacher stage alone: the config's teacher, fine-tuned on its task unless it knows it already.

    `first` is done before anything else, as a part of the run.

    Raises:
        CildaError: as `distil`.
    """
    with recorded(writer):
        if first is not None:
            first()
        device, bfloat16 = set_up(config)
        base = load_teacher(config, data.task, writer)
        teacher = obtain_teacher(config, data, base, writer, device, bfloat16=bfloat16)
    writer.event("finished", teacher=teacher.scores, folder=teacher.name)
    writer.state("finished")
    return teacher


def _distil(config: RunConfig, data: TaskData, writer: RunWriter) -> Outcome:
    device, bfloat16 = set_up(config)
    recipe = config.recipe
    base = load_teacher(config, data.task, writer)
    if not base.has_head:
        # Hours may go into a teacher: a student that does not fit is refused before.
        _student(config, recipe, data, base)
    generator = _generator(config, recipe, base, writer)
    teacher = obtain_teacher(config, data, base, writer, device, bfloat16=bfloat16)
    student = _student(config, recipe, data, teacher.loaded)
    writer.event("layer_map", layers=student.layer_map, description=student.description)
    tokenizer = student.tokenizer
    splits = {
        split: tokenize(rows, tokenizer, config.max_length, regression=data.task.regression)
        for split, rows in {"train": data.train, **data.validation}.items()
    }
    train = splits.pop("train")
    _tell_rows(writer, train, splits)
    players = _players(config, recipe, data, teacher, student, generator, device)
    mask_id = tokenizer.mask_token_id
    trainer = Trainer(
        players=players,
        recipe=recipe,
        task=data.task,
        train=train,
        validation=splits,
        settings=trainer_settings(
            config, texts=len(train), width=players.student.width, mask_id=mask_id or 0, bfloat16=bfloat16
        ),
        writer=writer,
        recorder=Recorder(writer, tokenizer, data.task, train, config.record_texts) if config.record_texts else None,
    )
    best = trainer.run()
    scores = {
        split: evaluate(players.student, data.task, rows, config.evaluation_batch_size).scores
        for split, rows in splits.items()
    }
    outcome = Outcome(
        metric=data.task.metric,
        teacher=teacher.scores,
        student=scores,
        teacher_parameters=count_parameters(teacher.loaded.model),
        student_parameters=count_parameters(student.model),
        turns=trainer.done["student"],
        best_turn=best.turn,
    )
    _hand_over(config, data, teacher, student, outcome, writer)
    return outcome


def _student(config: RunConfig, recipe: Method, data: TaskData, teacher: Loaded) -> Student:
    """The student, checked against the teacher."""
    student = make_student(
        config.student, teacher, data.task.labels, allow_pickle=config.allow_pickle, seed=config.seed
    )
    check_max_length(student.model, config.max_length, name=f"the student {student.source}")
    if recipe.needs_teacher or recipe.needs_generator:
        try:
            check_vocabulary(
                {f"teacher {teacher.source}": teacher.tokenizer, f"student {student.source}": student.tokenizer}
            )
        except CildaError as misfit:
            todo = "both read the same tokens: name a student with the teacher's vocabulary; only finetune needs none"
            raise CildaError(misfit.what, todo) from misfit
    return student


def _generator(config: RunConfig, recipe: Method, teacher: Loaded, writer: RunWriter) -> Loaded | None:
    """The masked LM that rewrites, checked against the teacher; None where the method has no rewritten view."""
    if not recipe.needs_generator:
        return None
    if config.generator is None:
        choice = default_generator(teacher, origins=origins_of(teacher), allow_pickle=config.allow_pickle)
        writer.event("alert", level="info", what=choice.reason)
        loaded = choice.loaded
    else:
        loaded = load_masked_lm(config.generator, allow_pickle=config.allow_pickle)
        check_vocabulary(
            {f"teacher {teacher.source}": teacher.tokenizer, f"generator {loaded.source}": loaded.tokenizer}
        )
    check_max_length(loaded.model, config.max_length, name=f"the generator {loaded.source}")
    return loaded


def _players(
    config: RunConfig,
    recipe: Method,
    data: TaskData,
    teacher: Teacher,
    student: Student,
    generator: Loaded | None,
    device: torch.device,
) -> Players:
    """The models of the run on its device, with the losses between them."""
    taught = Encoder(teacher.loaded.model, config.pooling)
    learning = Encoder(student.model, config.pooling)
    settings = LossSettings(
        regression=data.task.regression,
        teacher_layers=taught.depth,
        teacher_width=taught.width,
        student_layers=learning.depth,
        student_width=learning.width,
        kl_temperature=config.kl_temperature,
        teacher_entropy=config.teacher_entropy,
        contrast_temperature=config.contrast_temperature,
        projection_width=config.projection_width,
        seed=config.seed,
    )
    rewriter = None
    if generator is not None:
        tokenizer = generator.tokenizer
        tables = [len(embedding_table(one)) for one in (teacher.loaded.model, student.model, generator.model)]
        rewriter = Generator(
            generator.model,
            # Tables are often padded beyond the last token.
            vocabulary=min(max(tokenizer.get_vocab().values()) + 1, *tables),
            special_ids=[] if config.generate_special_tokens else list(tokenizer.all_special_ids),
            temperature=config.gumbel_temperature,
        ).to(device)
    return Players(
        student=learning.to(device),
        losses=make_losses(recipe, settings).to(device),
        teacher=taught.to(device) if recipe.needs_teacher else None,
        generator=rewriter,
    )


def trainer_settings(config: RunConfig, *, texts: int, width: int, mask_id: int, bfloat16: bool) -> TrainerSettings:
    """The config's settings for the student's trainer, with what is left to us filled in."""
    per_epoch = math.ceil(texts / config.batch_size)
    total = max(1, round((config.epochs or default_epochs(per_epoch)) * per_epoch))
    if config.max_turns is not None:
        total = min(total, config.max_turns)
    return TrainerSettings(
        stage="student",
        total_turns=total,
        learning_rate=config.learning_rate or default_learning_rate(width),
        batch_size=config.batch_size,
        evaluate_every=config.evaluate_every or min(per_epoch, 1000),
        turn=TurnSettings(
            mask_id,
            mask_fraction=config.mask_fraction,
            projection=config.projection,
            generator_dropout=config.generator_dropout,
            bfloat16=bfloat16,
            seed=config.seed,
        ),
        generator_turns=config.generator_turns,
        student_turns=config.student_turns,
        weight_decay=config.weight_decay,
        clip_norm=config.clip_norm,
        warmup_fraction=config.warmup_fraction,
        generator_learning_rate=config.generator_learning_rate,
        generator_clip_norm=config.generator_clip_norm,
        projection_learning_rate=config.projection_learning_rate,
        early_stopping=config.early_stopping,
        evaluation_batch_size=config.evaluation_batch_size,
        gradient_norms_every=config.gradient_norms_every,
        record_every=config.record_every,
    )


def _tell_rows(writer: RunWriter, train: TokenizedRows, validation: Mapping[str, TokenizedRows]) -> None:
    """Says in the events what is learned from and how much of it was cut."""
    for split, rows in {"train": train, **validation}.items():
        cut = f"; {rows.cut:,} cut at the maximum length" if rows.cut else ""
        what = f"{split}: {len(rows):,} rows of {rows.lengths.mean():.0f} tokens on average, {rows.rows.source}{cut}"
        writer.event("alert", level="info", what=what)


def _hand_over(
    config: RunConfig, data: TaskData, teacher: Teacher, student: Student, outcome: Outcome, writer: RunWriter
) -> None:
    """Puts the student's folder in its place, and lets go of the copy among the checkpoints."""
    record = {
        "task": data.task.to_json(),
        "max_length": config.max_length,
        "scores": outcome.student,
        "teacher": teacher.name,
        "run": writer.folder.id,
    }
    model = student.model.cpu()
    model.requires_grad_(True)
    card = model_card(config, data, teacher, student, outcome)
    save_model(writer.folder.student, model, student.tokenizer, record, card=card)
    for best in writer.folder.checkpoints.glob("best-*"):
        shutil.rmtree(best, ignore_errors=True)
