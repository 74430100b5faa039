from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cilda.distill.batch import Batch, SoftTokens, View
from cilda.distill.losses.loss import Loss
from cilda.distill.masking import mask
from cilda.distill.objective import Objective
from cilda.distill.parts import batch_parts, joined_rewrites, masked_parts, part_sizes
from cilda.distill.players import Players, learning
from cilda.distill.step import Turns, TurnSettings
from cilda.methods import METHODS
from tests.tiny_players import mask_id, tiny_batch, tiny_players, tiny_turns


class Held:
    """Stands for an optimiser that keeps the gradient instead of following it."""

    def __init__(self, module: nn.Module) -> None:
        self.parameters = list(module.parameters())
        self.gradients: list[Tensor | None] = []

    def step(self) -> Tensor:
        """Takes the gradients away."""
        self.gradients = [None if weight.grad is None else weight.grad.clone() for weight in self.parameters]
        for weight in self.parameters:
            weight.grad = None
        return torch.zeros(())


def held_turns(name: str, players: Players, **settings: Any) -> tuple[Turns, Held]:
    """Turns in which nobody moves."""
    held = {who: Held(module) for who, module in players_by_name(players).items()}
    turns = Turns(players, METHODS[name], held, TurnSettings(mask_id("bert"), **settings))
    return turns, held["student"]


def players_by_name(players: Players) -> dict[str, nn.Module]:
    """Who has an optimiser."""
    everyone: dict[str, nn.Module | None] = {"student": players.student, "generator": players.generator}
    if "layer_contrast" in players.losses:
        everyone["critic"] = players.losses["layer_contrast"]
    return {name: module for name, module in everyone.items() if module is not None}


def gradient_by_hand(players: Players, name: str, batch: Batch, rewrite: SoftTokens | None) -> list[Tensor | None]:
    """The student's gradient on a whole batch and its rewrite, looked at one after the other."""
    losses = {key: loss for key, loss in players.losses.items() if isinstance(loss, Loss)}
    texts = {"real": batch} if rewrite is None else {"real": batch, "soft": rewrite.batch}
    with learning(players.student):
        views: Any = {
            sight: View(
                batch.labels_B, players.student(look), None if players.teacher is None else players.teacher(look)
            )
            for sight, look in texts.items()
        }
        total = Objective(METHODS[name].student, losses)(views).total
        return list(torch.autograd.grad(total, list(players.student.parameters()), allow_unused=True))


@pytest.mark.parametrize(("texts", "most", "sizes"), [(10, 4, [4, 3, 3]), (8, 8, [8]), (8, None, [8]), (3, 1, [1] * 3)])
def test_parts_are_as_even_as_can_be(texts: int, most: int | None, sizes: list[int]) -> None:
    assert part_sizes(texts, most) == sizes


@pytest.mark.parametrize("micro_batch", [1, 2, 4, 5])
@pytest.mark.parametrize("name", ["finetune", "kd", "mate_kd"])
def test_the_gradient_of_a_batch_in_parts_is_that_of_the_whole(name: str, micro_batch: int) -> None:
    batch = tiny_batch("bert", 7)
    players = tiny_players("bert", METHODS[name], dropout=False)
    turns, held = held_turns(name, players, micro_batch=micro_batch)
    result = turns.student(batch)
    expected = gradient_by_hand(players, name, batch, result.rewrite)
    largest = max(gradient.abs().max().item() for gradient in expected if gradient is not None)
    for got, wanted in zip(held.gradients, expected, strict=True):
        if wanted is None:
            assert got is None
        else:
            assert got is not None
            torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6 * max(1.0, largest))


