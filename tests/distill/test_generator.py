from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from scipy.stats import chisquare
from torch import Tensor, nn

from cilda.distill.batch import Batch, Masked
from cilda.distill.encoder import embedding_table
from cilda.distill.generator import Generator, draw, head_of
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.masking import mask
from cilda.distill.optimizer import PlayerOptimizer
from cilda.distill.players import Players, stream
from cilda.distill.step import Turns, TurnSettings
from cilda.methods import METHODS
from tests.tiny_models import TINY_FAMILIES
from tests.tiny_players import (
    mask_id,
    tiny_batch,
    tiny_generator,
    tiny_players,
    tiny_rewriter,
    tiny_turns,
    tokenizer_of,
)

# DeBERTa has two heads: transformers' own, and the one it was published with.
HEADS: list[tuple[str, dict[str, bool]]] = [(family, {}) for family in TINY_FAMILIES] + [
    ("deberta-v2", {"legacy": False})
]


def masked_batch(family: str, texts: int = 6, fraction: float = 0.4, *, pair: bool = False) -> Masked:
    return mask(tiny_batch(family, texts, pair=pair), fraction, mask_id(family), torch.Generator().manual_seed(3))


@pytest.mark.parametrize(("family", "config"), HEADS)
def test_logits_at_drawn_positions_are_those_of_the_whole_model(family: str, config: dict[str, bool]) -> None:
    model = tiny_rewriter(family, **config)
    generator = Generator(model, 100, [])
    masked = masked_batch(family, pair=True)
    batch = masked.batch
    types = {} if batch.types_BT is None or family == "distilbert" else {"token_type_ids": batch.types_BT}
    whole_BTV = model(input_ids=masked.ids_BT, attention_mask=batch.attention_BT, **types).logits
    torch.testing.assert_close(
        generator.logits(masked), whole_BTV.flatten(0, 1)[masked.drawn_N][:, :100], rtol=1e-5, atol=1e-6
    )


def test_both_heads_of_deberta_were_tested() -> None:
    assert hasattr(tiny_rewriter("deberta-v2", legacy=False), "lm_predictions")
    assert hasattr(tiny_rewriter("deberta-v2"), "cls")


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_tokens_not_drawn_are_untouched_and_special_tokens_are_never_written(family: str) -> None:
    generator, masked = tiny_generator(family), masked_batch(family, pair=True)
    special = set(tokenizer_of(family).all_special_ids)
    random = torch.Generator().manual_seed(0)
    for rewrite in (generator.plain(masked, random), generator.soft(masked, random)):
        kept_Q = torch.ones(masked.ids_BT.numel(), dtype=torch.bool).index_fill(0, masked.drawn_N, value=False)
        assert torch.equal(rewrite.batch.ids_BT.flatten()[kept_Q], masked.batch.ids_BT.flatten()[kept_Q])
        assert torch.equal(rewrite.batch.ids_BT.flatten()[masked.drawn_N], rewrite.sampled_N)
        assert not special & set(rewrite.sampled_N.tolist())
        assert replace(rewrite.batch, ids_BT=masked.batch.ids_BT) == masked.batch


def test_special_ids_have_no_probability_unless_allowed() -> None:
    masked = masked_batch("bert")
    special = torch.tensor(tokenizer_of("bert").all_special_ids)
    soft_NV = tiny_generator("bert").soft(masked, torch.Generator().manual_seed(0)).soft_NV
    assert soft_NV is not None and (soft_NV[:, special] == 0).all()
    free = Generator(tiny_rewriter("bert"), 100, []).soft(masked, torch.Generator().manual_seed(0)).soft_NV
    assert free is not None and (free[:, special] > 0).all()


def test_soft_rows_are_probabilities_with_their_sample_on_top() -> None:
    rewrite = tiny_generator("bert", temperature=0.5).soft(masked_batch("bert"), torch.Generator().manual_seed(0))
    assert rewrite.soft_NV is not None
    torch.testing.assert_close(rewrite.soft_NV.sum(-1), torch.ones(len(rewrite.sampled_N)))
    assert torch.equal(rewrite.soft_NV.argmax(-1), rewrite.sampled_N)


def test_plain_text_has_no_graph() -> None:
    generator = tiny_generator("bert")
    assert generator.plain(masked_batch("bert"), torch.Generator().manual_seed(0)).soft_NV is None
    soft_NV = generator.soft(masked_batch("bert"), torch.Generator().manual_seed(0)).soft_NV
    assert soft_NV is not None and soft_NV.requires_grad


