"""Linear maps of losses, whose start depends on nothing but a stream of random numbers."""

from __future__ import annotations

import torch
from torch import nn


def linear_map(features: int, width: int, random: torch.Generator, *, bias: bool = True) -> nn.Linear:
    """A map whose weights start at N(0, 1/features) and whose bias starts at 0, whatever was made before it."""
    linear: nn.Linear = nn.utils.skip_init(nn.Linear, features, width, bias=bias)
    nn.init.normal_(linear.weight, std=features**-0.5, generator=random)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear
