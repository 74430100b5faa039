from __future__ import annotations

import math

import pytest
import torch

from cilda.distill.batch import Outputs, View
from cilda.distill.losses.logit_kl import LogitKL
from tests.views import view_of


def softmax(row: list[float], temperature: float) -> list[float]:
    powers = [math.exp(value / temperature) for value in row]
    return [power / sum(powers) for power in powers]


def slow(view: View, temperature: float, *, entropy: bool = False) -> float:
    """The equation as two loops."""
    assert view.teacher is not None
    total, rows = 0.0, list(zip(view.teacher.logits_BC.tolist(), view.student.logits_BC.tolist(), strict=True))
    for teacher, student in rows:
        for p, q in zip(softmax(teacher, temperature), softmax(student, temperature), strict=True):
            total += p * ((0.0 if entropy else math.log(p)) - math.log(q))
    return temperature**2 * total / len(rows)


def test_by_calculator() -> None:
    # Teacher 3/4 and 1/4, student 1/2 and 1/2: 3/4 · ln(3/2) + 1/4 · ln(1/2).
    view = View(None, Outputs(torch.zeros(1, 2)), Outputs(torch.tensor([[math.log(3), 0.0]])))
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert LogitKL(regression=False)(view).item() == pytest.approx(expected, rel=1e-6)
    # At temperature 2 the teacher's odds are √3 : 1, and the whole counts four times.
    p = math.sqrt(3) / (math.sqrt(3) + 1)
    expected = 4 * (p * math.log(2 * p) + (1 - p) * math.log(2 * (1 - p)))
    assert LogitKL(regression=False, temperature=2.0)(view).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("entropy", [False, True])
def test_equals_a_slow_loop(temperature: float, entropy: bool) -> None:
    view = view_of(5)
    loss = LogitKL(regression=False, temperature=temperature, teacher_entropy=entropy)
    assert loss(view).item() == pytest.approx(slow(view, temperature, entropy=entropy), rel=1e-5)


def test_is_zero_where_the_student_agrees_and_positive_elsewhere() -> None:
    view = view_of(5)
    loss = LogitKL(regression=False)
    assert loss(View(None, view.student, view.student)).item() == pytest.approx(0, abs=1e-7)
    assert loss(view).item() > 0


def test_the_teacher_s_entropy_changes_nothing_for_the_student() -> None:
    gradients = []
    for entropy in (False, True):
        view = view_of(5)
        logits_BC = view.student.logits_BC.requires_grad_(True)
        LogitKL(regression=False, teacher_entropy=entropy)(view).backward()
        gradients.append(logits_BC.grad)
    torch.testing.assert_close(*gradients)


def test_an_amount_by_calculator() -> None:
    view = View(None, Outputs(torch.tensor([[3.0], [4.0]])), Outputs(torch.tensor([[1.0], [5.0]])))
    assert LogitKL(regression=True)(view).item() == (2**2 + 1**2) / 2


def test_certain_models_do_not_give_nan() -> None:
    view = View(None, Outputs(torch.tensor([[200.0, -200.0]])), Outputs(torch.tensor([[-200.0, 200.0]])))
    assert LogitKL(regression=False)(view).item() == pytest.approx(400)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_of_several_labels_each_is_a_divergence_of_two_chances(temperature: float) -> None:
    teacher, student = torch.tensor([[0.5, -2.0, 1.0]]), torch.tensor([[-1.0, 0.0, 1.0]])
    expected = 0.0
    for t, s in zip(teacher[0].tolist(), student[0].tolist(), strict=True):
        p, q = (1 / (1 + math.exp(-value / temperature)) for value in (t, s))
        expected += p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    loss = LogitKL(regression=False, multi_label=True, temperature=temperature)
    value = loss(View(None, Outputs(student), Outputs(teacher))).item()
    assert value == pytest.approx(temperature**2 * expected / 3, rel=1e-5)
    assert loss(View(None, Outputs(teacher), Outputs(teacher))).item() == pytest.approx(0, abs=1e-7)
