from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from cilda.distill.optimizer import PlayerOptimizer


def linear(value: float = 1.0) -> nn.Linear:
    """A 1 × 1 map with this weight and bias."""
    module = nn.Linear(1, 1)
    for weight in module.parameters():
        weight.data.fill_(value)
    return module


def pull(module: nn.Module, *, gradient: float = 1.0) -> None:
    """Gives each weight this gradient."""
    for weight in module.parameters():
        weight.grad = torch.full_like(weight, gradient)


def test_a_step_by_calculator() -> None:
    """AdamW's first step is the learning rate itself, against the gradient's sign; here at half the rate."""
    module = linear()
    optimizer = PlayerOptimizer(module, learning_rate=0.1, total_turns=2, warmup_fraction=0.5)
    assert optimizer.learning_rate == pytest.approx(0.05)
    pull(module, gradient=3.0)
    norm = optimizer.step()
    assert norm.item() == pytest.approx(3 * 2**0.5)
    assert [weight.item() for weight in module.parameters()] == pytest.approx([0.95, 0.95])
    assert all(weight.grad is None for weight in module.parameters())
    assert optimizer.learning_rate == pytest.approx(0.1)


def test_weight_decay_spares_biases() -> None:
    module = linear()
    optimizer = PlayerOptimizer(module, learning_rate=0.1, total_turns=1, weight_decay=0.5, warmup_fraction=0.0)
    pull(module, gradient=0.0)
    optimizer.step()
    assert module.weight.item() == pytest.approx(1 - 0.1 * 0.5)
    assert module.bias.item() == 1.0


def test_gradients_are_clipped_together_and_the_norm_is_told_as_it_was() -> None:
    module, other = linear(), linear()
    optimizer = PlayerOptimizer(module, learning_rate=0.1, total_turns=9, clip_norm=1.0, also=[(other, 0.3)])
    pull(module, gradient=30.0)
    pull(other, gradient=40.0)
    kept: list[float] = []
    optimizer._adamw.register_step_pre_hook(
        lambda *_: kept.extend(weight.grad.item() for weight in optimizer.parameters if weight.grad is not None)
    )
    # √(2 · 30² + 2 · 40²) = 50 √2.
    assert optimizer.step().item() == pytest.approx(50 * 2**0.5)
    assert sum(value**2 for value in kept) == pytest.approx(1, rel=1e-4)


def test_a_part_with_its_own_rate_follows_the_same_schedule() -> None:
    module, other = linear(), linear()
    optimizer = PlayerOptimizer(module, learning_rate=0.1, total_turns=2, warmup_fraction=0.5, also=[(other, 0.4)])
    pull(module)
    pull(other)
    optimizer.step()
    assert module.weight.item() == pytest.approx(0.95)
    assert other.weight.item() == pytest.approx(0.8)


def test_turns_beyond_the_last_still_move() -> None:
    optimizer = PlayerOptimizer(linear(), learning_rate=0.1, total_turns=2, warmup_fraction=0.0)
    optimizer.turn = 7
    assert optimizer.learning_rate == pytest.approx(0.05)


def test_a_state_taken_up_goes_on_the_same_way() -> None:
    modules = linear(), linear()
    first, second = (PlayerOptimizer(module, learning_rate=0.1, total_turns=9) for module in modules)
    for gradient in (1.0, -2.0):
        pull(modules[0], gradient=gradient)
        first.step()
    modules[1].load_state_dict(modules[0].state_dict())
    second.load_state(copy.deepcopy(first.state()))
    for module, optimizer in zip(modules, (first, second), strict=True):
        pull(module, gradient=0.5)
        optimizer.step()
    assert modules[0].weight.item() == modules[1].weight.item()
    assert first.learning_rate == second.learning_rate
