"""From a layer's token vectors to one vector a text."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Pooling = Literal["first", "mean"]


def pool(hidden_BTD: Tensor, attention_BT: Tensor, how: Pooling) -> Tensor:
    """One float32 vector a text, shape (B, D): its first token, or the mean over its real tokens."""
    if how == "first":
        return hidden_BTD[:, 0].float()
    weight_BT1 = attention_BT.unsqueeze(-1).float()
    return (hidden_BTD.float() * weight_BT1).sum(dim=1) / weight_BT1.sum(dim=1).clamp(min=1)
