"""What a turn tells besides its losses."""

from __future__ import annotations

import pytest
import torch

from cilda.distill.batch import Batch, Outputs, SoftTokens, View
from cilda.distill.watching import agreement, changed_fraction


def outputs(*rows: list[float]) -> Outputs:
    return Outputs(torch.tensor(rows))


def test_agreement_is_the_share_of_texts_in_the_same_class() -> None:
    student, teacher = outputs([2, 1], [0, 1], [3, 0], [1, 2]), outputs([9, 1], [0, 9], [0, 1], [0, 5])
    told = agreement({"real": View(None, student, teacher), "soft": View(None, student, student)})
    assert {key: value.item() for key, value in told.items()} == {"agreement.real": 0.75, "agreement.soft": 1.0}


def test_amounts_and_views_without_a_teacher_have_no_agreement() -> None:
    amounts = outputs([2.0], [1.0])
    assert agreement({"real": View(None, amounts, amounts), "soft": View(None, outputs([1, 2]))}) == {}


def test_of_the_drawn_tokens_those_that_came_back_as_they_were_are_not_changed() -> None:
    ids_BT = torch.tensor([[2, 10, 11, 3], [2, 12, 3, 0]])
    batch = Batch(ids_BT, (ids_BT > 0).long(), ids_BT < 4, None)
    rewrite = SoftTokens(batch, drawn_N=torch.tensor([1, 2, 5]), sampled_N=torch.tensor([10, 20, 30]))
    assert changed_fraction(batch, rewrite)["changed_fraction"].item() == pytest.approx(2 / 3)
    nothing = SoftTokens(batch, drawn_N=torch.tensor([], dtype=torch.int64), sampled_N=torch.tensor([]))
    assert changed_fraction(batch, nothing) == changed_fraction(batch, None) == {}
