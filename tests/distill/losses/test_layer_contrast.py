from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from cilda.distill.batch import Outputs, View
from cilda.distill.encoder import Encoder
from cilda.distill.layer_choice import LayerChoice
from cilda.distill.losses.layer_contrast import LayerContrast
from tests.tiny_players import tiny_batch, tiny_encoder
from tests.views import view_of


def contrast(*, temperature: float = 2.0, width: int = 5) -> LayerContrast:
    """For the layers of `view_of`: 3 · 4 features from the teacher, 2 · 4 from the student."""
    return LayerContrast(
        layers=LayerChoice("all", 2, 3), teacher_width=4, student_width=4, width=width, temperature=temperature
    )


def unit(features: Tensor, weight: Tensor) -> list[float]:
    """A vector after the linear map, at length 1, in plain Python."""
    mapped = [sum(w * x for w, x in zip(row, features.tolist(), strict=True)) for row in weight.tolist()]
    length = math.sqrt(sum(value**2 for value in mapped))
    return [value / length for value in mapped]


def slow(loss: LayerContrast, view: View) -> float:
    """The equation as two loops over texts."""
    assert view.teacher is not None and view.teacher.pooled_BLD is not None and view.student.pooled_BLD is not None
    u = [unit(layers.flatten(), loss.teacher_map.weight) for layers in view.teacher.pooled_BLD]
    v = [unit(layers.flatten(), loss.student_map.weight) for layers in view.student.pooled_BLD]
    total = 0.0
    for i, anchor in enumerate(u):
        powers = [math.exp(sum(map(float.__mul__, anchor, other)) / loss.temperature) for other in v]
        total -= math.log(powers[i] / sum(powers))
    return total / len(u)


@pytest.mark.parametrize("texts", [1, 2, 7])
@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_equals_a_slow_loop(texts: int, temperature: float) -> None:
    loss, view = contrast(temperature=temperature), view_of(texts)
    assert loss(view).item() == pytest.approx(slow(loss, view), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("texts", [1, 2, 32])
def test_equal_similarities_give_ln_b(texts: int) -> None:
    view = view_of(1)
    assert view.teacher is not None and view.student.pooled_BLD is not None
    same = Outputs(view.student.logits_BC.expand(texts, -1), view.student.pooled_BLD.expand(texts, -1, -1))
    teacher = view_of(texts).teacher
    assert contrast()(View(None, same, teacher)).item() == pytest.approx(math.log(texts), abs=1e-6)


def test_by_calculator() -> None:
    """Two texts, teacher and student alike, at right angles: cosines 1 and 0, at temperature 2."""
    loss = LayerContrast(layers=LayerChoice("all", 1, 1), teacher_width=2, student_width=2, width=2, temperature=2.0)
    for linear in (loss.teacher_map, loss.student_map):
        linear.weight.data = torch.eye(2)
    layers = Outputs(torch.zeros(2, 2), torch.tensor([[[3.0, 0.0]], [[0.0, 5.0]]]))
    expected = -math.log(math.exp(0.5) / (math.exp(0.5) + 1))
    assert loss(View(None, layers, layers)).item() == pytest.approx(expected, rel=1e-6)
    # Each text's negatives are the student's other texts; exchanged, the own one is the worst.
    assert layers.pooled_BLD is not None
    exchanged = replace(layers, pooled_BLD=layers.pooled_BLD.flip(0))
    assert loss(View(None, exchanged, layers)).item() == pytest.approx(expected + 0.5, rel=1e-6)


def test_the_teacher_is_the_anchor() -> None:
    """A student whose texts are all near to the teacher's first: the teacher's rows are compared, not the columns."""
    loss = LayerContrast(layers=LayerChoice("all", 1, 1), teacher_width=2, student_width=2, width=2, temperature=1.0)
    for linear in (loss.teacher_map, loss.student_map):
        linear.weight.data = torch.eye(2)
    teacher = Outputs(torch.zeros(2, 2), torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))
    student = Outputs(torch.zeros(2, 2), torch.tensor([[[1.0, 0.0]], [[1.0, 0.0]]]))
    assert loss(View(None, student, teacher)).item() == pytest.approx(math.log(2))


def test_padding_is_ignored() -> None:
    models = [Encoder(tiny_encoder("bert", layers=layers), "mean") for layers in (3, 2)]
    loss = LayerContrast(layers=LayerChoice("all", 2, 3), teacher_width=16, student_width=16)
    values = []
    for length in (None, 40):
        batch = tiny_batch("bert", length=length)
        with torch.no_grad():
            teacher, student = (model(batch, want_layers=True) for model in models)
        values.append(loss(View(None, student, teacher)).item())
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_is_computed_in_float32_whatever_the_autocast() -> None:
    loss, view = contrast(temperature=0.05), view_of(16)
    plain = loss(view)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(loss(view), plain)
    assert plain.dtype == torch.float32


def test_projections_depend_on_their_seed_alone() -> None:
    torch.manual_seed(1)
    first = contrast().teacher_map.weight.detach().clone()
    torch.manual_seed(2)
    torch.rand(3)
    assert torch.equal(contrast().teacher_map.weight, first)
    other = LayerContrast(layers=LayerChoice("all", 2, 3), teacher_width=4, student_width=4, width=5, seed=1)
    assert not torch.equal(other.teacher_map.weight, first)


def test_layers_are_concatenated_not_averaged() -> None:
    """Exchanging two of a student's layers is another student."""
    loss, view = contrast(), view_of(6)
    assert view.student.pooled_BLD is not None
    exchanged = replace(view, student=replace(view.student, pooled_BLD=view.student.pooled_BLD.flip(1)))
    assert loss(view).item() != pytest.approx(loss(exchanged).item(), rel=1e-4)
