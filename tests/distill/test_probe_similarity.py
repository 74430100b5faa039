"""Linear CKA: against slow sums, its known properties, and what chance gives."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import AutoModelForSequenceClassification

from cilda.distill.encoder import Encoder
from cilda.distill.probe_similarity import compared, layer_cka, token_layers
from tests.tiny_models import TINY_FAMILIES, tiny_classifier
from tests.tiny_players import tiny_encoder, tiny_tokenized

sizes = st.integers(3, 12)
seeds = st.integers(0, 2**31)


def vectors(seed: int, count: int, width: int) -> Tensor:
    """Random vectors around a point far from 0."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=random, dtype=torch.float64) + 3


def cka(one: Tensor, other: Tensor) -> float:
    """One layer with one layer."""
    return float(layer_cka([one], [other])[0])


def slow_cka(one: Tensor, other: Tensor) -> float:
    """‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) of the centred features, sum by sum; section 3 of the paper."""

    def centred(matrix: Tensor) -> list[list[float]]:
        rows = matrix.tolist()
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        return [[value - mean for value, mean in zip(row, means, strict=True)] for row in rows]

    def squares(left: list[list[float]], right: list[list[float]]) -> float:
        products: list[float] = [
            sum(a * b for a, b in zip(one_column, other_column, strict=True))
            for one_column in zip(*left, strict=True)
            for other_column in zip(*right, strict=True)
        ]
        return sum(product * product for product in products)

    x, y = centred(one), centred(other)
    return squares(y, x) / math.sqrt(squares(x, x) * squares(y, y))


def test_by_hand() -> None:
    rising, falling, bent = (torch.tensor([[a], [b], [c]]) for a, b, c in ((1.0, 2, 3), (7, 5, 3), (1, -2, 1)))
    assert cka(rising, falling) == pytest.approx(1)
    assert cka(rising, bent) == pytest.approx(0)
    # (−1, 0, 1) and (−1, −1, 2): (1 + 2)² / (2 · 6)
    assert cka(rising, torch.tensor([[0.0], [0.0], [3.0]])) == pytest.approx(0.75)


@given(seeds, sizes, st.integers(1, 6), st.integers(1, 6))
def test_it_is_what_slow_sums_give(seed: int, count: int, one_width: int, other_width: int) -> None:
    one, other = vectors(seed, count, one_width), vectors(seed + 1, count, other_width)
    assert cka(one, other) == pytest.approx(slow_cka(one, other))
    assert cka(one, other) == pytest.approx(cka(other, one))


@given(seeds, sizes, st.integers(2, 6), st.floats(0.01, 100))
def test_rotation_scale_place_and_empty_width_change_nothing(seed: int, count: int, width: int, scale: float) -> None:
    one, other = vectors(seed, count, width), vectors(seed + 1, count, width)
    rotation, _ = torch.linalg.qr(vectors(seed + 2, width, width) - 3)
    turned = torch.cat([scale * one @ rotation + 5, torch.ones(count, 3)], dim=1)
    assert cka(one, one) == pytest.approx(1)
    assert cka(turned, one) == pytest.approx(1)
    assert cka(turned, other) == pytest.approx(cka(one, other))


@given(seeds, st.integers(3, 5))
def test_chance_is_the_mean_over_all_orders_of_the_tokens(seed: int, count: int) -> None:
    one, other = vectors(seed, count, 4), vectors(seed + 1, count, 2)
    orders = list(itertools.permutations(range(count)))
    mean = sum(cka(one, other[list(order)]) for order in orders) / len(orders)
    assert float(layer_cka([one], [other])[1]) == pytest.approx(mean)


def test_every_layer_is_compared_with_every_layer_and_the_best_is_named() -> None:
    student, teacher = [vectors(1, 40, 3), vectors(2, 40, 3)], [vectors(2, 40, 3), vectors(3, 40, 5), vectors(1, 40, 3)]
    found = compared(student, teacher, "tokens", ((1, 3),))
    for row, one in zip(found.cka, student, strict=True):
        assert row == pytest.approx([cka(one, other) for other in teacher])
    assert (found.best, found.count, found.layer_map) == ((3, 1), 40, ((1, 3),))
    assert not found.weak


def test_few_tokens_are_weak_and_fewer_than_three_say_nothing() -> None:
    found = compared([vectors(1, 4, 64)], [vectors(2, 4, 64)], "tokens")
    assert found.weak
    # Nothing has to do with anything here.
    assert found.cka[0][0] is not None and found.cka[0][0] > 0.8
    with pytest.raises(ValueError, match="2 vectors"):
        compared([vectors(1, 2, 4)], [vectors(2, 2, 4)], "tokens")


def test_a_layer_that_sees_all_tokens_alike_is_like_none() -> None:
    found = compared([torch.ones(5, 4), vectors(1, 5, 4)], [vectors(2, 5, 4)], "tokens")
    assert (found.cka[0], found.best) == ((None,), (None, 1))


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_padding_and_special_tokens_are_left_out(family: str) -> None:
    encoder = Encoder(tiny_encoder(family))
    rows = tiny_tokenized(family)
    outputs, layers = token_layers(encoder, rows.batch([1]))
    padded_outputs, padded = token_layers(encoder, rows.batch([1], length=32))
    own = int((~rows.special_Q[rows.starts[1] : rows.starts[2]]).sum())
    assert [tuple(layer.shape) for layer in layers] == [(own, 16)] * 2
    torch.testing.assert_close(torch.stack(padded), torch.stack(layers), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(padded_outputs.logits_BC, outputs.logits_BC, rtol=1e-4, atol=1e-5)


def test_layers_are_transformers_own_hidden_states(tmp_path: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(tiny_classifier("bert", tmp_path, layers=3))
    batch = tiny_tokenized("bert").batch([3])
    with torch.no_grad():
        hidden = model(batch.ids_BT, attention_mask=batch.attention_BT, output_hidden_states=True).hidden_states
    _, layers = token_layers(Encoder(model), batch)
    for layer, expected_BTD in zip(layers, hidden[1:], strict=True):
        torch.testing.assert_close(layer, expected_BTD[0, 1:-1].double(), rtol=1e-5, atol=1e-5)
