"""The squared distance of the student's logits from the teacher's, which begin small and grow."""

from __future__ import annotations

import math
from typing import Self

import torch.nn.functional as F
from torch import Tensor

from cilda.distill.batch import View
from cilda.distill.losses.loss import Loss, LossSettings, Moment


class AnnealedMSE(Loss):
    """Mean over texts and classes of (t/t_max · teacher − student)²; t rises from 1 to t_max in equal parts of a phase.

    Source: Jafari et al. 2021, arXiv:2104.07163, equations 6 and 7, where t_max is called the maximum temperature.
    """

    needs_teacher = True

    def __init__(self, *, steps: int = 10) -> None:
        super().__init__()
        self.steps = steps
        self.step = 1

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(steps=settings.annealing_steps)

    def enter(self, moment: Moment) -> None:
        """Takes the step t of this part of the phase."""
        self.step = min(self.steps, 1 + math.floor(moment.share * self.steps))

    def forward(self, view: View) -> Tensor:
        """A scalar from teacher and student logits (B, C)."""
        assert view.teacher is not None
        return F.mse_loss(view.student.logits_BC, view.teacher.logits_BC * (self.step / self.steps))
