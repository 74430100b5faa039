"""The distance between the attention of the student and the teacher."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from cilda.distill.batch import View
from cilda.distill.layer_choice import LayerChoice, at
from cilda.distill.losses.loss import Loss, LossSettings
from cilda.errors import CildaError

# The gradient of a logarithm down to here stays far from float32's end, whatever it is multiplied with.
_LEAST = 1e-30


class AttentionMSE(Loss):
    """Mean squared distance of attention scores, over pairs of layers, heads, and pairs of real tokens.

    A score is what stands under the softmax, less its mean over the row: a softmax does not see a row's mean. So it is
    found again as the logarithm of the attention that the model gives, over the tokens that both models look at. Where
    the models differ in their number of heads, attention is averaged over heads first. Always computed in float32.
    Source: Jiao et al. 2020, arXiv:1909.10351, equation 7, who take the scores as they are.
    """

    needs_teacher = True
    needs_attention = True

    layers: LayerChoice

    def __init__(self, *, layers: LayerChoice) -> None:
        super().__init__()
        self.layers = layers

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(layers=settings.layers)

    def forward(self, view: View) -> Tensor:
        """A scalar from attention (B, L, H, T, T) of both models, H may differ, and the attention mask (B, T).

        Raises:
            CildaError: there are no attention maps, and the loss would be a silent zero.
        """
        assert view.teacher is not None and view.attention_BT is not None
        teacher, student = view.teacher.attention_BLHTT, view.student.attention_BLHTT
        if teacher is None or student is None or not teacher.numel() or not student.numel():
            raise CildaError("attention_mse got no attention maps", "load the models with eager attention")
        students, teachers = ([pair[side] - 1 for pair in self.layers.pairs] for side in (0, 1))
        with torch.autocast(student.device.type, enabled=False):
            mine, theirs = at(student, students), at(teacher, teachers)
            if mine.shape[2] != theirs.shape[2]:
                mine, theirs = mine.mean(dim=2, keepdim=True), theirs.mean(dim=2, keepdim=True)
            real_BT = view.attention_BT.bool()
            real = real_BT[:, None, None, :, None] & real_BT[:, None, None, None, :]
            # Dropout and local attention leave zeros, which say nothing.
            seen = real & (mine > _LEAST) & (theirs > _LEAST)
            gap = _scores(mine, seen) - _scores(theirs, seen)
            return view.peers.mean(gap.square().sum(), seen.sum())


def _scores(attention: Tensor, seen: Tensor) -> Tensor:
    """Logarithms of attention less their mean over the tokens that are seen in a row; 0 elsewhere."""
    scores = attention.where(seen, 1.0).log()
    mean = scores.sum(dim=-1, keepdim=True) / seen.sum(dim=-1, keepdim=True).clamp(min=1)
    return (scores - mean).where(seen, 0.0)
