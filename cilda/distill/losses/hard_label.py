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

    Where a text may have several labels it is the mean over labels of their binary cross entropies.
    A text without a label adds 0: the mean is over all texts of the view.
    """

    needs_labels = True

    def __init__(self, *, regression: bool, multi_label: bool = False) -> None:
        super().__init__()
        self.regression = regression
        self.multi_label = multi_label

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(regression=settings.regression, multi_label=settings.multi_label)

    def forward(self, view: View) -> Tensor:
        """A scalar from student logits (B, C) and labels (B)."""
        assert view.labels_B is not None
        if self.regression:
            known_B = ~view.labels_B.isnan()
            gap_B = (view.student.logits_BC.squeeze(1) - view.labels_B.where(known_B, 0.0)) * known_B
            return gap_B.square().mean()
        if self.multi_label:
            known_BC = ~view.labels_B.isnan()
            gold_BC = view.labels_B.where(known_BC, 0.0)
            each_BC = F.binary_cross_entropy_with_logits(view.student.logits_BC, gold_BC, reduction="none")
            return (each_BC * known_BC).mean()
        texts = len(view.labels_B)
        return F.cross_entropy(view.student.logits_BC, view.labels_B, ignore_index=NO_CLASS, reduction="sum") / texts
