"""A run's generator, as its newest checkpoint has it, or else as the run began with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from cilda.config import RunConfig
from cilda.distill.checkpoint import load_entry
from cilda.distill.encoder import embedding_table
from cilda.distill.generator import Generator
from cilda.distill.loading import Loaded, load_masked_lm
from cilda.distill.models import default_generator
from cilda.distill.teacher import origins_of
from cilda.errors import CildaError
from cilda.runs.layout import RunFolder


@dataclass(frozen=True)
class Rewriter:
    """A generator on the CPU, at rest, with what it reads and what a person should know of it."""

    generator: Generator
    tokenizer: PreTrainedTokenizerFast
    name: str
    """Hub id or folder of the masked LM."""
    weights: str
    """Whose weights it has: its own, a checkpoint's name, or those that the run began with."""


def rewriter(
    loaded: Loaded, readers: Sequence[PreTrainedModel], *, weights: str = "its own", special_tokens: bool = False
) -> Rewriter:
    """A masked LM as a generator for models that read the same tokens; it writes only what all of them have."""
    tables = [len(embedding_table(model)) for model in (loaded.model, *readers)]
    generator = Generator(
        loaded.model,
        vocabulary=min(max(loaded.tokenizer.get_vocab().values()) + 1, *tables),
        special_ids=[] if special_tokens else list(loaded.tokenizer.all_special_ids),
    )
    generator.eval().requires_grad_(False)
    return Rewriter(generator, loaded.tokenizer, loaded.source, weights)


def beginning(run: RunFolder, config: RunConfig, teacher: Loaded | None) -> Loaded:
    """The masked LM that a run with this config began with; `teacher` is asked for one where the config names none.

    Raises:
        CildaError: the run's method has no generator; or the masked LM cannot be had.
    """
    if not config.recipe.needs_generator:
        raise CildaError(f"run {run.id} has no generator: its method is {config.method}", "name one with --generator")
    if config.generator is not None:
        return load_masked_lm(config.generator, allow_pickle=config.allow_pickle)
    if teacher is None:
        raise CildaError(
            f"run {run.id} chose its generator by its teacher, which is not there", "name one with --generator"
        )
    origins = (*origins_of(teacher), config.teacher)
    return default_generator(teacher, origins=origins, allow_pickle=config.allow_pickle).loaded


def as_left(made: Rewriter, run: RunFolder) -> Rewriter:
    """The generator that a run began with, as the run's newest whole checkpoint has it; the weights change in place."""
    refusals: list[str] = []
    for path in _newest_first(run):
        try:
            weights = load_entry(path, "generator")
        except CildaError as error:
            refusals.append(error.what)
            continue
        # Compared before: loading weights of which some do not fit leaves a mixture of both.
        if _shapes(weights) == _shapes(made.generator.state_dict()):
            made.generator.load_state_dict(weights)
            return replace(made, weights=path.name)
        refusals.append(f"{path.name} does not fit {made.name}")
    why = refusals[0] if refusals else "the run keeps no checkpoint"
    return replace(made, weights=f"as the run began with it: {why}")


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in weights.items()}


def _newest_first(run: RunFolder) -> list[Path]:
    paths = [path for path in run.checkpoints.glob("step-student-*") if re.fullmatch(r"step-student-\d{8,}", path.name)]
    return sorted(paths, reverse=True)
