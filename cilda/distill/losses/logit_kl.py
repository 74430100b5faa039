"""The distance of the student's answer from the teacher's."""

from __future__ import annotations

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from cilda.distill.batch import View
from cilda.distill.losses.loss import Loss, LossSettings


class LogitKL(Loss):
    """τ² · KL(softmax(teacher / τ) ‖ softmax(student / τ)), in nats; for regression the squared error of the logits.

    The factor τ² keeps the gradient's size independent of τ. With `teacher_entropy` the teacher's entropy stays
    in (cross entropy instead of KL): the same gradient for the student, but a generator is then also rewarded for
    making the teacher unsure, as in the published MATE-KD script.
    Where a text may have several labels it is the mean over labels of their binary divergences.
    Source: Hinton et al. 2015, arXiv:1503.02531, section 2.
    """

    needs_teacher = True

    def __init__(
        self,
        *,
        regression: bool,
        multi_label: bool = False,
        temperature: float = 1.0,
        teacher_entropy: bool = False,
    ) -> None:
        super().__init__()
        self.regression = regression
        self.multi_label = multi_label
        self.temperature = temperature
        self.teacher_entropy = teacher_entropy

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(
            regression=settings.regression,
            multi_label=settings.multi_label,
            temperature=settings.kl_temperature,
            teacher_entropy=settings.teacher_entropy,
        )

    def forward(self, view: View) -> Tensor:
        """A scalar from teacher and student logits (B, C)."""
        assert view.teacher is not None
        if self.regression:
            return F.mse_loss(view.student.logits_BC, view.teacher.logits_BC)
        if self.multi_label:
            return self._of_labels(view.teacher.logits_BC / self.temperature, view.student.logits_BC / self.temperature)
        teacher_BC = F.log_softmax(view.teacher.logits_BC / self.temperature, dim=-1)
        student_BC = F.log_softmax(view.student.logits_BC / self.temperature, dim=-1)
        gap_BC = -student_BC if self.teacher_entropy else teacher_BC - student_BC
        return self.temperature**2 * (teacher_BC.exp() * gap_BC).sum(dim=-1).mean()

    def _of_labels(self, teacher_BC: Tensor, student_BC: Tensor) -> Tensor:
        """The mean over labels, each of which is there or not: a divergence of two chances by itself."""
        total_BC = torch.zeros_like(teacher_BC)
        for sign in (1, -1):
            theirs_BC, mine_BC = F.logsigmoid(sign * teacher_BC), F.logsigmoid(sign * student_BC)
            total_BC = total_BC + theirs_BC.exp() * (-mine_BC if self.teacher_entropy else theirs_BC - mine_BC)
        return self.temperature**2 * total_BC.mean()
