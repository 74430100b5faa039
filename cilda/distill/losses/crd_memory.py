"""The contrast of a text's layers with those of remembered texts of other classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from cilda.distill.batch import View
from cilda.distill.layer_choice import LayerChoice
from cilda.distill.linear import linear_map
from cilda.distill.losses.loss import Loss, LossSettings
from cilda.distill.peers import NOBODY, Peers
from cilda.tasks.rows import NO_CLASS


class CrdMemory(Loss):
    """−1/B Σᵢ ln( exp(uᵢ·vᵢ/τ) / (exp(uᵢ·vᵢ/τ) + Σₖ exp(uᵢ·mₖ/τ)) ), in nats, over K remembered texts.

    uᵢ is the teacher's view of text i and vᵢ the student's: pooled layers side by side, after a linear map each, at
    length 1. The memory holds one vector m for each of N training rows: the student's, as it was when the row last came
    by, mixed with the older one (`momentum`). The K rows are drawn anew each time from those of other classes; for a
    regression, for rows of several labels, and where all rows are of one class, from all rows. Always computed in
    float32.
    Source: Sun et al. 2020, arXiv:2009.14167.
    """

    needs_teacher = True
    needs_layers = True

    layers: LayerChoice

    memory_NP: Tensor
    turn: Tensor

    def __init__(
        self,
        *,
        layers: LayerChoice,
        teacher_width: int,
        student_width: int,
        rows: int,
        labels_N: Tensor | None = None,
        width: int = 128,
        negatives: int = 100,
        temperature: float = 0.07,
        momentum: float = 0.5,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.layers = layers
        self.negatives, self.temperature, self.momentum, self.seed = negatives, temperature, momentum, seed
        random = torch.Generator().manual_seed(seed)
        self.teacher_map = linear_map(len(layers.teacher_places) * teacher_width, width, random)
        self.student_map = linear_map(len(layers.student_places) * student_width, width, random)
        self.register_buffer("memory_NP", F.normalize(torch.randn(rows, width, generator=random), dim=-1))
        # How often it has remembered: the negatives of a turn follow from it and the seed.
        self.register_buffer("turn", torch.zeros((), dtype=torch.long))
        # The same number where nobody waits for it.
        self._turn = 0
        # Rows without a label are a class of their own: of other classes than any that has one.
        classes_N = torch.zeros(rows, dtype=torch.long) if labels_N is None else labels_N - NO_CLASS
        # Rows in the order of their classes: those of other classes are what lies before and behind a class's stretch.
        self._order_N = torch.argsort(classes_N, stable=True)
        sizes_C = torch.bincount(classes_N)
        ends_C = sizes_C.cumsum(0)
        alone = int((sizes_C > 0).sum()) < 2
        self._starts_N = torch.zeros_like(classes_N) if alone else (ends_C - sizes_C)[classes_N]
        self._sizes_N = torch.zeros_like(classes_N) if alone else sizes_C[classes_N]

    @classmethod
    def made(cls, settings: LossSettings) -> Self:
        """The loss for these settings."""
        return cls(
            layers=settings.layers,
            teacher_width=settings.teacher_width,
            student_width=settings.student_width,
            rows=settings.train_rows,
            labels_N=None if settings.regression or settings.multi_label else settings.train_labels_N,
            width=settings.projection_width,
            negatives=settings.memory_negatives,
            temperature=settings.memory_temperature,
            momentum=settings.memory_momentum,
            seed=settings.seed,
        )

    def forward(self, view: View) -> Tensor:
        """A scalar from pooled layers (B, L, D) of both models and the rows' places in the training set (B)."""
        assert view.teacher is not None and view.teacher.pooled_BLD is not None and view.rows_B is not None
        negatives_BK = self.drawn(view.rows_B, view.peers).to(self.memory_NP.device)
        with torch.autocast(view.student.logits_BC.device.type, enabled=False):
            u_BP = F.normalize(self.teacher_map(self.layers.of_teacher(view.teacher.pooled_BLD)), dim=-1)
            v_BP = self._of_student(view)
            same_B1 = (u_BP * v_BP).sum(dim=-1, keepdim=True)
            others_BK = torch.einsum("bp,bkp->bk", u_BP, self.memory_NP[negatives_BK])
            logits_BK = torch.cat([same_B1, others_BK], dim=1) / self.temperature
            return F.cross_entropy(logits_BK, logits_BK.new_zeros(len(logits_BK), dtype=torch.long))

    def drawn(self, rows_B: Tensor, peers: Peers = NOBODY) -> Tensor:
        """K rows of other classes for each row, (B, K), on the CPU; with the same memory always the same."""
        random = torch.Generator().manual_seed((self.seed << 31) + self._turn)
        starts_B1, sizes_B1 = self._starts_N[rows_B].unsqueeze(1), self._sizes_N[rows_B].unsqueeze(1)
        texts = len(rows_B)
        drawn_MK = torch.rand(peers.texts(texts), self.negatives, generator=random, dtype=torch.float64)
        share_BK = drawn_MK[peers.first :][:texts]
        places_BK = (share_BK * (len(self._order_N) - sizes_B1)).long()
        return self._order_N[places_BK + torch.where(places_BK >= starts_B1, sizes_B1, 0)]

    @torch.no_grad()
    def remember(self, view: View) -> None:
        """Mixes the student's vectors of these rows into the memory."""
        assert view.rows_B is not None
        rows_B = view.rows_B.to(self.memory_NP.device)
        mixed_BP = self.momentum * self.memory_NP[rows_B] + (1 - self.momentum) * self._of_student(view)
        self.memory_NP[rows_B] = F.normalize(mixed_BP, dim=-1)
        self.turn += 1
        self._turn += 1

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], *arguments: Any) -> None:
        super()._load_from_state_dict(state_dict, *arguments)
        self._turn = int(self.turn)

    def _of_student(self, view: View) -> Tensor:
        assert view.student.pooled_BLD is not None
        return F.normalize(self.student_map(self.layers.of_student(view.student.pooled_BLD)), dim=-1)
