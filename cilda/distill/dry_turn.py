"""Turns after which everything is as it was before, played to see what they cost."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cilda.distill.batch import Batch
from cilda.distill.checkpoint import random_states, restore_random_states
from cilda.distill.clock import Clock
from cilda.distill.memory import give_back, measured
from cilda.distill.step import Mover, Turns
from cilda.distill.world import ALONE
from cilda.methods.recipe import Player

# AdamW keeps two numbers for each weight.
_STATES = 2
# More than a CPU's caches hold.
_SAMPLE_WEIGHTS = 4_000_000


@dataclass(frozen=True)
class Trial:
    """What a turn took."""

    player: Player
    texts: int
    length: int
    seconds: float
    """Without the optimiser's step, which a dry turn leaves out: see `step_seconds`."""
    peak_bytes: int
    """The most that the process held on the device."""


class Still:
    """Stands for an optimiser: it measures the gradient and drops it, and no weight moves."""

    def __init__(self, mover: Mover) -> None:
        self.parameters = mover.parameters

    def step(self) -> Tensor:
        """The gradient's norm."""
        norm = nn.utils.clip_grad_norm_(self.parameters, float("inf"))
        drop_gradients(self.parameters)
        return norm.detach()


@contextmanager
def dry(turns: Turns, micro_batch: int | None = None) -> Iterator[Turns]:
    """While open, turns of the same players in which nothing moves, on random numbers and a clock of their own.

    Afterwards weights, gradients, optimisers and every random state are as they were, bit for bit.
    """
    assert all(weight.grad is None for mover in turns.optimizers.values() for weight in mover.parameters)
    still = copy.copy(turns)
    still.optimizers = {name: Still(mover) for name, mover in turns.optimizers.items()}
    still.clock = Clock()
    still.random = {name: _twin(random) for name, random in turns.random.items()}
    still.micro_batch = micro_batch
    still.remembers = False
    # What other processes play meanwhile, if anything, is not this.
    still.world = ALONE
    before = random_states({})
    try:
        yield still
    finally:
        for mover in turns.optimizers.values():
            drop_gradients(mover.parameters)
        restore_random_states(before, {})
        give_back(turns.device)


def tried(turns: Turns, player: Player, batch: Batch, micro_batch: int | None = None) -> Trial:
    """One dry turn, measured."""
    with dry(turns, micro_batch) as still, measured(turns.device) as peak:
        play = still.student if player == "student" else still.generator
        wait_for(turns.device)
        began = time.perf_counter()
        play(batch)
        wait_for(turns.device)
        seconds = time.perf_counter() - began
    return Trial(player, batch.size, batch.ids_BT.shape[1], seconds, peak.bytes)


def wait_for(device: torch.device) -> None:
    """Waits until the device has done its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def drop_gradients(parameters: list[nn.Parameter]) -> None:
    """Leaves no gradient behind."""
    for weight in parameters:
        weight.grad = None


def gradient_bytes(mover: Mover) -> int:
    """What a player's whole gradient takes."""
    return sum(weight.numel() * weight.element_size() for weight in mover.parameters)


def state_bytes(optimizers: Mapping[str, Mover]) -> int:
    """What AdamW will keep of all players once each has taken a step."""
    return _STATES * sum(gradient_bytes(mover) for mover in optimizers.values())


def step_seconds(mover: Mover, device: torch.device) -> float:
    """About what a step of AdamW takes, from a step on a tensor of our own."""
    weights = sum(weight.numel() for weight in mover.parameters)
    sample = min(weights, _SAMPLE_WEIGHTS)
    tensor = torch.zeros(sample, device=device, requires_grad=True)
    adamw = torch.optim.AdamW([tensor], lr=0.0, fused=True)
    seconds = 0.0
    # The first step makes the states.
    for _ in range(2):
        tensor.grad = torch.zeros_like(tensor)
        wait_for(device)
        began = time.perf_counter()
        adamw.step()
        wait_for(device)
        seconds = time.perf_counter() - began
    return seconds * weights / max(1, sample)


def _twin(random: torch.Generator) -> torch.Generator:
    twin = torch.Generator(random.device)
    twin.set_state(random.get_state())
    return twin
