"""What a model is told of padding."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedModel

from cilda.distill.batch import Batch

# Of others the mask also says which tokens lie near to each other, or is counted over.
_AS_IT_IS = ("bert", "roberta", "distilbert", "electra")


def padding_mask(model: PreTrainedModel, batch: Batch) -> Tensor | None:
    """The attention mask for a model: (B, 1, 1, T) where it takes one as it is, else (B, T); None without padding.

    Given (B, T), transformers look whether anything is padded at all, and a GPU is waited for in every call. Whoever
    makes a batch knows.
    """
    if model.config.model_type not in _AS_IT_IS:
        return batch.attention_BT
    if not batch.padded:
        return None
    real_B11T = batch.attention_BT.bool()[:, None, None, :]
    if model.config._attn_implementation == "sdpa":  # noqa: SLF001  nothing public tells it
        return real_B11T
    if model.config._attn_implementation == "eager":  # noqa: SLF001
        dtype = model.dtype
        return torch.zeros(real_B11T.shape, dtype=dtype, device=real_B11T.device).masked_fill_(
            ~real_B11T, torch.finfo(dtype).min
        )
    return batch.attention_BT
