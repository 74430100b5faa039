"""The distance between pooled layers of the student and the teacher."""

from __future__ import annotations

from typing import Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cilda.distill.batch import View
from cilda.distill.layer_choice import LayerChoice, at
from cilda.distill.linear import linear_map
from cilda.distill.losses.loss import Loss, LossSettings


class LayerDistance(Loss):
    """Mean over texts of ‖u/‖u‖ − v/‖v‖‖², from 0 to 4, between the teacher's u and the student's v.

    "layerwise": u and v are one pair of pooled layers after the other, and the loss is the mean over pairs; where the
    models differ in width, one linear map brings the student's layers to the teacher's width. Source: Sun et al. 2019,
    arXiv:1908.09355. "concatenated": the chosen layers of each model stand side by side and go through a linear map
    each, to P dimensions. Source: Haidar et al. 2022, arXiv:2109.10164. Always computed in float32.
    """

    needs_teacher = True
    needs_layers = True

    layers: LayerChoice

    def __init__(
        self,
        *,
        layers: LayerChoice,
        teacher_width: int,
        student_width: int,
        form: Literal["layerwise", "concatenated"] = "layerwise",
        width: int = 128,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.layers = layers
        self.form = form
        random = torch.Generator().manual_seed(seed)
        self.teacher_map: nn.Module = nn.Identity()
        self.student_map: nn.Module = nn.Identity()
        if form == "concatenated":
            self.teacher_map = linear_map(len(layers.teacher_places) * teacher_width, width, random)
            self.student_map = linear_map(len(layers.student_places) * student_width, width, random)
        elif teacher_width != student_width:
            self.student_map = linear_map(student_width, teacher_width, random)

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(
            layers=settings.layers,
            teacher_width=settings.teacher_width,
            student_width=settings.student_width,
            form=settings.distance,
            width=settings.projection_width,
            seed=settings.seed,
        )

    def forward(self, view: View) -> Tensor:
        """A scalar from pooled layers (B, L, D) of both models."""
        assert view.teacher is not None and view.teacher.pooled_BLD is not None and view.student.pooled_BLD is not None
        teacher_BLD, student_BLD = view.teacher.pooled_BLD, view.student.pooled_BLD
        with torch.autocast(student_BLD.device.type, enabled=False):
            if self.form == "concatenated":
                u = self.teacher_map(self.layers.of_teacher(teacher_BLD))
                v = self.student_map(self.layers.of_student(student_BLD))
            else:
                students, teachers = ([pair[side] - 1 for pair in self.layers.pairs] for side in (0, 1))
                u = at(teacher_BLD, teachers)
                v = self.student_map(at(student_BLD, students))
            gap = F.normalize(u, dim=-1) - F.normalize(v, dim=-1)
            return gap.square().sum(dim=-1).mean()
