"""Who takes part in a run: teacher, student, generator, and the losses between them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from cilda.distill.answers import Answers
from cilda.distill.encoder import Encoder
from cilda.distill.generator import Generator
from cilda.distill.objective import Objective
from cilda.methods.recipe import Method

Projection = Literal["critic", "ascend", "frozen"]


@dataclass(frozen=True)
class Players:
    """The models of a run on one device, all at rest: in eval mode, no weight asks for a gradient.

    A turn wakes who learns in it, by `learning`; the teacher never does.
    """

    student: Encoder
    losses: nn.ModuleDict
    teacher: Encoder | None = None
    generator: Generator | None = None
    answers: Answers | None = None
    """What the teacher said of the training rows as they stand, where that is kept."""
    asks_teacher: bool = True
    """Whether the teacher, if there is one, is asked in turns all the same."""

    def __post_init__(self) -> None:
        # The first turns are the generator's: a student that still asked for gradients would gather theirs, and its
        # own first step would follow them.
        for player in (self.teacher, self.student, self.generator, self.losses):
            if player is not None:
                player.eval().requires_grad_(False)


@contextmanager
def learning(module: nn.Module, *, dropout: bool = True) -> Iterator[None]:
    """While open, the module's weights ask for gradients, with or without dropout; afterwards it is at rest.

    At rest means eval mode and no weight gradients: so models are held between turns, and a turn names who learns.
    """
    module.train(dropout).requires_grad_(True)
    try:
        yield
    finally:
        module.eval().requires_grad_(False)


def owner_of_projections(recipe: Method, mode: Projection) -> Literal["student", "generator", "critic"] | None:
    """Whose turn moves the projections of layer_contrast; None where they are fixed or absent.

    "critic": a critic of its own lowers layer_contrast in student turns on detached features, so that the generator is
    judged by a meaningful measure; where the student descends layer_contrast itself, they learn with the student.
    "ascend": the generator moves them, as in TKC002/CILDA-plus-minILD. "frozen": random and fixed.
    """
    student_has = any(term.loss == "layer_contrast" for term in recipe.student)
    generator_has = any(term.loss == "layer_contrast" for term in recipe.generator)
    if mode == "frozen" or not (student_has or generator_has):
        return None
    if mode == "ascend":
        return "generator" if generator_has else None
    return "student" if student_has else "critic"


def learners(
    recipe: Method, losses: nn.ModuleDict, mode: Projection
) -> dict[Literal["student", "generator", "critic"], list[nn.Module]]:
    """The losses whose own weights move, by whose turn moves them; whoever moves none is left out.

    Those of layer_contrast follow `owner_of_projections`; all others learn with the student that descends them, unless
    everything is "frozen".
    """
    found: dict[Literal["student", "generator", "critic"], list[nn.Module]] = {}
    names = {term.loss for term in recipe.student}
    for name, loss in losses.items():
        owner = owner_of_projections(recipe, mode) if name == "layer_contrast" else "student"
        moved = name == "layer_contrast" or (name in names and mode != "frozen")
        if owner is not None and moved and any(True for _ in loss.parameters()):
            found.setdefault(owner, []).append(loss)
    return found


def critic_of(recipe: Method, losses: nn.ModuleDict) -> Objective:
    """What the critic lowers: the generator's own contrastive terms."""
    terms = tuple(term for term in recipe.generator if term.loss == "layer_contrast")
    return Objective(terms, dict(losses.items()))  # type: ignore[arg-type]


def stream(seed: int, name: str, device: torch.device) -> torch.Generator:
    """A stream of random numbers of its own for one purpose, so that no purpose disturbs another."""
    # Mixed well: torch's generator on the CPU looks at the low 32 bits of a seed only.
    mixed = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(mixed[:8], "little"))
