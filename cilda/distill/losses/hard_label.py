"""The student's loss against gold labels."""

from __future__ import annotations

from typing import Self

import torch.nn.functional as F
from torch import Tensor

from cilda.distill.batch import View
from cilda.distill.losses.loss import Loss, LossSettings
from cilda.tasks.rows import NO_CLASS


class HardLabel(Loss):
    """Cross entropy with the gold classes, in nats; for regression the squared error of the amount.

    A text without a label adds 0: the mean is over all texts of the view.
    """

    needs_labels = True

    def __init__(self, *, regression: bool) -> None:
        super().__init__()
        self.regression = regression

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(regression=settings.regression)

    def forward(self, view: View) -> Tensor:
        """A scalar from student logits (B, C) and labels (B)."""
        assert view.labels_B is not None
        if self.regression:
            known_B = ~view.labels_B.isnan()
            gap_B = (view.student.logits_BC.squeeze(1) - view.labels_B.where(known_B, 0.0)) * known_B
            return gap_B.square().mean()
        texts = len(view.labels_B)
        return F.cross_entropy(view.student.logits_BC, view.labels_B, ignore_index=NO_CLASS, reduction="sum") / texts