def sharp_generator(family: str, *, temperature: float = 1.0) -> Generator:
    """A generator with strong opinions: its logits are spread over several units."""
    generator = tiny_generator(family, temperature=temperature)
    output = generator.model.get_output_embeddings()
    assert isinstance(output, nn.Linear)
    output.bias.data.normal_(std=2, generator=torch.Generator().manual_seed(5))
    return generator


def fits(observed_V: Tensor, logits_V: Tensor) -> float:
    """The p of a chi-square test that counts come from softmax(logits); ids expected less than 5 times are one."""
    expected_V = torch.softmax(logits_V.double(), -1) * observed_V.sum()
    rare_V = expected_V < 5
    groups = [torch.cat([some_V[~rare_V].double(), some_V[rare_V].double().sum(0, keepdim=True)]).numpy()
              for some_V in (observed_V, expected_V)]  # fmt: skip
    return float(chisquare(*groups).pvalue)


@pytest.mark.parametrize("kind", ["plain", "soft"])
@torch.no_grad()
def test_samples_follow_softmax_of_the_logits(kind: str) -> None:
    """One text many times over, all of it masked: every position is drawn from the same distribution each time."""
    one = tiny_batch("bert", 1)
    ids_BT, attention_BT, special_BT = (part.expand(500, -1) for part in (one.ids_BT, one.attention_BT, one.special_BT))
    many = Batch(ids_BT, attention_BT, special_BT, None)
    masked = mask(many, 1.0, mask_id("bert"), torch.Generator().manual_seed(0))
    # The temperature sharpens the soft rows, and does not change what is drawn.
    generator = sharp_generator("bert", temperature=0.7)
    logits_RPV = generator.logits(masked).view(500, -1, generator.vocabulary)
    random = torch.Generator().manual_seed(1)
    sample = generator.plain if kind == "plain" else generator.soft
    sampled_RP = torch.cat([sample(masked, random).sampled_N.view(500, -1) for _ in range(4)])
    for place in range(sampled_RP.shape[1]):
        observed_V = torch.bincount(sampled_RP[:, place], minlength=generator.vocabulary)
        assert fits(observed_V, logits_RPV[0, place]) > 1e-3


def test_draws_from_a_large_vocabulary_follow_softmax_too() -> None:
    logits_V = torch.randn(700, generator=torch.Generator().manual_seed(0)) * 2
    logits_V[300:500] = float("-inf")
    draws = [draw(logits_V.expand(2000, -1), torch.Generator().manual_seed(seed)) for seed in range(10)]
    drawn_N = torch.cat([one.ids_N for one in draws])
    assert fits(torch.bincount(drawn_N, minlength=700), logits_V) > 1e-3


@settings(deadline=None)
@given(
    logits=hypothesis_numpy.arrays(
        np.float32,
        st.tuples(st.integers(0, 5), st.integers(1, 600)),
        elements=st.sampled_from([float("-inf"), -1e4, -3.0, 0.0, 0.25, 9.0, 1e4]),
    ),
    seed=st.integers(0, 2**31),
)
def test_a_draw_is_always_a_possible_id(logits: np.ndarray[tuple[int, ...], np.dtype[np.float32]], seed: int) -> None:
    logits_NV = torch.from_numpy(logits)
    # At least one id of a row must be possible.
    logits_NV[:, 0] = logits_NV[:, 0].clamp(min=-1e4)
    drawn = draw(logits_NV, torch.Generator().manual_seed(seed))
    drawn_N = drawn.ids_N
    chance_NV = torch.softmax(logits_NV.double(), -1)
    assert drawn_N.shape == logits_NV.shape[:1]
    chance_N = chance_NV[torch.arange(len(drawn_N)), drawn_N]
    assert (chance_N > 0).all()
    torch.testing.assert_close(drawn.surprise_N.double(), -chance_N.log(), rtol=1e-5, atol=1e-5)
    entropy_N = torch.special.entr(chance_NV).sum(dim=-1)
    torch.testing.assert_close(drawn.entropy_N.double(), entropy_N, rtol=1e-5, atol=1e-5)


def test_every_family_has_a_head() -> None:
    for family in TINY_FAMILIES:
        assert head_of(tiny_rewriter(family)) is not None


