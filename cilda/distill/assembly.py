"""The models and settings of a run, put together from its config."""

from __future__ import annotations

import torch

from cilda.config import RunConfig
from cilda.distill.data import TokenizedRows
from cilda.distill.encoder import Encoder, embedding_table
from cilda.distill.generator import Generator
from cilda.distill.losses import LOSSES
from cilda.distill.losses.loss import LossSettings
from cilda.distill.models import (
    Loaded,
    Student,
    check_max_length,
    check_vocabulary,
    default_generator,
    load_masked_lm,
    make_student,
)
from cilda.distill.objective import make_losses
from cilda.distill.players import Players
from cilda.distill.task_data import TaskData
from cilda.distill.teacher import Teacher, origins_of
from cilda.errors import CildaError
from cilda.methods.recipe import Method
from cilda.runs.writer import RunWriter


def assemble_student(config: RunConfig, recipe: Method, data: TaskData, teacher: Loaded) -> Student:
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


def assemble_generator(config: RunConfig, recipe: Method, teacher: Loaded, writer: RunWriter) -> Loaded | None:
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


def assemble_players(
    config: RunConfig,
    recipe: Method,
    data: TaskData,
    teacher: Teacher,
    student: Student,
    generator: Loaded | None,
    device: torch.device,
    train: TokenizedRows,
) -> Players:
    """The models of the run on its device, with the losses between them; `train` is what a loss may remember.

    Raises:
        UsageError: a layer map that these depths cannot follow.
    """
    maps = any(LOSSES[term.loss].needs_attention for term in recipe.student)
    taught = Encoder(teacher.loaded.model, config.pooling, attention_maps=maps)
    learning = Encoder(student.model, config.pooling, attention_maps=maps)
    settings = LossSettings(
        regression=data.task.regression,
        multi_label=data.task.multi_label,
        teacher_layers=taught.depth,
        teacher_width=taught.width,
        student_layers=learning.depth,
        student_width=learning.width,
        kl_temperature=config.kl_temperature,
        teacher_entropy=config.teacher_entropy,
        contrast_temperature=config.contrast_temperature,
        projection_width=config.projection_width,
        layer_map=config.layer_map,
        distance=config.distance,
        memory_negatives=config.memory_negatives,
        memory_temperature=config.memory_temperature,
        memory_momentum=config.memory_momentum,
        annealing_steps=config.annealing_steps,
        train_labels_N=train.labels_N,
        train_rows=len(train),
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
