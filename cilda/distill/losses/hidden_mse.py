"""The distance between the hidden states of every token in the student and the teacher."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from cilda.distill.batch import View
from cilda.distill.layer_choice import LayerChoice, at
from cilda.distill.linear import linear_map
from cilda.distill.losses.loss import Loss, LossSettings


class HiddenMSE(Loss):
    """Mean squared distance of hidden states, over real tokens, dimensions and pairs of layers.

    The input of the first layer, which is the embeddings' output, is a pair as well. Where the models differ in width,
    one linear map without bias brings the student's states to the teacher's width, the same at every layer. A mean over
    tokens and not over texts: long texts weigh more. Always computed in float32.
    Source: Jiao et al. 2020, arXiv:1909.10351, equations 8 and 9.
    """

    needs_teacher = True
    needs_tokens = True

    layers: LayerChoice

    def __init__(self, *, layers: LayerChoice, teacher_width: int, student_width: int, seed: int = 0) -> None:
        super().__init__()
        self.layers = layers
        self.student_map: nn.Module = nn.Identity()
        if teacher_width != student_width:
            random = torch.Generator().manual_seed(seed)
            self.student_map = linear_map(student_width, teacher_width, random, bias=False)

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(
            layers=settings.layers,
            teacher_width=settings.teacher_width,
            student_width=settings.student_width,
            seed=settings.seed,
        )

    def forward(self, view: View) -> Tensor:
        """A scalar from hidden states (B, 1 + L, T, D) of both models and the attention mask (B, T)."""
        assert view.teacher is not None and view.attention_BT is not None
        teacher, student = view.teacher.hidden_BLTD, view.student.hidden_BLTD
        assert teacher is not None and student is not None
        pairs = ((0, 0), *self.layers.pairs)
        students, teachers = ([pair[side] for pair in pairs] for side in (0, 1))
        with torch.autocast(student.device.type, enabled=False):
            gap_BLTD = self.student_map(at(student, students)) - at(teacher, teachers)
            real_B1T = view.attention_BT.unsqueeze(1).float()
            by_token = gap_BLTD.square().mean(dim=-1) * real_B1T
            return view.peers.mean(by_token.sum(), real_B1T.sum() * len(pairs))
