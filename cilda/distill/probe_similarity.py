"""How alike the layers of two models see one text: linear CKA over its tokens, beside what chance would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from cilda.distill.batch import Batch, Outputs
from cilda.distill.encoder import Encoder

FEWEST = 3
"""Two vectors always lie on one line: their similarity is 1 whatever they are."""

_WEAK_CHANCE = 0.5

LayerMap = tuple[tuple[int, int], ...]
"""(student layer, teacher layer), counted from 1: what a student was made from."""

Table = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class Similarity:
    """Each student layer (a row) beside each teacher layer (a column), on one text."""

    cka: Table
    """From 0 to 1; None where all vectors of a layer are the same."""
    chance: Table
    """What the same vectors would give if they were dealt out to the tokens at random."""
    over: Literal["tokens", "words"]
    """Whose vectors were compared; words where the two tokenizers differ."""
    count: int
    layer_map: LayerMap = ()

    @property
    def best(self) -> tuple[int | None, ...]:
        """For each student layer the teacher layer most like it, counted from 1."""
        return tuple(_place_of_largest(row) for row in self.cka)

    @property
    def weak(self) -> bool:
        """Whether there are so few tokens that unrelated layers would be alike, too."""
        known = [value for row in self.chance for value in row if value is not None]
        return not known or sum(known) / len(known) > _WEAK_CHANCE


def compared(
    student: Sequence[Tensor], teacher: Sequence[Tensor], over: Literal["tokens", "words"], layer_map: LayerMap = ()
) -> Similarity:
    """The similarity of layers that are given as one matrix (N, D) each, all of the same N tokens or words.

    Raises:
        ValueError: fewer than `FEWEST` of them.
    """
    count = len(student[0])
    if count < FEWEST:
        raise ValueError(f"{count} vectors cannot be compared")
    cka_ST, chance_ST = layer_cka(student, teacher)
    return Similarity(_table(cka_ST), _table(chance_ST), over, count, layer_map)


def layer_cka(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Linear CKA of each student layer with each teacher layer, (S, T), and its mean over all orders of the tokens.

    ⟨K, L⟩ / (‖K‖ ‖L‖), with K = XXᵀ and L = YYᵀ of the vectors (N, D) less their mean, in float64. Rotations and one
    scale for all vectors change nothing, nor does the width. NaN where a layer's vectors are all the same.
    Source: Kornblith et al. 2019, arXiv:1905.00414, section 3.

    Where X has no relation to Y, the value is not 0: with few tokens and wide layers it comes near 1. If the tokens of
    Y were in another order, L would have its rows and columns in that order; rows of K and L sum to 0, so that the mean
    over all orders is tr K · tr L / ((N − 1) ‖K‖ ‖L‖).
    """
    kernels_SNN, kernels_TNN = _kernels(student), _kernels(teacher)
    norms_S, norms_T = kernels_SNN.flatten(1).norm(dim=1), kernels_TNN.flatten(1).norm(dim=1)
    traces_S, traces_T = (kernels.diagonal(dim1=1, dim2=2).sum(dim=1) for kernels in (kernels_SNN, kernels_TNN))
    norms_ST = torch.outer(norms_S, norms_T)
    cka_ST = kernels_SNN.flatten(1) @ kernels_TNN.flatten(1).T / norms_ST
    chance_ST = torch.outer(traces_S, traces_T) / (len(student[0]) - 1) / norms_ST
    return cka_ST, chance_ST


@torch.no_grad()
def token_layers(encoder: Encoder, text: Batch) -> tuple[Outputs, list[Tensor]]:
    """What a model says of one text, and each layer's vectors (N, D) of its own tokens: no special ones, no padding.

    Special tokens are left out because their vectors, many times as long as all others, would be all that is compared.
    """
    assert text.size == 1
    layers: list[Tensor] = []
    keep = partial(_keep, layers, ~text.special_BT[0])
    handles = [layer.register_forward_hook(keep) for layer in encoder.layers]
    try:
        outputs: Outputs = encoder(text)
    finally:
        for handle in handles:
            handle.remove()
    return outputs, layers


def _keep(layers: list[Tensor], kept_T: Tensor, _layer: nn.Module, _inputs: object, output: Any) -> None:
    """A forward hook that keeps a layer's vectors, which some families give as the first of a tuple."""
    hidden_BTD = output[0] if isinstance(output, tuple) else output
    layers.append(hidden_BTD[0][kept_T].double().cpu())


def _kernels(layers: Sequence[Tensor]) -> Tensor:
    """Inner products of a layer's centred vectors, one matrix (N, N) a layer."""
    centred = (vectors_ND.double() - vectors_ND.double().mean(dim=0) for vectors_ND in layers)
    return torch.stack([vectors_ND @ vectors_ND.T for vectors_ND in centred])


def _table(values_ST: Tensor) -> Table:
    return tuple(
        # Rounding can lead beyond 1 by the last digit.
        tuple(None if value != value else min(1.0, max(0.0, value)) for value in row)  # noqa: PLR0124  only NaN differs
        for row in values_ST.tolist()
    )


def _place_of_largest(row: Sequence[float | None]) -> int | None:
    known = [(value, -place) for place, value in enumerate(row, start=1) if value is not None]
    return -max(known)[1] if known else None
