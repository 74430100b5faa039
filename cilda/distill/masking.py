"""Drawing the tokens to be rewritten."""

from __future__ import annotations

import torch

from cilda.distill.batch import Batch, Masked


def mask(batch: Batch, fraction: float, mask_id: int, random: torch.Generator) -> Masked:
    """The batch with each real token drawn independently with probability `fraction` and replaced by the mask token.

    Special tokens and padding are never drawn. `random` lives on the batch's device; a new draw each call.
    Source: Rashid et al. 2021, arXiv:2105.05912, section 3.
    """
    chance_BT = torch.rand(batch.ids_BT.shape, generator=random, device=batch.ids_BT.device)
    drawn_BT = (chance_BT < fraction) & ~batch.special_BT
    drawn_N = drawn_BT.flatten().nonzero().squeeze(1)
    return Masked(batch, batch.ids_BT.masked_fill(drawn_BT, mask_id), drawn_N)
