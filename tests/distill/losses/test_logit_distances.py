"""logit_mse, and annealed_mse, which is the same with a teacher that begins small."""

from __future__ import annotations

import pytest
import torch

from cilda.distill.batch import Outputs, View
from cilda.distill.losses.annealed_mse import AnnealedMSE
from cilda.distill.losses.logit_mse import LogitMSE
from cilda.distill.losses.loss import Moment

VIEW = View(None, Outputs(torch.tensor([[1.0, 2.0], [0.0, 0.0]])), Outputs(torch.tensor([[3.0, 2.0], [0.0, 4.0]])))


def test_logit_mse_by_calculator() -> None:
    assert LogitMSE()(VIEW).item() == pytest.approx((4 + 0 + 0 + 16) / 4)


@pytest.mark.parametrize(
    ("share", "expected"),
    # The teacher's logits at 1/4, 2/4, and 4/4 of their size.
    [(0.0, (0.25**2 + 1.5**2 + 1) / 4), (0.25, (0.5**2 + 1 + 4) / 4), (0.999, 5.0), (1.0, 5.0)],
)
def test_annealed_mse_by_calculator(share: float, expected: float) -> None:
    loss = AnnealedMSE(steps=4)
    loss.enter(Moment(share=share))
    assert loss(VIEW).item() == pytest.approx(expected)


def test_the_steps_are_equal_parts_of_the_phase() -> None:
    loss, steps = AnnealedMSE(steps=10), []
    for turn in range(100):
        loss.enter(Moment(share=turn / 100))
        steps.append(loss.step)
    assert steps == sorted(steps) and [steps.count(step) for step in range(1, 11)] == [10] * 10
