"""Drawing the tokens to be rewritten."""

from __future__ import annotations

import torch

from cilda.distill.batch import Batch, Masked


def mask(batch: Batch, fraction: float, mask_id: int, random: torch.Generator) -> Masked:
    """The batch with each real token drawn independently with probability `fraction` and replaced by the mask token.

    Special tokens and padding are never drawn, and padding uses up no random numbers: a batch padded further gets
    the same draw. `random` lives on the batch's device; a new draw each call.
    Source: Rashid et al. 2021, arXiv:2105.05912, section 3.
    """
    real_R = (~batch.special_BT).flatten().nonzero().squeeze(1)
    chance_R = torch.rand(real_R.shape, generator=random, device=real_R.device)
    drawn_N = real_R[chance_R < fraction]
    ids_BT = batch.ids_BT.flatten().index_fill(0, drawn_N, mask_id).view_as(batch.ids_BT)
    return Masked(batch, ids_BT, drawn_N)