@pytest.mark.parametrize("name", ["finetune", "kd"])
def test_values_of_a_batch_in_parts_are_means_over_its_texts(name: str) -> None:
    whole, parts = (
        tiny_turns("bert", METHODS[name], players=tiny_players("bert", METHODS[name], dropout=False), settings=settings)
        for settings in (TurnSettings(0), TurnSettings(0, micro_batch=3))
    )
    for turns in (whole, parts):
        turns.student(tiny_batch("bert", 7))
    one, other = (turns.student(tiny_batch("bert", 7)) for turns in (whole, parts))
    assert one.values.keys() == other.values.keys()
    for key, value in one.values.items():
        assert other.values[key].item() == pytest.approx(value.item(), rel=2e-4, abs=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_a_micro_batch_as_large_as_the_batch_changes_no_bit(name: str) -> None:
    plain, roomy = (tiny_turns("bert", METHODS[name], settings=TurnSettings(0, micro_batch=most)) for most in (None, 6))
    for turns in (plain, roomy):
        torch.manual_seed(0)
        for _ in range(2):
            if METHODS[name].generator:
                turns.generator(tiny_batch("bert"))
            turns.student(tiny_batch("bert"))
    for one, other in zip(plain.players.student.parameters(), roomy.players.student.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", METHODS)
def test_every_player_takes_one_step_a_turn_and_keeps_no_gradient(name: str) -> None:
    turns = tiny_turns("bert", METHODS[name], settings=TurnSettings(0, micro_batch=2))
    batch = tiny_batch("bert", 7)
    results = [turns.generator(batch)] if METHODS[name].generator else []
    results.append(turns.student(batch))
    for result in results:
        assert result.texts == 7
        assert all(math.isfinite(value.item()) and value.ndim == 0 for value in result.values.values())
    for optimizer in turns.optimizers.values():
        assert getattr(optimizer, "turn") == 1  # noqa: B009
        assert all(weight.grad is None for weight in optimizer.parameters)


def test_norms_by_term_are_left_out_where_they_would_not_add_up() -> None:
    turns = tiny_turns("bert", METHODS["kd"], settings=TurnSettings(0, micro_batch=2))
    result = turns.student(tiny_batch("bert"), norms_by_term=True)
    assert not [key for key in result.values if key.startswith("gradient_norm.")]
    assert result.values["gradient_norm"] > 0


def test_tokens_are_drawn_for_the_whole_batch_whatever_its_parts() -> None:
    whole, parts = (
        tiny_turns("bert", METHODS["mate_kd"], settings=TurnSettings(0, micro_batch=most)) for most in (None, 3)
    )
    batch = tiny_batch("bert", 8)
    one, other = whole.student(batch), parts.student(batch)
    assert one.rewrite is not None and other.rewrite is not None
    assert torch.equal(one.rewrite.drawn_N, other.rewrite.drawn_N)
    assert one.drawn == other.drawn == len(other.rewrite.sampled_N)


def test_a_turn_in_parts_says_what_both_models_said_of_all_texts() -> None:
    players = tiny_players("bert", METHODS["cilda"], dropout=False)
    turns, _ = held_turns("cilda", players, micro_batch=3)
    batch = tiny_batch("bert", 7)
    result = turns.student(batch)
    rewrite = result.rewrite
    assert rewrite is not None and players.teacher is not None
    for sight, look in (("real", batch), ("soft", rewrite.batch)):
        view: Any = result.views[sight]  # type: ignore[index]
        torch.testing.assert_close(view.teacher.logits_BC, players.teacher(look).logits_BC)
        torch.testing.assert_close(view.student.logits_BC, players.student(look).logits_BC.detach())
        assert view.labels_B is batch.labels_B
    ids_Q = batch.ids_BT.flatten().index_copy(0, rewrite.drawn_N, rewrite.sampled_N)
    assert torch.equal(ids_Q.view_as(batch.ids_BT), rewrite.batch.ids_BT)


def test_what_is_parted_can_be_put_together() -> None:
    batch = tiny_batch("bert", 7, pair=True)
    masked = mask(batch, 0.5, mask_id("bert"), torch.Generator().manual_seed(3))
    sizes = part_sizes(7, 3)
    parts = list(masked_parts(masked, sizes))
    rewrites = [
        SoftTokens(part.batch.with_ids(part.ids_BT), part.drawn_N, torch.full_like(part.drawn_N, mask_id("bert")))
        for part in parts
    ]
    joined = joined_rewrites(rewrites, masked)
    assert torch.equal(joined.batch.ids_BT, masked.ids_BT)
    assert torch.equal(joined.drawn_N, masked.drawn_N)
    for part, texts in zip(parts, batch_parts(batch, sizes), strict=True):
        assert torch.equal(part.batch.ids_BT, texts.ids_BT)
        assert set(part.ids_BT.flatten()[part.drawn_N].tolist()) <= {mask_id("bert")}
    rows = [row for one in batch_parts(batch, sizes) if one.rows_B is not None for row in one.rows_B.tolist()]
    assert rows == list(range(7))


def test_a_batch_in_parts_in_which_nothing_is_drawn_is_no_accident() -> None:
    batch = tiny_batch("bert")
    batch = replace(batch, special_BT=torch.ones_like(batch.special_BT))
    turns = tiny_turns("bert", METHODS["cilda"], settings=TurnSettings(0, micro_batch=2))
    assert turns.generator(batch).drawn == 0
    result = turns.student(batch)
    assert result.rewrite is not None
    assert torch.equal(result.rewrite.batch.ids_BT, batch.ids_BT)
