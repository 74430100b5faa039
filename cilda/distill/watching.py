"""What a student's turn tells besides its losses: how often both models agree, and how much of the draw has changed."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cilda.distill.batch import Batch, SoftTokens, View
from cilda.methods.recipe import Sight


@torch.no_grad()
def agreement(views: Mapping[Sight, View], *, multi_label: bool = False) -> dict[str, Tensor]:
    """`agreement.<view>`: the share of texts that teacher and student put into the same class, or give the same labels.

    Views without a teacher and amounts (regression) have none. Scalars on the models' device: nobody waits for them.
    """
    return {
        f"agreement.{sight}": _same(view.student.logits_BC, view.teacher.logits_BC, multi_label=multi_label)
        for sight, view in views.items()
        if view.teacher is not None and view.student.logits_BC.shape[1] > 1
    }


@torch.no_grad()
def changed_fraction(batch: Batch, rewrite: SoftTokens | None) -> dict[str, Tensor]:
    """`changed_fraction`: of the tokens that were drawn, the share that came back as another token.

    Empty where nothing was drawn.
    """
    if rewrite is None or not len(rewrite.drawn_N):
        return {}
    before_N = batch.ids_BT.flatten()[rewrite.drawn_N]
    return {"changed_fraction": (before_N != rewrite.sampled_N).float().mean()}


def _same(first_BC: Tensor, second_BC: Tensor, *, multi_label: bool) -> Tensor:
    if multi_label:
        return ((first_BC > 0) == (second_BC > 0)).all(dim=1).float().mean()
    return (first_BC.argmax(dim=1) == second_BC.argmax(dim=1)).float().mean()
