"""The processes that play one part of a batch together, each with texts of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as group
from torch import Tensor


@dataclass(frozen=True)
class Peers:
    """Who has the other texts of a part. Each of the processes has at least one text, in the batch's order by rank."""

    sizes: tuple[int, ...] = ()
    """Texts of each process; empty where one process has them all."""
    rank: int = 0

    @property
    def first(self) -> int:
        """The place of the own texts' first among all."""
        return sum(self.sizes[: self.rank])

    def texts(self, own: int) -> int:
        """How many texts there are in all, if so many are the own."""
        return sum(self.sizes) or own

    def together(self, own_B: Tensor) -> Tensor:
        """What all processes have, in the order of the texts, with a gradient to each of them; first axis: texts.

        A gradient that several processes send adds up: each weighs its own loss before.
        """
        return own_B if not self.sizes else gathered(own_B, self.sizes, self.rank)

    def mean(self, sum_: Tensor, count: Tensor) -> Tensor:
        """A sum over more than texts, such as tokens, by their count in all processes.

        Scaled so that the processes' numbers, weighed by their texts, add up to the mean over all of them.
        """
        if not self.sizes:
            return sum_ / count.clamp(min=1)
        total = count.detach().clone()
        group.all_reduce(total)
        return sum_ / total.clamp(min=1) * (sum(self.sizes) / self.sizes[self.rank])


NOBODY = Peers()


def gathered(own_B: Tensor, sizes: tuple[int, ...], rank: int) -> Tensor:
    """The tensors of all processes one behind the other, with a gradient; they may differ along the first axis."""
    together: Tensor = _Gathered.apply(own_B, sizes, rank)  # type: ignore[no-untyped-call]
    return together


class _Gathered(torch.autograd.Function):
    """Backward, the gradients of all processes are summed, and each takes its own part."""

    @staticmethod
    def forward(ctx: Any, own_B: Tensor, sizes: tuple[int, ...], rank: int) -> Tensor:
        ctx.sizes, ctx.rank = sizes, rank
        # What is sent must be of one size.
        longest = max(sizes)
        sent = own_B.new_zeros(longest, *own_B.shape[1:])
        sent[: len(own_B)] = own_B
        received = [torch.empty_like(sent) for _ in sizes]
        group.all_gather(received, sent)
        return torch.cat([one[:size] for one, size in zip(received, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        summed = gradients[0].contiguous().clone()
        group.all_reduce(summed)
        return summed.split(ctx.sizes)[ctx.rank], None, None
