"""The teacher asked once about the training rows as they stand, for all runs that learn from it.

A rewrite is new each time: of that the teacher is always asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from cilda.caches import ABOUT, CACHE_OPTION, LOCK, digest_of, folder_of
from cilda.config import RunConfig
from cilda.distill.answers import AnswerFiles, Answers, Shape, What
from cilda.distill.batch import Outputs
from cilda.distill.beginning import Beginning
from cilda.distill.data import TokenizedRows, by_length, places_in, reading_of
from cilda.distill.encoder import Encoder
from cilda.distill.evaluate import evaluate, gold_of, predicted
from cilda.distill.loading import Loaded
from cilda.distill.metrics import score
from cilda.distill.objective import Objective
from cilda.distill.players import Projection, critic_of, learners
from cilda.distill.preflight import free_bytes
from cilda.distill.world import world
from cilda.errors import CildaError
from cilda.methods.recipe import Method
from cilda.runs.atomic import read_json, write_json_atomic
from cilda.runs.locks import BUSY, Lock
from cilda.runs.presence import RunGone
from cilda.runs.words import size_words
from cilda.runs.writer import RunWriter
from cilda.tasks.task import Task

# Grows when what is kept changes, so that older answers are not taken for new ones.
_VERSION = 1
_SAMPLE = 16
# How far an answer may lie from the same teacher's answer now, in parts of the largest; another padding, other threads,
# and float16 or bfloat16 in between.
_NEAR = {False: 5e-3, True: 5e-2}
# Of a disk that is nearly full the cache takes nothing.
_USABLE = 0.9
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Wanted:
    """What a method asks the teacher about the text as it stands, as far as it can be kept."""

    layers: bool
    asks_more: bool
    """Whether the teacher is asked during the turns, too: about rewrites, or for what is too large to be kept."""


def wanted(recipe: Method, losses: nn.ModuleDict, projection: Projection) -> Wanted | None:
    """What a method's turns need of the teacher that can be kept; None where that is nothing.

    Hidden states of every token and attention maps are too large: a phase that needs them asks the teacher itself.
    """
    named = dict(losses.items())
    objectives = [Objective(recipe.student_in(1 + phase), named) for phase in range(recipe.phases)]  # type: ignore[arg-type]
    large = [one.needs_tokens("real") or one.needs_attention("real") for one in objectives]
    critic = [critic_of(recipe, losses)] if "critic" in learners(recipe, losses, projection) else []
    kept = [one for one, too_large in zip(objectives, large, strict=True) if not too_large] + critic
    if not any(one.needs_teacher("real") for one in kept):
        return None
    soft = any(one.needs_teacher("soft") for one in (*objectives, *critic, Objective(recipe.generator, named)))  # type: ignore[arg-type]
    return Wanted(any(one.needs_layers("real") for one in kept), asks_more=soft or any(large))


def pays(config: RunConfig, turns: int, batches_per_epoch: int) -> bool:
    """Whether a run is to keep what the teacher says: by its settings alone, so that it does the same each time."""
    if config.teacher_cache == "auto":
        return turns >= batches_per_epoch
    return config.teacher_cache == "on"


def known_answers(
    config: RunConfig,
    need: Wanted,
    teacher: Loaded,
    encoder: Encoder,
    rows: TokenizedRows,
    writer: RunWriter,
    beginning: Beginning,
    *,
    bfloat16: bool,
) -> Answers | None:
    """The teacher's answers to all of these rows: from the disk, or asked for now and put there.

    Of runs that begin at once, one asks and the others wait for it. Before answers are used, some are asked for again:
    where they have changed, all are asked for anew. A disk that refuses costs only the cache: None.

    Raises:
        RunStopped: somebody asked for it; what was answered in whole files by then stays.
    """
    folder = _folder(config, teacher, rows, bfloat16=bfloat16)
    shape = Shape(
        rows=len(rows),
        classes=int(encoder.model.config.num_labels or 1),
        layers=encoder.depth if need.layers else 0,
        width=encoder.width,
        pooling=config.pooling,
    )
    files = AnswerFiles(folder, shape)
    asking = _Asking(encoder, rows, config.evaluation_batch_size, bfloat16=bfloat16)

    def changed(answers: Answers) -> str | None:
        strange = _changed(answers, asking, config.seed)
        if strange is None:
            os.utime(folder / ABOUT)
        else:
            what = f"what is kept in {folder} is not what the teacher says now ({strange}): it is asked anew"
            writer.event("alert", level="warning", what=what, todo="")
            files.clear()
        return strange

    try:
        with _alone(folder, beginning):
            for _ in range(2):
                answers = _asked(files, asking, teacher, writer, beginning)
                if answers is None or world().told(partial(changed, answers)) is None:
                    return answers
    except RunGone:
        raise
    except OSError as error:
        _do_without(writer, f"{folder} cannot be used: {error.strerror or error}")
    except CildaError as error:
        _do_without(writer, error.what)
    return None


def scored(
    config: RunConfig,
    teacher: Loaded,
    encoder: Encoder,
    task: Task,
    rows: TokenizedRows,
    writer: RunWriter,
    beginning: Beginning,
) -> dict[str, float]:
    """The teacher's scores on a split, from its kept answers where they are kept, in float32."""
    need = Wanted(layers=False, asks_more=False)
    answers = None
    if config.teacher_cache != "off":
        answers = known_answers(config, need, teacher, encoder, rows, writer, beginning, bfloat16=False)
    if answers is None:
        return evaluate(encoder, task, rows, config.evaluation_batch_size, tick=beginning.hear).scores
    said = answers.of(torch.arange(len(rows)), torch.device("cpu")).logits_BC.numpy()
    return {} if rows.rows.labels is None else score(task.metrics, predicted(task, said), gold_of(rows))


