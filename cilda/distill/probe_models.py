"""Which models a probe asks: a folder's own and the other one, as records, runs and options name them, loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from cilda.config import RunConfig
from cilda.distill.data import TokenizedRows, tokenize
from cilda.distill.encoder import Encoder
from cilda.distill.hardware import choose_device
from cilda.distill.loading import label_names
from cilda.distill.model_record import recorded_max_length, recorded_task, recorded_teacher
from cilda.distill.models import (
    Loaded,
    check_max_length,
    check_vocabulary,
    fit_labels,
    load_classifier,
    load_masked_lm,
    longest_text,
)
from cilda.distill.probe_similarity import LayerMap
from cilda.distill.run_generator import Rewriter, as_left, beginning, rewriter
from cilda.errors import CildaError, UsageError
from cilda.runs.atomic import read_json
from cilda.runs.field import count
from cilda.runs.layout import RunFolder
from cilda.runs.store import read_events
from cilda.tasks.rows import Rows
from cilda.tasks.task import Task

Role = Literal["teacher", "student"]
ROLES: tuple[Role, Role] = ("teacher", "student")


_LETTERS_A_TOKEN = 64


@dataclass(frozen=True)
class Asked:
    """What is to be looked at."""

    target: str
    """A model's folder or name: a run's, where a run was named."""
    folder: Path | None = None
    """The target's folder, where it is one on this disk."""
    run: RunFolder | None = None
    """The run that made the target, as far as known."""
    by_run: bool = False
    """Whether the run was named and not the folder: then --student stands for the run's own."""
    teacher: str | None = None
    student: str | None = None
    generator: str | None = None
    max_length: int | None = None
    allow_pickle: bool = False
    device: str = "auto"


@dataclass(frozen=True)
class Reader:
    """A classifier at rest on its device, with its tokenizer."""

    loaded: Loaded
    encoder: Encoder

    @property
    def name(self) -> str:
        """Hub id or folder."""
        return self.loaded.source


@dataclass(frozen=True)
class ProbeModels:
    """The models of a probe, with what all of them agree on."""

    readers: Mapping[Role, Reader]
    """One or both; the target's first."""
    rewriter: Rewriter | None
    sharing: frozenset[Role]
    """Who reads the generator's tokens as they are; the others read its texts."""
    labels: tuple[str, ...]
    """Class names in the order of every model's answers; empty for amounts."""
    texts: int | None
    """How many texts make a row of the task, 1 or 2; None where nobody says."""
    max_length: int
    mask_fraction: float
    layer_map: LayerMap
    device: torch.device

    @property
    def regression(self) -> bool:
        """Whether answers are amounts."""
        return not self.labels


def read_as(tokenizer: PreTrainedTokenizerFast, rows: Rows, models: ProbeModels) -> TokenizedRows:
    """Rows as tokens of one of the models, cut at the longest that all of them take.

    Of a single very long text only as much is looked at as that takes.
    """
    room = _LETTERS_A_TOKEN * models.max_length
    if len(rows) == len(rows.texts) == 1 and len(rows.texts[0][0]) > room:
        # Whole words: every tokenizer parts a text at blanks, and what follows one changes nothing before.
        head = rows.texts[0][0][:room].rpartition(" ")[0].rstrip()
        first = Rows(([head],), None, rows.ids, rows.source)
        tokens = tokenize(first, tokenizer, models.max_length, regression=models.regression)
        if tokens.cut:
            return tokens
    return tokenize(rows, tokenizer, models.max_length, regression=models.regression)


def summoned(asked: Asked, tell: Callable[[str], None]) -> ProbeModels:
    """Loads what was asked for, and what records and runs name beside it.

    What nobody asked for and cannot be had is left out; `tell` hears why.

    Raises:
        CildaError: a model that was asked for cannot be loaded, has no head, or does not fit the others.
    """
    device = choose_device(asked.device)
    own, names = _roles(asked, tell)
    wanted = {own, *(role for role in ROLES if getattr(asked, role) is not None)}
    task = _task_of(asked.folder, tell)
    labels = None if task is None else task.labels
    readers: dict[Role, Reader] = {}
    for role in sorted(names, key=lambda role: role != own):
        try:
            loaded, labels = _classifier(role, names[role], labels, asked, tell)
        except CildaError as error:
            if role in wanted:
                raise
            tell(f"shown without its {role}: {error.what}")
            continue
        readers[role] = Reader(loaded, Encoder(loaded.model).eval().requires_grad_(False).to(device))
        tell(f"{role}: {loaded.source}, {readers[role].encoder.depth} layers of width {readers[role].encoder.width}")
    assert labels is not None
    config = _config_of(asked.run)
    made = _rewriter(asked, config, readers, tell)
    if made is not None:
        made.generator.to(device)
        tell(f"generator: {made.name}; weights: {made.weights}")
    both_own = len(readers) == 2 and asked.teacher is None and asked.student is None
    return ProbeModels(
        readers=readers,
        rewriter=made,
        sharing=frozenset() if made is None else _reading_its_tokens(made, readers),
        labels=labels,
        texts=None if task is None else len(task.texts),
        max_length=_length(asked, config, readers, made),
        mask_fraction=(config or RunConfig()).mask_fraction,
        layer_map=_layer_map(asked.run) if both_own else (),
        device=device,
    )


