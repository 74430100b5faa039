from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cilda.distill.batch import Batch, SoftTokens, joined
from cilda.distill.encoder import Encoder, StraightThroughLookup, embedding_table
from cilda.distill.pooling import Pooling, pool
from tests.tiny_models import TINY_FAMILIES
from tests.tiny_players import tiny_batch, tiny_encoder, tokenizer_of

CONVOLUTION = {"conv_kernel_size": 3, "conv_act": "gelu"}
# DeBERTa v2 has a convolution beside its first layer, v3 has none.
KINDS: list[tuple[str, dict[str, Any]]] = [(family, {}) for family in TINY_FAMILIES] + [("deberta-v2", CONVOLUTION)]


def types_of(family: str, batch: Batch) -> dict[str, Tensor]:
    """Segment ids for the families that read them."""
    return {"token_type_ids": batch.types_BT} if batch.types_BT is not None and family in {"bert", "electra"} else {}


def soft_tokens(family: str, batch: Batch) -> SoftTokens:
    """A rewrite whose sampled ids are the batch's own, drawn at the first two real places of each text."""
    drawn_N = torch.arange(batch.size * batch.ids_BT.shape[1]).view_as(batch.ids_BT)[:, 1:3].flatten()
    sampled_N = batch.ids_BT.flatten()[drawn_N]
    vocabulary = len(tokenizer_of(family))
    soft_NV = F.one_hot(sampled_N, vocabulary).float() * 0.5 + 0.5 / vocabulary
    return SoftTokens(batch, drawn_N, sampled_N, soft_NV)


