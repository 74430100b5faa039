from __future__ import annotations

import math

import pytest
import torch

from cilda.distill.batch import Outputs, View
from cilda.distill.losses.hard_label import HardLabel
from cilda.tasks.rows import NO_CLASS
from tests.views import view_of


def test_by_calculator() -> None:
    # Odds of 3 : 1 for the right class: −ln 3/4; odds of 1 : 1: ln 2. Their mean.
    logits_BC = torch.tensor([[math.log(3), 0.0], [2.0, 2.0]])
    view = View(torch.tensor([0, 1]), Outputs(logits_BC))
    assert HardLabel(regression=False)(view).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, rel=1e-6)


def test_an_amount_by_calculator() -> None:
    view = View(torch.tensor([1.0, 5.0]), Outputs(torch.tensor([[3.0], [4.0]])))
    assert HardLabel(regression=True)(view).item() == (2**2 + 1**2) / 2


def test_equals_a_slow_loop() -> None:
    view = view_of(6)
    assert view.labels_B is not None
    total = 0.0
    for label, row in zip(view.labels_B.tolist(), view.student.logits_BC.tolist(), strict=True):
        total -= row[label] - math.log(sum(math.exp(value) for value in row))
    assert HardLabel(regression=False)(view).item() == pytest.approx(total / 6, rel=1e-6)


def test_a_text_without_a_label_adds_nothing_and_counts_as_a_text() -> None:
    logits_BC = torch.tensor([[2.0, 0.0], [0.0, 1.0], [5.0, 5.0]], requires_grad=True)
    loss = HardLabel(regression=False)(View(torch.tensor([0, NO_CLASS, NO_CLASS]), Outputs(logits_BC)))
    alone = HardLabel(regression=False)(View(torch.tensor([0]), Outputs(logits_BC[:1])))
    assert loss.item() == pytest.approx(alone.item() / 3)
    loss.backward()
    assert logits_BC.grad is not None and not logits_BC.grad[1:].any()
    amounts = torch.tensor([1.0, torch.nan])
    predicted = torch.tensor([[3.0], [100.0]], requires_grad=True)
    regression = HardLabel(regression=True)(View(amounts, Outputs(predicted)))
    assert regression.item() == pytest.approx(2.0)
    regression.backward()
    assert predicted.grad is not None and predicted.grad[1].item() == 0 and predicted.grad.isfinite().all()
    nothing = HardLabel(regression=False)(View(torch.tensor([NO_CLASS]), Outputs(torch.zeros(1, 2))))
    assert nothing.item() == 0


def test_of_several_labels_each_is_right_or_wrong_by_itself() -> None:
    logits_BC = torch.tensor([[0.0, math.log(3)], [5.0, 5.0]], requires_grad=True)
    view = View(torch.tensor([[1.0, 0.0], [torch.nan, torch.nan]]), Outputs(logits_BC))
    loss = HardLabel(regression=False, multi_label=True)(view)
    # Chances of 1/2 and 3/4; the second text's labels nobody knows.
    assert loss.item() == pytest.approx((math.log(2) - math.log(1 / 4)) / 4)
    loss.backward()
    assert logits_BC.grad is not None and not logits_BC.grad[1].any()
