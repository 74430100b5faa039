from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cilda.distill.batch import View
from cilda.distill.layer_choice import LayerChoice
from cilda.distill.losses.crd_memory import CrdMemory
from tests.views import view_of

LABELS_N = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0, 1, 2])


def memory(labels_N: Tensor | None = LABELS_N, *, negatives: int = 6) -> CrdMemory:
    """For the layers of `view_of` and ten training rows."""
    return CrdMemory(
        layers=LayerChoice("all", 2, 3), teacher_width=4, student_width=4, rows=10, labels_N=labels_N, width=5,
        negatives=negatives, temperature=0.5, momentum=0.75, seed=1,
    )  # fmt: skip


def view_on(rows: list[int]) -> View:
    view = view_of(len(rows))
    return View(LABELS_N[rows], view.student, view.teacher, torch.tensor(rows))


def slow(loss: CrdMemory, view: View) -> float:
    """The equation as two loops."""
    assert view.teacher is not None and view.teacher.pooled_BLD is not None and view.student.pooled_BLD is not None
    assert view.rows_B is not None
    total, drawn = 0.0, loss.drawn(view.rows_B)
    for text, (theirs, mine) in enumerate(zip(view.teacher.pooled_BLD, view.student.pooled_BLD, strict=True)):
        u = F.normalize(loss.teacher_map.weight @ theirs.flatten(), dim=0)
        v = F.normalize(loss.student_map.weight @ mine.flatten(), dim=0)
        same = math.exp(float(u @ v) / 0.5)
        others = sum(math.exp(float(u @ loss.memory_NP[row]) / 0.5) for row in drawn[text])
        total -= math.log(same / (same + others))
    return total / len(view.rows_B)


def test_equals_a_slow_loop() -> None:
    loss, view = memory(), view_on([3, 1, 9])
    loss.requires_grad_(False)
    assert loss(view).item() == pytest.approx(slow(loss, view), rel=1e-5)


def test_negatives_are_all_rows_of_other_classes_and_no_others() -> None:
    loss = memory(negatives=500)
    for row, drawn in enumerate(loss.drawn(torch.arange(10))):
        assert set(drawn.tolist()) == set(torch.nonzero(LABELS_N[row] != LABELS_N).flatten().tolist())


@pytest.mark.parametrize("labels_N", [None, torch.zeros(10, dtype=torch.long)])
def test_where_there_are_no_other_classes_all_rows_are_negatives(labels_N: Tensor | None) -> None:
    drawn = memory(labels_N, negatives=500).drawn(torch.tensor([4]))
    assert set(drawn.flatten().tolist()) == set(range(10))


def test_a_row_that_came_by_is_remembered_mixed_with_what_it_was() -> None:
    loss, view = memory(), view_on([3, 1])
    before = loss.memory_NP.clone()
    loss.remember(view)
    now = F.normalize(loss.student_map(view.student.pooled_BLD.flatten(1)), dim=-1)  # type: ignore[union-attr]
    mixed = F.normalize(0.75 * before[[3, 1]] + 0.25 * now, dim=-1)
    torch.testing.assert_close(loss.memory_NP[[3, 1]], mixed)
    others = [row for row in range(10) if row not in (1, 3)]
    assert torch.equal(loss.memory_NP[others], before[others])


def test_draws_change_from_turn_to_turn_and_not_within_one() -> None:
    loss, view = memory(), view_on([0, 5])
    rows = torch.tensor([0, 5])
    first = loss.drawn(rows)
    assert torch.equal(loss.drawn(rows), first)
    loss.remember(view)
    assert not torch.equal(loss.drawn(rows), first)


def test_it_goes_on_from_what_it_has_saved() -> None:
    loss, other, view = memory(), memory(), view_on([0, 5])
    for _ in range(3):
        loss.remember(view)
    other.load_state_dict(loss.state_dict())
    assert other(view).item() == loss(view).item()
    assert torch.equal(other.drawn(torch.tensor([2])), loss.drawn(torch.tensor([2])))