@pytest.mark.parametrize(("family", "config"), KINDS)
def test_embeddings_say_the_same_as_ids(family: str, config: dict[str, Any]) -> None:
    encoder, batch = Encoder(tiny_encoder(family, **config)), tiny_batch(family, pair=True)
    with torch.no_grad():
        plain = encoder(batch, want_layers=True)
        soft = encoder(soft_tokens(family, batch), want_layers=True)
    torch.testing.assert_close(soft.logits_BC, plain.logits_BC, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(soft.pooled_BLD, plain.pooled_BLD, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pooling", ["first", "mean"])
@pytest.mark.parametrize(("family", "config"), KINDS)
def test_pooled_layers_are_the_hidden_states_of_transformers(
    family: str, config: dict[str, Any], pooling: Pooling
) -> None:
    model, batch = tiny_encoder(family, layers=4, **config), tiny_batch(family, pair=True, length=40)
    encoder = Encoder(model, pooling)
    with torch.no_grad():
        outputs = encoder(batch, want_layers=True)
        theirs = model(batch.ids_BT, batch.attention_BT, output_hidden_states=True, **types_of(family, batch))
    assert len(theirs.hidden_states) == 1 + encoder.depth == 5
    expected = torch.stack([pool(hidden, batch.attention_BT, pooling) for hidden in theirs.hidden_states[1:]], dim=1)
    assert outputs.pooled_BLD.shape == (6, 4, encoder.width)
    torch.testing.assert_close(outputs.pooled_BLD, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(outputs.logits_BC, theirs.logits, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_two_batches_together_say_what_they_say_alone(family: str) -> None:
    encoder, first = Encoder(tiny_encoder(family), "mean"), tiny_batch(family, pair=True)
    second = first.with_ids(first.ids_BT.roll(1, dims=0).where(~first.special_BT, first.ids_BT))
    with torch.no_grad():
        together = encoder(joined(first, second), want_layers=True).split([first.size, second.size])
        for batch, outputs in zip((first, second), together, strict=True):
            alone = encoder(batch, want_layers=True)
            torch.testing.assert_close(outputs.logits_BC, alone.logits_BC, rtol=1e-5, atol=1e-6)
            torch.testing.assert_close(outputs.pooled_BLD, alone.pooled_BLD, rtol=1e-5, atol=1e-6)


def test_layers_are_kept_only_when_asked_for_and_no_hook_stays() -> None:
    encoder = Encoder(tiny_encoder("bert"))
    assert encoder(tiny_batch("bert")).pooled_BLD is None
    assert encoder(tiny_batch("bert"), want_layers=True).pooled_BLD is not None
    assert not any(module._forward_hooks for module in encoder.modules())


def test_no_hook_stays_after_an_error() -> None:
    encoder, batch = Encoder(tiny_encoder("bert")), tiny_batch("bert")
    with pytest.raises(IndexError):
        encoder(batch.with_ids(batch.ids_BT + 10_000), want_layers=True)
    assert not any(module._forward_hooks for module in encoder.modules())


def test_segments_of_a_pair_reach_the_model() -> None:
    encoder, batch = Encoder(tiny_encoder("bert")), tiny_batch("bert", pair=True)
    assert batch.types_BT is not None
    without = Batch(batch.ids_BT, batch.attention_BT, batch.special_BT, batch.labels_B)
    assert not torch.allclose(encoder(batch).logits_BC, encoder(without).logits_BC)


def test_lookup_by_calculator() -> None:
    # Two ids, width 1, table (10, 20); id 1 was sampled with probabilities (0.4, 0.6).
    soft_NV = torch.tensor([[0.4, 0.6]], requires_grad=True)
    row_ND = StraightThroughLookup.apply(soft_NV, torch.tensor([1]), torch.tensor([[10.0], [20.0]]))  # type: ignore[no-untyped-call]
    assert row_ND.tolist() == [[20.0]]
    # d(3 · row)/d(soft) = 3 · table.
    (3 * row_ND).sum().backward()
    assert soft_NV.grad is not None and soft_NV.grad.tolist() == [[30.0, 60.0]]


def test_lookup_equals_autograd_on_the_dense_formula_in_double_precision() -> None:
    random = torch.Generator().manual_seed(0)
    table_VD = torch.randn(12, 5, generator=random, dtype=torch.float64)
    logits_NV = torch.randn(7, 9, generator=random, dtype=torch.float64, requires_grad=True)
    weight_ND = torch.randn(7, 5, generator=random, dtype=torch.float64)
    soft_NV = logits_NV.softmax(-1)
    sampled_N = soft_NV.argmax(-1)
    # The table has more rows than the vocabulary that is shared.
    onehot_NV = F.one_hot(sampled_N, 9).double()
    dense_ND = (onehot_NV - soft_NV.detach() + soft_NV) @ table_VD[:9]
    ours_ND = StraightThroughLookup.apply(soft_NV, sampled_N, table_VD)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(ours_ND, dense_ND)
    gradients = [torch.autograd.grad((some.sin() * weight_ND).sum(), logits_NV, retain_graph=True)[0]
                 for some in (ours_ND, dense_ND)]  # fmt: skip
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_the_gradient_reaches_the_probabilities_and_neither_table_nor_weights(family: str) -> None:
    encoder, batch = Encoder(tiny_encoder(family)), tiny_batch(family)
    encoder.requires_grad_(False)
    texts = soft_tokens(family, batch)
    assert texts.soft_NV is not None
    texts.soft_NV.requires_grad_(True)
    encoder(texts).logits_BC[:, 0].sum().backward()
    assert texts.soft_NV.grad is not None and texts.soft_NV.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in encoder.parameters())
    assert not embedding_table(encoder.model).requires_grad


def test_the_mean_is_over_real_tokens() -> None:
    hidden_BTD = torch.tensor([[[1.0, 10.0], [3.0, 20.0], [100.0, 100.0]], [[5.0, 5.0], [7.0, 7.0], [9.0, 9.0]]])
    attention_BT = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert pool(hidden_BTD, attention_BT, "mean").tolist() == [[2.0, 15.0], [7.0, 7.0]]
    assert pool(hidden_BTD, attention_BT, "first").tolist() == [[1.0, 10.0], [5.0, 5.0]]
    assert pool(hidden_BTD.bfloat16(), attention_BT, "mean").dtype == torch.float32
