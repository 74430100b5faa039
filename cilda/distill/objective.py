"""A player's objective: the weighted sum of its terms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cilda.distill.batch import View
from cilda.distill.losses import LOSSES
from cilda.distill.losses.loss import Loss, LossSettings
from cilda.methods.recipe import Method, Sight, Term


@dataclass(frozen=True)
class Score:
    """What an objective gave for one turn: scalars on the device, with their graph."""

    total: Tensor
    values: dict[str, Tensor]
    """Each term's own value by its key, without its weight."""
    weighted: dict[str, Tensor]
    """Each term's share of the total."""


class Objective:
    """Terms of one player, evaluated on views. It owns nothing: the losses are shared between players."""

    def __init__(self, terms: tuple[Term, ...], losses: Mapping[str, Loss]) -> None:
        self.terms = terms
        self._losses = {term.loss: losses[term.loss] for term in terms}

    @property
    def sights(self) -> tuple[Sight, ...]:
        """The views its terms look at, "real" before "soft"."""
        seen = {term.on for term in self.terms}
        return tuple(sight for sight in ("real", "soft") if sight in seen)

    def needs_teacher(self, sight: Sight) -> bool:
        """Whether a term on this view needs the teacher's word."""
        return any(self._losses[term.loss].needs_teacher for term in self.terms if term.on == sight)

    def needs_layers(self, sight: Sight) -> bool:
        """Whether a term on this view needs pooled layers."""
        return any(self._losses[term.loss].needs_layers for term in self.terms if term.on == sight)

    def needs_tokens(self, sight: Sight) -> bool:
        """Whether a term on this view needs the hidden states of every token."""
        return any(self._losses[term.loss].needs_tokens for term in self.terms if term.on == sight)

    def needs_attention(self, sight: Sight) -> bool:
        """Whether a term on this view needs attention maps."""
        return any(self._losses[term.loss].needs_attention for term in self.terms if term.on == sight)

    def __call__(self, views: Mapping[Sight, View]) -> Score:
        """The weighted sum over all terms, a float32 scalar, and its parts."""
        values = {term.key: self._losses[term.loss](views[term.on]) for term in self.terms}
        weighted = {term.key: _weight(term, views[term.on]) * values[term.key] for term in self.terms}
        return Score(torch.stack(list(weighted.values())).sum(), values, weighted)


def _weight(term: Term, view: View) -> float:
    """The term's weight; where it asks for that, divided by ln B. A batch of one text has nothing to contrast: 0."""
    if not term.per_log_batch:
        return term.weight
    texts = view.peers.texts(len(view.student.logits_BC))
    return term.weight / math.log(texts) if texts > 1 else 0.0


def make_losses(recipe: Method, settings: LossSettings) -> nn.ModuleDict:
    """One loss of each kind that the recipe's terms name, shared by both players."""
    names = dict.fromkeys(term.loss for term in (*recipe.generator, *recipe.student))
    return nn.ModuleDict({name: LOSSES[name].made(settings) for name in names})