class _Asking:
    """The teacher's answers as its turns would give them."""

    def __init__(self, encoder: Encoder, rows: TokenizedRows, at_once: int, *, bfloat16: bool) -> None:
        self.encoder, self.rows, self.at_once, self.bfloat16 = encoder, rows, at_once, bfloat16
        self.device = next(encoder.parameters()).device

    @torch.no_grad()
    def about(self, rows: list[int], *, layers: bool) -> Outputs:
        """Of one batch, on the device."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            said: Outputs = self.encoder(self.rows.batch(rows).to(self.device), want_layers=layers)
        return said

    def all_of(self, first: int, behind: int, *, layers: bool, beginning: Beginning) -> dict[str, Tensor]:
        """Of consecutive rows in their order, on the CPU."""
        order = by_length(self.rows.lengths[first:behind], self.at_once)
        told = []
        for batch in order:
            told.append(self.about([first + place for place in batch], layers=layers))
            beginning.hear()
        back = torch.from_numpy(places_in(order))
        parts = {"logits": torch.cat([one.logits_BC for one in told])}
        if layers:
            parts["layers"] = torch.cat([one.pooled_BLD for one in told if one.pooled_BLD is not None])
        return {what: part.cpu()[back] for what, part in parts.items()}


def _asked(
    files: AnswerFiles, asking: _Asking, teacher: Loaded, writer: RunWriter, beginning: Beginning
) -> Answers | None:
    """Asks for all that is missing, each process for its share; the answers, or None where there is no place for them.

    Raises:
        CildaError, OSError: the disk refused.
    """
    missing = world().told(lambda: _to_ask(files, asking, teacher, writer, beginning))
    if missing is None:
        return None
    trouble = ""
    try:
        _ask(files, asking, world().share(missing), beginning)
    except (CildaError, OSError) as error:
        if world().alone or isinstance(error, RunGone):
            raise
        trouble = str(error)
    _refuse_if_any(trouble)
    answers = files.opened()
    _refuse_if_any("" if answers else f"{files.folder} is not there")
    return answers


def _refuse_if_any(trouble: str) -> None:
    """Raises in all processes what any of them met.

    Raises:
        CildaError: one met something.
    """
    for rank, met in enumerate(world().gathered(trouble)):
        if met:
            raise CildaError(
                met if world().alone else f"process {rank}: {met}", "name a place that all processes share"
            )


def _to_ask(
    files: AnswerFiles, asking: _Asking, teacher: Loaded, writer: RunWriter, beginning: Beginning
) -> list[tuple[int, list[What]]] | None:
    """What is missing, told in the events; None where there is no room for it."""
    missing, shape = files.missing(), files.shape
    if not missing:
        what = f"the teacher has answered to {shape.rows:,} rows before, taken from {files.folder}"
        writer.event("alert", level="info", what=what)
        return []
    rows = sum(shape.spans[number][1] - shape.spans[number][0] for number, _ in missing)
    needed, free = shape.bytes * rows // shape.rows, free_bytes(files.folder)
    if free is not None and needed > _USABLE * free:
        _do_without(writer, f"{size_words(needed)} are needed in {files.folder} and {size_words(free)} are free")
        return None
    beginning.step(f"asking the teacher about {rows:,} rows, once for all runs: {size_words(needed)} in {files.folder}")
    about = {
        "teacher": teacher.source,
        "rows": shape.rows,
        "source": asking.rows.rows.source,
        "layers": max(shape.layers, int(read_json(files.folder / ABOUT).get("layers") or 0)),
    }
    write_json_atomic(files.folder / ABOUT, about)
    return missing


def _ask(files: AnswerFiles, asking: _Asking, missing: Sequence[tuple[int, list[What]]], beginning: Beginning) -> None:
    """Asks for this and puts it down."""
    spans = files.shape.spans
    rows = sum(spans[number][1] - spans[number][0] for number, _ in missing)
    done = 0
    for number, lacking in missing:
        first, behind = spans[number]
        beginning.detail(f"asking the teacher about {rows:,} rows: {done:,} done")
        said = asking.all_of(first, behind, layers="layers" in lacking, beginning=beginning)
        for what in lacking:
            files.write(what, number, said[what], elsewhere=CACHE_OPTION)
        done += behind - first


def _changed(answers: Answers, asking: _Asking, seed: int) -> str | None:
    """Which of a few answers is another one now, in words; None where all are the same."""
    shape = answers.shape
    sample = sorted(random.Random(f"{seed} teacher cache").sample(range(shape.rows), min(_SAMPLE, shape.rows)))
    layers = shape.layers > 0
    now = asking.about(sample, layers=layers)
    kept = answers.of(torch.tensor(sample), asking.device, want_layers=layers)
    pairs = [(kept.logits_BC, now.logits_BC)]
    if kept.pooled_BLD is not None and now.pooled_BLD is not None:
        pairs.append((kept.pooled_BLD, now.pooled_BLD))
    for before, after in pairs:
        far_B = (before - after).abs().flatten(1).amax(1) / (1 + after.abs().max())
        # A number that is none is far from everything.
        worst = int(far_B.nan_to_num(torch.inf).argmax())
        if not far_B[worst] <= _NEAR[asking.bfloat16]:
            return f"row {asking.rows.rows.ids[sample[worst]]} differs by {float(far_B[worst]):.2g}"
    return None


def _folder(config: RunConfig, teacher: Loaded, rows: TokenizedRows, *, bfloat16: bool) -> Path:
    """Where the answers of this teacher to these rows lie."""
    made_of = {
        "version": _VERSION,
        "weights": teacher.weights_hash,
        "config": teacher.model.config.to_json_string(),
        "tokenizer": reading_of(teacher.tokenizer),
        "rows": rows.rows.fingerprint(),
        "ids": hashlib.sha256(json.dumps(rows.rows.ids).encode()).hexdigest(),
        "max_length": config.max_length,
        "bfloat16": bfloat16,
    }
    digest = digest_of(made_of)
    name = teacher.source.rstrip("/").rsplit("/", 1)[-1].replace(" ", "-")
    return folder_of("answers", config.cache_dir) / f"{name}-{digest[:12]}"


@contextmanager
def _alone(folder: Path, beginning: Beginning) -> Iterator[None]:
    """While open, no other run asks the same. Whoever comes later waits, and hears requests meanwhile.

    Raises:
        CildaError: the disk refused.
        RunStopped: as `Beginning.hear`.
    """
    taken: list[Lock] = []
    world().told(lambda: taken.append(_taken(folder, beginning)))
    try:
        yield
    finally:
        for lock in taken:
            lock.release()


def _taken(folder: Path, beginning: Beginning) -> Lock:
    waiting = False
    while True:
        try:
            return Lock.take(folder / LOCK)
        except CildaError as error:
            if error.exit_code != BUSY:
                raise
        if not waiting:
            beginning.step("waiting for another run that asks the teacher the same")
            waiting = True
        beginning.hear()
        time.sleep(_LOOK_SECONDS)


def _do_without(writer: RunWriter, why: str) -> None:
    what = f"the teacher's answers are not kept: {why}"
    writer.event("alert", level="warning", what=what, todo=f"name another place with {CACHE_OPTION}")
