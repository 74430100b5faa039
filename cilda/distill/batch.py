"""The nouns that flow through a turn: Batch, Masked, SoftTokens, Outputs, View.

Sizes: B texts, T tokens, N drawn positions, V vocabulary, C classes, L layers, D hidden width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from cilda.distill.peers import NOBODY, Peers


@dataclass(frozen=True)
class Batch:
    """Tokenised texts, padded on the right to the longest of them."""

    ids_BT: Tensor
    attention_BT: Tensor
    """1 at real tokens, 0 at padding."""
    special_BT: Tensor
    """True at special tokens and at padding: positions that are never rewritten."""
    labels_B: Tensor | None
    """Class ids (int64), amounts (float32), or zeros and ones (B, C); None where the rows have no gold."""
    types_BT: Tensor | None = None
    """Segment ids of text pairs, for the families that have them."""
    rows_B: Tensor | None = None
    """Positions of the texts in their split, on the CPU."""
    padded: bool = True
    """False where it is known that all texts are of one length."""

    @property
    def size(self) -> int:
        """Texts in the batch."""
        return self.ids_BT.shape[0]

    def to(self, device: torch.device) -> Self:
        """The same batch on a device; `rows_B` stays on the CPU."""
        return replace(
            self,
            ids_BT=_moved(self.ids_BT, device),
            attention_BT=_moved(self.attention_BT, device),
            special_BT=_moved(self.special_BT, device),
            labels_B=None if self.labels_B is None else _moved(self.labels_B, device),
            types_BT=None if self.types_BT is None else _moved(self.types_BT, device),
        )

    def chosen(self, places_P: Tensor) -> Self:
        """Some of the texts, in this order, as long as the batch; without `rows_B`."""

        def some(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.index_select(0, places_P)

        return replace(
            self,
            ids_BT=self.ids_BT.index_select(0, places_P),
            attention_BT=self.attention_BT.index_select(0, places_P),
            special_BT=self.special_BT.index_select(0, places_P),
            labels_B=some(self.labels_B),
            types_BT=some(self.types_BT),
            rows_B=None,
        )

    def with_ids(self, ids_BT: Tensor) -> Self:
        """The same texts with other tokens at the same places."""
        return replace(self, ids_BT=ids_BT)


@dataclass(frozen=True)
class Masked:
    """A batch in which the drawn tokens are masked."""

    batch: Batch
    """The original."""
    ids_BT: Tensor
    """The original ids with the mask token at drawn positions."""
    drawn_N: Tensor
    """Drawn positions as indices into the flattened B·T tokens, rising."""
    first: int = 0
    """Where processes share a draw: the place of these tokens' first in it,"""
    of: int | None = None
    """and how many there are in all; None where they are all."""

    def to(self, device: torch.device, batch: Batch | None = None) -> Self:
        """The same on a device; `batch`, if it lies there already."""
        return replace(
            self,
            batch=batch or self.batch.to(device),
            ids_BT=self.ids_BT.to(device, non_blocking=True),
            drawn_N=self.drawn_N.to(device, non_blocking=True),
        )

    def own(self, noise: Callable[[int], Tensor]) -> Tensor:
        """The rows of noise for these tokens. Processes that share a draw make the rows of all of it, each the same.

        So together they write what one process alone would, and their streams stay in step.
        """
        rows = len(self.drawn_N)
        return noise(rows) if self.of is None else noise(self.of)[self.first :][:rows].clone()


@dataclass(frozen=True)
class SoftTokens:
    """A rewritten batch: plain sampled ids, and during generator turns the probabilities they were drawn from."""

    batch: Batch
    """The rewrite: sampled ids at drawn positions, the original ids elsewhere."""
    drawn_N: Tensor
    sampled_N: Tensor
    """Sampled ids at the drawn positions."""
    soft_NV: Tensor | None = None
    """Gumbel-softmax probabilities with a gradient to the generator; None when nothing needs it."""
    entropy_N: Tensor | None = None
    """Of the generator at each drawn position, in nats; None where the rewrite has a gradient. So for the next."""
    surprise_N: Tensor | None = None
    """−log of the generator's probability of what was drawn, in nats."""


@dataclass(frozen=True)
class Outputs:
    """What a model says of a batch."""

    logits_BC: Tensor
    """float32, C = 1 for regression."""
    pooled_BLD: Tensor | None = None
    """One vector a layer and text, float32; None where nothing asked for layers."""
    hidden_BLTD: Tensor | None = None
    """Hidden states of every token: the embeddings' output and then each layer's, 1 + L; None where nobody asked."""
    attention_BLHTT: Tensor | None = None
    """Attention of each layer and head, from a row's token to a column's; None where nobody asked."""

    def detach(self) -> Self:
        """The same values without a gradient; of tokens, which are large, nothing is kept."""
        return replace(
            self,
            logits_BC=self.logits_BC.detach(),
            pooled_BLD=None if self.pooled_BLD is None else self.pooled_BLD.detach(),
            hidden_BLTD=None,
            attention_BLHTT=None,
        )

    def split(self, sizes: list[int]) -> list[Outputs]:
        """The outputs of several batches that went through the model as one, in order."""

        def split(tensor: Tensor | None) -> Sequence[Tensor | None]:
            return [None] * len(sizes) if tensor is None else tensor.split(sizes)

        rest = (split(tensor) for tensor in (self.pooled_BLD, self.hidden_BLTD, self.attention_BLHTT))
        return [Outputs(*parts) for parts in zip(self.logits_BC.split(sizes), *rest, strict=True)]


@dataclass(frozen=True)
class View:
    """One look at a batch: what the student and, where a term needs it, the teacher say of the same texts."""

    labels_B: Tensor | None
    student: Outputs
    teacher: Outputs | None = None
    rows_B: Tensor | None = None
    """The texts' places in the training set, on the CPU."""
    attention_BT: Tensor | None = None
    """1 at real tokens, 0 at padding."""
    peers: Peers = NOBODY
    """Who looks at the other texts of the same part of a batch."""

    def detach(self) -> Self:
        """The same values without a gradient."""
        teacher = None if self.teacher is None else self.teacher.detach()
        return replace(self, student=self.student.detach(), teacher=teacher)


def joined(first: Batch, second: Batch) -> Batch:
    """Two batches of the same length as one, so that they go through a model together."""
    return replace(
        first,
        ids_BT=torch.cat([first.ids_BT, second.ids_BT]),
        attention_BT=torch.cat([first.attention_BT, second.attention_BT]),
        special_BT=torch.cat([first.special_BT, second.special_BT]),
        labels_B=None,
        types_BT=None
        if first.types_BT is None or second.types_BT is None
        else torch.cat([first.types_BT, second.types_BT]),
        rows_B=None,
        padded=first.padded or second.padded,
    )


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device. To a GPU it goes through pinned memory: from elsewhere the copy may wait for the GPU."""
    from_host = device.type == "cuda" and tensor.device.type == "cpu"
    return (tensor.pin_memory() if from_host else tensor).to(device, non_blocking=True)
