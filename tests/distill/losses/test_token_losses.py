"""hidden_mse and attention_mse, which look at every token."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from cilda.distill.batch import Outputs, View
from cilda.distill.encoder import Encoder
from cilda.distill.layer_choice import LayerChoice
from cilda.distill.losses.attention_mse import AttentionMSE
from cilda.distill.losses.hidden_mse import HiddenMSE
from cilda.errors import CildaError
from tests.tiny_models import TINY_FAMILIES
from tests.tiny_players import tiny_batch, tiny_encoder

REAL_BT = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]])


def view(student: Outputs, teacher: Outputs) -> View:
    return View(None, student, teacher, None, REAL_BT)


def hidden(layers: int, width: int, seed: int) -> Outputs:
    """Random states of two texts of four tokens: the embeddings' and each layer's."""
    random = torch.Generator().manual_seed(seed)
    return Outputs(torch.zeros(2, 2), hidden_BLTD=torch.randn(2, 1 + layers, 4, width, generator=random))


def attention(layers: int, heads: int, seed: int) -> Outputs:
    """Random attention of two texts of four tokens, none of it to padding."""
    random = torch.Generator().manual_seed(seed)
    scores = torch.randn(2, layers, heads, 4, 4, generator=random)
    scores = scores.masked_fill(~REAL_BT.bool()[:, None, None, None, :], -math.inf)
    return Outputs(torch.zeros(2, 2), attention_BLHTT=scores.softmax(dim=-1))


def test_hidden_states_by_a_slow_loop() -> None:
    student, teacher = hidden(2, 3, 0), hidden(3, 3, 1)
    assert student.hidden_BLTD is not None and teacher.hidden_BLTD is not None
    total, count = 0.0, 0
    for text in range(2):
        for mine, theirs in ((0, 0), (1, 2), (2, 3)):
            for token in range(int(REAL_BT[text].sum())):
                gap = student.hidden_BLTD[text, mine, token] - teacher.hidden_BLTD[text, theirs, token]
                total += sum(value**2 for value in gap.tolist()) / 3
                count += 1
    loss = HiddenMSE(layers=LayerChoice("1:2,2:3", 2, 3), teacher_width=3, student_width=3)
    assert loss(view(student, teacher)).item() == pytest.approx(total / count, rel=1e-5)


def test_a_narrower_student_is_mapped_to_the_teacher_s_width() -> None:
    loss = HiddenMSE(layers=LayerChoice("all", 2, 2), teacher_width=5, student_width=3)
    assert [weight.shape for weight in loss.parameters()] == [(5, 3)]
    assert math.isfinite(loss(view(hidden(2, 3, 0), hidden(2, 5, 1))).item())


def scores_of(row: Tensor) -> list[float]:
    """Logarithms less their mean."""
    logs = [math.log(value) for value in row.tolist()]
    return [log - sum(logs) / len(logs) for log in logs]


@pytest.mark.parametrize("heads", [2, 1])
def test_attention_by_a_slow_loop(heads: int) -> None:
    """Where the student has fewer heads, both are averaged over theirs first."""
    student, teacher = attention(2, heads, 0), attention(3, 2, 1)
    assert student.attention_BLHTT is not None and teacher.attention_BLHTT is not None
    mine, theirs = student.attention_BLHTT, teacher.attention_BLHTT
    if heads == 1:
        theirs = theirs.mean(dim=2, keepdim=True)
    total, count = 0.0, 0
    for text in range(2):
        real = int(REAL_BT[text].sum())
        for one, other in ((0, 0), (1, 2)):
            for head in range(mine.shape[2]):
                for token in range(real):
                    a = scores_of(mine[text, one, head, token, :real])
                    b = scores_of(theirs[text, other, head, token, :real])
                    total += sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
                    count += real
    loss = AttentionMSE(layers=LayerChoice("1:1,2:3", 2, 3))
    assert loss(view(student, teacher)).item() == pytest.approx(total / count, rel=1e-4)


def test_dropout_of_attention_does_not_make_it_infinite() -> None:
    student, teacher = attention(2, 2, 0), attention(2, 2, 1)
    assert student.attention_BLHTT is not None
    dropped = student.attention_BLHTT.clone().requires_grad_()
    scattered = dropped * (torch.rand(dropped.shape, generator=torch.Generator().manual_seed(2)) > 0.3) / 0.7
    value = AttentionMSE(layers=LayerChoice("all", 2, 2))(
        view(Outputs(torch.zeros(2, 2), None, None, scattered), teacher)
    )
    value.backward()
    assert math.isfinite(value.item()) and dropped.grad is not None and dropped.grad.isfinite().all()


def test_attention_that_is_all_but_zero_leaves_the_gradient_finite() -> None:
    # Fine-tuned models are that sure: of exp(-95) float32 can hold the number, and not its inverse.
    scores = torch.tensor([[0.0, -95.0, -40.0], [0.0, 0.0, 0.0], [-88.0, 0.0, -3.0]], requires_grad=True)
    student = Outputs(torch.zeros(1, 2), attention_BLHTT=scores.softmax(dim=-1)[None, None, None])
    teacher = Outputs(torch.zeros(1, 2), attention_BLHTT=torch.full((1, 1, 1, 3, 3), 1 / 3))
    loss = AttentionMSE(layers=LayerChoice("all", 1, 1))
    loss(View(None, student, teacher, attention_BT=torch.ones(1, 3, dtype=torch.long))).backward()
    assert scores.grad is not None
    assert bool(scores.grad.isfinite().all()) and bool(scores.grad.abs().sum() > 0)


def test_no_attention_maps_are_an_error_and_no_silent_zero() -> None:
    nothing = Outputs(torch.zeros(2, 2))
    with pytest.raises(CildaError, match="no attention maps"):
        AttentionMSE(layers=LayerChoice("all", 2, 2))(view(nothing, nothing))


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_every_family_gives_states_and_maps_as_transformers_says_them(family: str) -> None:
    encoder = Encoder(tiny_encoder(family, layers=2), attention_maps=True)
    batch = tiny_batch(family)
    with torch.no_grad():
        said = encoder(batch, want_tokens=True, want_attention=True)
        plain = encoder.model(
            input_ids=batch.ids_BT, attention_mask=batch.attention_BT, output_hidden_states=True, output_attentions=True
        )
    assert said.hidden_BLTD is not None and said.attention_BLHTT is not None
    assert said.attention_BLHTT.shape == (6, 2, 4, *batch.ids_BT.shape[1:] * 2)
    real = batch.attention_BT.bool()
    for place, layer in enumerate(plain.hidden_states):
        torch.testing.assert_close(said.hidden_BLTD[:, place][real], layer[real])
    for place, layer in enumerate(plain.attentions):
        torch.testing.assert_close(said.attention_BLHTT[:, place], layer)