def _roles(asked: Asked, tell: Callable[[str], None]) -> tuple[Role, dict[Role, str]]:
    """The role of the target, and each role's model by name."""
    recorded = None if asked.folder is None else recorded_teacher(asked.folder)
    if asked.by_run and (recorded is not None or asked.teacher is not None):
        names: dict[Role, str] = {"student": asked.student or asked.target}
    elif asked.student is not None:
        if asked.teacher is not None:
            raise UsageError(
                f"{asked.target} is one of the two, and both others are named: --teacher and --student",
                "leave one out: with --teacher the folder is the student, with --student the teacher",
            )
        return "teacher", {"teacher": asked.target, "student": asked.student}
    elif recorded is None and asked.teacher is None:
        return "teacher", {"teacher": asked.target}
    else:
        names = {"student": asked.target}
    teacher = asked.teacher or recorded
    assert teacher is not None
    if asked.teacher is None and Path(teacher).is_absolute() and not Path(teacher).is_dir():
        tell(f"its teacher is no longer at {teacher}: shown without it")
        return "student", names
    return "student", {**names, "teacher": teacher}


def _task_of(folder: Path | None, tell: Callable[[str], None]) -> Task | None:
    try:
        return None if folder is None else recorded_task(folder)
    except CildaError as error:
        tell(f"{error.what}: the labels are as the model names them")
        return None


def _classifier(
    role: Role, name: str, labels: tuple[str, ...] | None, asked: Asked, tell: Callable[[str], None]
) -> tuple[Loaded, tuple[str, ...]]:
    """A classifier with its answers in the order of the labels; without any known, they are its own."""
    loaded = load_classifier(name, labels or (), allow_pickle=asked.allow_pickle, seed=0)
    if not loaded.has_head:
        raise CildaError(
            f"{loaded.source} has no trained head: it says nothing of a text",
            f"fine-tune it first: cilda finetune --teacher {name}",
        )
    own = label_names(loaded.model.config)
    if labels is None:
        labels = own if len(own) > 1 else ()
    said = fit_labels(loaded.model, labels, reorder=True, name=f"the {role} {loaded.source}")
    if said and own != labels:
        tell(said)
    return loaded, labels


def _config_of(run: RunFolder | None) -> RunConfig | None:
    """The settings of the run; None where there is no run, or another version wrote them."""
    config = None if run is None else read_json(run.run_json).get("config")
    try:
        return RunConfig.checked(config) if isinstance(config, dict) else None
    except CildaError:
        return None


def _rewriter(
    asked: Asked, config: RunConfig | None, readers: Mapping[Role, Reader], tell: Callable[[str], None]
) -> Rewriter | None:
    """The generator that is asked for, or else the run's own."""
    if asked.generator is not None:
        loaded = load_masked_lm(asked.generator, allow_pickle=asked.allow_pickle)
        return rewriter(loaded, _sharing(loaded, readers))
    run = asked.run
    if run is None or config is None or read_json(run.run_json).get("job", "distill") != "distill":
        return None
    teacher = readers.get("teacher")
    try:
        loaded = beginning(run, config, None if teacher is None else teacher.loaded)
        made = rewriter(loaded, _sharing(loaded, readers), special_tokens=config.generate_special_tokens)
    except CildaError as error:
        tell(f"no rewrites: {error.what}")
        return None
    return as_left(made, run)


def _sharing(generator: Loaded, readers: Mapping[Role, Reader]) -> list[PreTrainedModel]:
    """The models that read the generator's tokens.

    Raises:
        CildaError: none does.
    """
    found, refusals = [], []
    for role, reader in readers.items():
        words = {f"the {role} {reader.name}": reader.loaded.tokenizer}
        try:
            check_vocabulary({**words, f"the generator {generator.source}": generator.tokenizer})
            found.append(reader.loaded.model)
        except CildaError as error:
            refusals.append(error.what)
    if not found:
        raise CildaError(refusals[0], "name a masked language model of the same vocabulary with --generator")
    return found


def _reading_its_tokens(made: Rewriter, readers: Mapping[Role, Reader]) -> frozenset[Role]:
    vocabulary = made.tokenizer.get_vocab()
    return frozenset(role for role, reader in readers.items() if reader.loaded.tokenizer.get_vocab() == vocabulary)


def _length(asked: Asked, config: RunConfig | None, readers: Mapping[Role, Reader], made: Rewriter | None) -> int:
    """The longest text in tokens: as asked for, as recorded, or usual, and no more than every model has positions for.

    Raises:
        CildaError: more is asked for than a model takes.
    """
    models = {f"the {role} {reader.name}": reader.loaded.model for role, reader in readers.items()}
    if made is not None:
        models[f"the generator {made.name}"] = made.generator.model
    if asked.max_length is not None:
        for name, model in models.items():
            check_max_length(model, asked.max_length, name=name)
        return asked.max_length
    recorded = None if asked.folder is None else recorded_max_length(asked.folder)
    usual = (config or RunConfig()).max_length
    limits = [limit for model in models.values() if (limit := longest_text(model)) is not None]
    return min(recorded or usual, *limits)


def _layer_map(run: RunFolder | None) -> LayerMap:
    """Which teacher layer each student layer was made from, as the run says; empty where none was, or nobody says."""
    event = None if run is None else next(iter(read_events(run.events, {"layer_map"})), None)
    pairs = event.get("layers") if event is not None else None
    found = []
    for pair in pairs if isinstance(pairs, list) else []:
        numbers = [count(one) for one in pair] if isinstance(pair, list) else []
        if len(numbers) == 2 and numbers[0] and numbers[1]:
            found.append((numbers[0], numbers[1]))
    return tuple(found)
