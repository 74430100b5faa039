"""What every loss is: a number from one view of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, Self

from torch import Tensor, nn

from cilda.distill.batch import View
from cilda.distill.layer_choice import LayerChoice


@dataclass(frozen=True)
class Moment:
    """Where in its training the student stands."""

    epoch: int = 0
    """Passes over the training rows that are done."""
    share: float = 0.0
    """Of the present phase, from 0 at its first turn to below 1 at its last."""


@dataclass(frozen=True)
class LossSettings:
    """What losses are made from: the shape of the task and of the models, and the run's settings for losses."""

    regression: bool
    multi_label: bool = False
    teacher_layers: int = 0
    teacher_width: int = 0
    student_layers: int = 0
    student_width: int = 0
    kl_temperature: float = 1.0
    teacher_entropy: bool = False
    contrast_temperature: float = 2.0
    projection_width: int = 128
    layer_map: str = "all"
    distance: Literal["layerwise", "concatenated"] = "layerwise"
    memory_negatives: int = 100
    memory_temperature: float = 0.07
    memory_momentum: float = 0.5
    annealing_steps: int = 10
    train_labels_N: Tensor | None = None
    """Of all training rows, for a loss that remembers them; None where they have none."""
    train_rows: int = 0
    seed: int = 0

    @property
    def layers(self) -> LayerChoice:
        """A choice of layers of a loss's own."""
        return LayerChoice(self.layer_map, self.student_layers, self.teacher_layers, self.seed)


class Loss(nn.Module, ABC):
    """A float32 scalar, the mean over a view's texts. Its parameters, if any, live on the view's device.

    Where a view has peers, their losses, weighed by their texts, add up to that of all of them.
    `needs_teacher`, `needs_labels`, `needs_layers` (pooled), `needs_tokens` (hidden states of every token) and
    `needs_attention` say what a view must hold.
    """

    needs_teacher = False
    needs_labels = False
    needs_layers = False
    needs_tokens = False
    needs_attention = False

    layers: LayerChoice | None = None
    """What it compares, of a loss that compares layers."""

    @classmethod
    @abstractmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""

    @abstractmethod
    def forward(self, view: View) -> Tensor:
        """The loss of a view."""

    def enter(self, moment: Moment) -> None:
        """Told before each of the student's turns; what follows from it must follow from nothing else."""
        if self.layers is not None:
            self.layers.enter(moment.epoch)

    def remember(self, view: View) -> None:
        """Told after each of the student's turns what was said of the text as it stands, without a gradient."""
