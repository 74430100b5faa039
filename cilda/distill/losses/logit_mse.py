"""The squared distance of the student's logits from the teacher's."""

from __future__ import annotations

from typing import Self

import torch.nn.functional as F
from torch import Tensor

from cilda.distill.batch import View
from cilda.distill.losses.loss import Loss, LossSettings


class LogitMSE(Loss):
    """Mean over texts and classes of (teacher − student)², of logits as they come."""

    needs_teacher = True

    @classmethod
    def made(cls, settings: LossSettings) -> Self:  # noqa: ARG003  it has no settings
        """The loss."""
        return cls()

    def forward(self, view: View) -> Tensor:
        """A scalar from teacher and student logits (B, C)."""
        assert view.teacher is not None
        return F.mse_loss(view.student.logits_BC, view.teacher.logits_BC)
