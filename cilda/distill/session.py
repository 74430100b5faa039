"""A run from its config to its student folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace

from transformers import PreTrainedTokenizerFast

from cilda.config import RunConfig
from cilda.distill.assembly import assemble_generator, assemble_players, assemble_student
from cilda.distill.beginning import Beginning
from cilda.distill.budget import START_SECONDS, Budget
from cilda.distill.card import model_card
from cilda.distill.data import TokenizedRows
from cilda.distill.encoder import Encoder
from cilda.distill.evaluate import Array, evaluate, gold_of
from cilda.distill.hardware import set_up
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.losses.loss import Loss
from cilda.distill.model_folder import save_model
from cilda.distill.models import Loaded, Student, count_parameters
from cilda.distill.outcome import Outcome
from cilda.distill.own_text import OwnText
from cilda.distill.players import Players
from cilda.distill.preflight import look, refuse_misfit, tell
from cilda.distill.recorder import Recorder, RecordSettings
from cilda.distill.rehearsal import models_of, rehearsed
from cilda.distill.run_record import recorded
from cilda.distill.sharding import shard, wants_sharding
from cilda.distill.start_record import StartRecord
from cilda.distill.task_data import TaskData, load_task_data
from cilda.distill.teacher import Teacher, load_teacher, obtain_teacher
from cilda.distill.teacher_cache import known_answers, pays, wanted
from cilda.distill.token_cache import tokenized
from cilda.distill.trainer import Trainer
from cilda.distill.trainer_settings import TrainerSettings, student_stage
from cilda.distill.world import world
from cilda.errors import CildaError
from cilda.methods.layer_maps import in_words
from cilda.runs.control import Orders
from cilda.runs.predictions import keep_predictions
from cilda.runs.writer import RunWriter


def distil(config: RunConfig, data: TaskData | None, writer: RunWriter, *, orders: Orders | None = None) -> Outcome:
    """Runs a config to its end: the student lies in the run's folder, all on the way in its events.

    Where the run's folder holds a checkpoint it goes on from there. `data` are the config's rows, if somebody has
    loaded them; `orders` brings what viewers ask for. An error is recorded in the events, too, and raised again. Where
    several processes train together (see `World`), all call this alike, the others with a `SilentWriter`.

    Raises:
        CildaError: what the user can mend: names, rows, models that do not fit, numbers that are not finite.
        RunStopped: somebody asked for it.
    """
    with recorded(writer):
        beginning = Beginning(writer, orders)
        beginning.detail("loading the rows")
        outcome = _distil(config, data or load_task_data(config), writer, beginning)
    writer.event("finished", **outcome.to_json())
    writer.state("finished")
    # Only now: until the end is written, a run that is killed goes on from it.
    for best in writer.folder.checkpoints.glob("best-*") if world().main else ():
        shutil.rmtree(best, ignore_errors=True)
    return outcome


def make_teacher(
    config: RunConfig,
    data: TaskData | None,
    writer: RunWriter,
    *,
    orders: Orders | None = None,
    first: Callable[[], None] | None = None,
    last: Callable[[Teacher], None] | None = None,
) -> Teacher:
    """The teacher stage alone: the config's teacher, fine-tuned on its task unless it knows it already.

    `first` is done before anything else and `last` with the teacher in hand, both as a part of the run.

    Raises:
        CildaError: as `distil`.
        RunStopped: as `distil`.
    """
    with recorded(writer):
        if first is not None:
            first()
        beginning = Beginning(writer, orders)
        beginning.detail("loading the rows")
        device, bfloat16 = set_up(config)
        rows = data or load_task_data(config)
        beginning.step(f"loading the teacher {config.teacher}")
        base = load_teacher(config, rows.task, writer)
        teacher = obtain_teacher(config, rows, base, writer, device, bfloat16=bfloat16, beginning=beginning)
        if last is not None:
            last(teacher)
    writer.event("finished", teacher=teacher.scores, folder=teacher.name)
    writer.state("finished")
    return teacher


def _distil(config: RunConfig, data: TaskData, writer: RunWriter, beginning: Beginning) -> Outcome:
    writer.state("starting", rows=data.fingerprints(), labels=list(data.task.labels))
    record = StartRecord(writer.folder)
    device, bfloat16 = set_up(config)
    recipe = config.recipe
    beginning.step(f"loading the teacher {config.teacher}")
    base = load_teacher(config, data.task, writer)
    if recipe.needs_generator:
        beginning.step("loading the generator")
    generator = assemble_generator(config, recipe, base, writer)
    if not base.has_head:
        # Hours may go into a teacher: what does not fit is refused before.
        beginning.step("looking over memory and time of both stages")
        budget = Budget(START_SECONDS, tell=beginning.detail)
        world().told(
            lambda: refuse_misfit(
                rehearsed(
                    config, data, base, generator, writer.folder.path, beginning=beginning, budget=budget, record=record
                )
            )
        )
    teacher = obtain_teacher(config, data, base, writer, device, bfloat16=bfloat16, beginning=beginning)
    beginning.detail("making the student")
    student = assemble_student(config, recipe, data, teacher.loaded)
    writer.event("layer_map", layers=student.layer_map, description=student.description)
    tokenizer = student.tokenizer
    splits = {
        split: tokenized(config, rows, tokenizer, regression=data.task.regression)
        for split, rows in {"train": data.train, **data.validation}.items()
    }
    train = splits.pop("train")
    _tell_rows(writer, train, splits)
    players = assemble_players(config, recipe, data, teacher, student, generator, device, train)
    _tell_layers(writer, config, players)
    mask_id = tokenizer.mask_token_id
    settings = student_stage(
        config, lengths=train.lengths, width=players.student.width, mask_id=mask_id or 0, bfloat16=bfloat16
    )
    players = _with_answers(config, teacher.loaded, players, train, settings, writer, beginning)
    spread = players.teacher is not None and players.asks_teacher and wants_sharding()
    if spread and players.teacher is not None:
        shard(players.teacher, device)
    trainer = Trainer(
        players=players,
        recipe=recipe,
        task=data.task,
        train=train,
        validation=splits,
        settings=settings,
        writer=writer,
        recorder=_recorder(config, data, players, tokenizer, settings, writer),
        orders=beginning.orders,
    )
    if config.compile and spread:
        writer.event(
            "alert", level="info", what="nothing is compiled: the teacher's layers lie in parts on all processes"
        )
    elif config.compile:
        # Only here: what it imports takes a second.
        from cilda.distill.compiling import compile_aloud

        compile_aloud(trainer.turns, train, writer, beginning)
    beginning.step("looking over memory and time of the student's stage")

    def looked_over() -> int | None:
        with beginning.heard_in(players.teacher, players.student, players.generator):
            preflight = look(
                trainer.turns,
                train,
                splits,
                settings,
                task=data.task,
                models=models_of(teacher.loaded, student, generator),
                layer_map=student.layer_map,
                student=student.description,
                folder=writer.folder.path,
                auto_batch=config.auto_batch,
                budget=Budget(START_SECONDS, tell=beginning.detail),
                record=record,
            )
        tell(preflight, writer)
        return trainer.turns.micro_batch

    if spread:
        what = "the teacher's layers lie in parts on all processes: memory and time are not looked over"
        writer.event("alert", level="info", what=what)
    else:
        trainer.turns.micro_batch = world().told(looked_over)
    beginning.over()
    best = trainer.run()
    scores = {split: _judged(players.student, data, rows, split, config, writer) for split, rows in splits.items()}
    outcome = Outcome(
        metric=data.task.metric,
        teacher=teacher.scores,
        student=scores,
        teacher_parameters=count_parameters(teacher.loaded.model),
        student_parameters=count_parameters(student.model),
        turns=trainer.done["student"],
        best_turn=best.turn,
    )
    world().told(lambda: _hand_over(config, data, teacher, student, outcome, writer))
    return outcome


def _with_answers(
    config: RunConfig,
    teacher: Loaded,
    players: Players,
    train: TokenizedRows,
    settings: TrainerSettings,
    writer: RunWriter,
    beginning: Beginning,
) -> Players:
    """The players with what the teacher says of the training rows, where that is worth keeping."""
    need = wanted(config.recipe, players.losses, config.projection)
    per_epoch = settings.batching.per_epoch(train.lengths)
    if need is None or players.teacher is None or not pays(config, settings.total_turns, per_epoch):
        return players
    bfloat16 = settings.turn.bfloat16
    answers = known_answers(config, need, teacher, players.teacher, train, writer, beginning, bfloat16=bfloat16)
    if answers is not None and not need.asks_more:
        # Its room on the device is free for larger batches.
        players.teacher.cpu()
    return replace(players, answers=answers, asks_teacher=answers is None or need.asks_more)


def _judged(
    student: Encoder, data: TaskData, rows: TokenizedRows, split: str, config: RunConfig, writer: RunWriter
) -> dict[str, float]:
    """The student's scores on a split; what it said of every row is kept in the run's folder."""
    said = evaluate(student, data.task, rows, config.evaluation_batch_size, tick=writer.tick)
    if rows.rows.labels is not None and world().main:
        keep_predictions(
            writer.folder,
            split,
            rows.rows.ids,
            *(_as_kept(found) for found in (gold_of(rows), said.predictions(data.task))),
        )
    return said.scores


def _as_kept(found: Array) -> list[float] | list[str]:
    """Labels or amounts as they stand in the file: several of one row with a blank between them."""
    if found.ndim == 1:
        kept: list[float] = found.tolist()
        return kept
    return [" ".join(str(place) for place in row.nonzero()[0]) for row in found]


def _recorder(
    config: RunConfig,
    data: TaskData,
    players: Players,
    tokenizer: PreTrainedTokenizerFast,
    settings: TrainerSettings,
    writer: RunWriter,
) -> Recorder | None:
    """Who keeps rewrites; None where there are none, or where nobody wants them."""
    if players.generator is None or not config.record_texts or not world().main:
        return None
    if data.task.multi_label:
        what = "rewrites are not recorded: what is kept of them is made for one label a text"
        writer.event("alert", level="info", what=what)
        return None
    contrast = dict(players.losses.items()).get("layer_contrast")
    return Recorder(
        writer,
        OwnText(tokenizer, config.max_length),
        data.train,
        RecordSettings(
            every=config.record_every,
            texts=config.record_texts,
            watched=config.record_watched,
            disagreements=config.record_disagreements,
            total_turns=settings.total_turns,
            seed=config.seed,
        ),
        student=players.student,
        regression=data.task.regression,
        bfloat16=settings.turn.bfloat16,
        contrast=contrast if isinstance(contrast, LayerContrast) else None,
    )


def _tell_rows(writer: RunWriter, train: TokenizedRows, validation: Mapping[str, TokenizedRows]) -> None:
    """Says in the events what is learned from and how much of it was cut."""
    for split, rows in {"train": train, **validation}.items():
        cut = f"; {rows.cut:,} cut at the maximum length" if rows.cut else ""
        what = f"{split}: {len(rows):,} rows of {rows.lengths.mean():.0f} tokens on average, {rows.rows.source}{cut}"
        writer.event("alert", level="info", what=what)


def _tell_layers(writer: RunWriter, config: RunConfig, players: Players) -> None:
    """Says in the events which layers the losses compare."""
    for name, loss in players.losses.items():
        assert isinstance(loss, Loss)
        layers = loss.layers
        if layers is not None:
            again = ", redrawn every epoch" if config.layer_map == "random" else ""
            what = f"{name} compares layers student:teacher {in_words(layers.pairs)} ({config.layer_map}{again})"
            writer.event("alert", level="info", what=what)


def _hand_over(
    config: RunConfig, data: TaskData, teacher: Teacher, student: Student, outcome: Outcome, writer: RunWriter
) -> None:
    """Puts the student's folder in its place."""
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
    if not writer.folder.path.is_dir():
        # To make it anew would bring back a run that somebody removed, or hide one whose disk is not mounted.
        raise CildaError(f"{writer.folder.path} is not there any more: the student has no place", "")
    # An earlier process may have been killed between this and the run's last words.
    shutil.rmtree(writer.folder.student, ignore_errors=True)
    save_model(writer.folder.student, model, student.tokenizer, record, card=card)
