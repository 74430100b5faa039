"""The contrastive loss between the teacher's and the student's hidden layers."""

from __future__ import annotations

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from cilda.distill.batch import View
from cilda.distill.layer_choice import LayerChoice
from cilda.distill.linear import linear_map
from cilda.distill.losses.loss import Loss, LossSettings


class LayerContrast(Loss):
    """InfoNCE over intermediate layers: does the student's view of a text stand nearest to the teacher's?

    The pooled layers of a model that the layer map names, by default all, are concatenated and mapped linearly to P
    dimensions, uᵢ from the teacher and vᵢ from the student:  −1/B Σᵢ ln( exp(cos(uᵢ, vᵢ)/τ) / Σⱼ exp(cos(uᵢ, vⱼ)/τ) ),
    in nats; the other texts of the batch are the negatives, the teacher is the anchor. Equal similarities give ln B.
    Where processes share a batch, the texts of all are negatives. Always computed in float32.
    Source: TKC002/CILDA-plus-minILD for the form; Sun et al. 2020, arXiv:2009.14167, for layers side by side.
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
        width: int = 128,
        temperature: float = 2.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.layers = layers
        random = torch.Generator().manual_seed(seed)
        self.teacher_map = linear_map(len(layers.teacher_places) * teacher_width, width, random)
        self.student_map = linear_map(len(layers.student_places) * student_width, width, random)

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(
            layers=settings.layers,
            teacher_width=settings.teacher_width,
            student_width=settings.student_width,
            width=settings.projection_width,
            temperature=settings.contrast_temperature,
            seed=settings.seed,
        )

    def forward(self, view: View) -> Tensor:
        """A scalar from pooled layers (B, L, D) of both models; L and D may differ between them."""
        similarity_BM = self._similarity(view)
        return F.cross_entropy(similarity_BM, _same(view, similarity_BM))

    @torch.no_grad()
    def by_text(self, view: View) -> Tensor:
        """Each text's share of the loss, (B,): the loss is their mean."""
        similarity_BM = self._similarity(view)
        return F.cross_entropy(similarity_BM, _same(view, similarity_BM), reduction="none")

    def _similarity(self, view: View) -> Tensor:
        """cos(uᵢ, vⱼ)/τ of each text for the teacher with each for the student, (B, M): M counts those of all peers."""
        assert view.teacher is not None and view.teacher.pooled_BLD is not None and view.student.pooled_BLD is not None
        with torch.autocast(view.student.logits_BC.device.type, enabled=False):
            u_BP = F.normalize(self.teacher_map(self.layers.of_teacher(view.teacher.pooled_BLD)), dim=-1)
            v_BP = F.normalize(self.student_map(self.layers.of_student(view.student.pooled_BLD)), dim=-1)
            return u_BP @ view.peers.together(v_BP).T / self.temperature


def _same(view: View, similarity_BM: Tensor) -> Tensor:
    """Where each text stands among all."""
    return torch.arange(len(similarity_BM), device=similarity_BM.device) + view.peers.first
