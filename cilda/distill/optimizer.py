"""A player's optimiser: AdamW, gradient clipping and the linear schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from cilda.distill.schedule import phased_rate


class PlayerOptimizer:
    """AdamW over one player's weights, with a rate that follows that player's own turns.

    Weight decay spares biases and norms (parameters of one dimension). Parameters with a rate of their own, such as
    projections, follow the same schedule. It begins again at the turn `phase_begins`, if one is named.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        learning_rate: float,
        total_turns: int,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        warmup_fraction: float = 0.06,
        also: Iterable[tuple[nn.Module, float]] = (),
        phase_begins: int | None = None,
    ) -> None:
        groups: list[dict[str, Any]] = []
        for part, rate in ((module, learning_rate), *also):
            weights = list(part.parameters())
            for matrices in (True, False):
                some = [weight for weight in weights if (weight.ndim > 1) == matrices]
                if some:
                    decay = weight_decay if matrices else 0.0
                    groups.append({"params": some, "lr": rate, "full_rate": rate, "weight_decay": decay})
        self.parameters: list[nn.Parameter] = [weight for group in groups for weight in group["params"]]
        self.clip_norm = clip_norm
        self.turn = 0
        self.total_turns = total_turns
        self.warmup_fraction = warmup_fraction
        self.phase_begins = phase_begins
        self._adamw = torch.optim.AdamW(groups, fused=True)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(self._adamw.param_groups[0]["full_rate"]) * self._share

    @property
    def _share(self) -> float:
        """The share of the full rate at this turn."""
        turn = min(self.turn, self.total_turns - 1)
        return phased_rate(turn, self.total_turns, self.warmup_fraction, self.phase_begins)

    def step(self) -> Tensor:
        """Clips, moves the weights and drops the gradients. Gives the gradient's L2 norm before clipping."""
        for group in self._adamw.param_groups:
            group["lr"] = group["full_rate"] * self._share
        limit = float("inf") if self.clip_norm is None else self.clip_norm
        norm = nn.utils.clip_grad_norm_(self.parameters, limit)
        self._adamw.step()
        self._adamw.zero_grad(set_to_none=True)
        self.turn += 1
        return norm.detach()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on as if nothing had happened."""
        return {"adamw": self._adamw.state_dict(), "turn": self.turn}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes up a state given by `state`."""
        self._adamw.load_state_dict(state["adamw"])
        self.turn = state["turn"]