class Gradients(PlayerOptimizer):
    """An optimiser that notes the gradients of its step."""

    def step(self) -> Tensor:
        self.noted = [torch.zeros_like(weight) if weight.grad is None else weight.grad.clone()
                      for weight in self.parameters]  # fmt: skip
        return super().step()


def dense_objective(players: Players, batch: Batch, settings: TurnSettings) -> Tensor:
    """½·KL + ½·contrast of a generator turn written out: z = onehot − stopgrad(y) + y, and z @ E for both tables.

    Nothing of the engine but its masks: whole models, one-hot rows for every token, transformers' hidden states.
    """
    generator, teacher, student = players.generator, players.teacher, players.student
    assert generator is not None and teacher is not None
    random = stream(settings.seed, "generator", torch.device("cpu"))
    masked = mask(batch, settings.mask_fraction, settings.mask_id, random)
    kind = generator.model.config.model_type
    shared = {"attention_mask": batch.attention_BT}
    if kind in {"bert", "electra"}:
        assert batch.types_BT is not None
        shared["token_type_ids"] = batch.types_BT
    g_BTV = generator.model(input_ids=masked.ids_BT, **shared).logits
    g_NV = g_BTV.flatten(0, 1)[masked.drawn_N][:, : generator.vocabulary]
    forbidden_V = torch.zeros(generator.vocabulary, dtype=torch.bool)
    forbidden_V[torch.tensor(tokenizer_of(kind).all_special_ids)] = True
    g_NV = g_NV.masked_fill(forbidden_V, float("-inf"))
    gumbel_NV = -torch.empty_like(g_NV).exponential_(generator=random).log()
    y_NV = torch.softmax((torch.log_softmax(g_NV, -1) + gumbel_NV) / generator.temperature, -1)
    z_NV = F.one_hot(y_NV.argmax(-1), y_NV.shape[1]) - y_NV.detach() + y_NV
    logits, features = [], []
    for model in (teacher.model, student.model):
        table_WE = embedding_table(model)
        rows_QW = F.one_hot(batch.ids_BT.flatten(), len(table_WE)).float()
        padded_NW = F.pad(z_NV, (0, len(table_WE) - z_NV.shape[1]))
        embeds_BTE = (rows_QW.index_copy(0, masked.drawn_N, padded_NW) @ table_WE).view(*batch.ids_BT.shape, -1)
        said = model(inputs_embeds=embeds_BTE, output_hidden_states=True, **shared)
        logits.append(said.logits)
        features.append(torch.cat([hidden_BTD[:, 0] for hidden_BTD in said.hidden_states[1:]], dim=-1))
    p_BC = logits[0].softmax(-1)
    kl = (p_BC * (p_BC.log() - logits[1].log_softmax(-1))).sum(-1).mean()
    contrast = players.losses["layer_contrast"]
    assert isinstance(contrast, LayerContrast)
    u_BP, v_BP = contrast.teacher_map(features[0]), contrast.student_map(features[1])
    cosines_BB = torch.cosine_similarity(u_BP[:, None], v_BP[None], dim=-1) / contrast.temperature
    objective: Tensor = kl / 2 - cosines_BB.log_softmax(-1).diagonal().mean() / 2
    return objective


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_generator_turn_has_the_gradient_of_the_dense_formula(family: str) -> None:
    recipe = METHODS["cilda"]
    batch = tiny_batch(family, 5, pair=True)
    players = tiny_players(family, recipe)
    settings = replace(tiny_turns(family, recipe, players=players).settings, mask_fraction=0.5)
    assert players.generator is not None
    names = [name for name, _ in players.generator.named_parameters()]
    players.generator.requires_grad_(True)
    objective = dense_objective(players, batch, settings)
    expected = torch.autograd.grad(-objective, list(players.generator.parameters()), allow_unused=True)
    by_weight = dict(zip(players.generator.parameters(), expected, strict=True))
    optimizer = Gradients(players.generator, learning_rate=1e-3, total_turns=10)
    result = Turns(players, recipe, {"generator": optimizer}, replace(settings, projection="frozen")).generator(batch)
    assert result.values["total"].item() == pytest.approx(objective.item(), rel=1e-5)
    largest = max(gradient.abs().max().item() for gradient in optimizer.noted)
    assert largest > 0
    for weight, noted in zip(optimizer.parameters, optimizer.noted, strict=True):
        gradient = by_weight[weight]
        dense = torch.zeros_like(weight) if gradient is None else gradient
        assert (dense - noted).abs().max().item() < 1e-4 * largest
    assert len(optimizer.noted) == len(names)
