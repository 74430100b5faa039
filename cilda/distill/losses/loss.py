"""What every loss is: a number from one view of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

from torch import Tensor, nn

from cilda.distill.batch import View


@dataclass(frozen=True)
class LossSettings:
    """What losses are made from: the shape of the task and of the models, and the run's settings for losses."""

    regression: bool
    teacher_layers: int = 0
    teacher_width: int = 0
    student_layers: int = 0
    student_width: int = 0
    kl_temperature: float = 1.0
    teacher_entropy: bool = False
    contrast_temperature: float = 2.0
    projection_width: int = 128
    seed: int = 0


class Loss(nn.Module, ABC):
    """A float32 scalar, the mean over a view's texts. Its parameters, if any, live on the view's device.

    `needs_teacher`, `needs_labels` and `needs_layers` say what a view must hold.
    """

    needs_teacher = False
    needs_labels = False
    needs_layers = False

    @classmethod
    @abstractmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""

    @abstractmethod
    def forward(self, view: View) -> Tensor:
        """The loss of a view."""
