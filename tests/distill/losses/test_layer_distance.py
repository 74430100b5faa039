from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
from torch import Tensor

from cilda.distill.layer_choice import LayerChoice
from cilda.distill.losses.layer_distance import LayerDistance
from cilda.distill.losses.loss import Moment
from tests.views import view_of


def distance(
    form: Literal["layerwise", "concatenated"], *, layers: str = "all", student_width: int = 4
) -> LayerDistance:
    """For the layers of `view_of`: 3 of the teacher and 2 of the student, of width 4."""
    return LayerDistance(
        layers=LayerChoice(layers, 2, 3), teacher_width=4, student_width=student_width, form=form, width=5
    )


def unit(vector: Tensor) -> list[float]:
    length = math.sqrt(sum(value**2 for value in vector.tolist()))
    return [value / length for value in vector.tolist()]


def squared(one: list[float], other: list[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def test_layer_by_layer_it_is_a_slow_loop() -> None:
    view = view_of(5)
    assert view.teacher is not None and view.teacher.pooled_BLD is not None and view.student.pooled_BLD is not None
    total = 0.0
    for theirs, mine in zip(view.teacher.pooled_BLD, view.student.pooled_BLD, strict=True):
        for student, teacher in ((0, 1), (1, 2)):
            total += squared(unit(theirs[teacher]), unit(mine[student]))
    assert distance("layerwise", layers="1:2,2:3")(view).item() == pytest.approx(total / (5 * 2), rel=1e-5)


def test_side_by_side_it_is_a_slow_loop() -> None:
    view, loss = view_of(5), distance("concatenated", layers="1:1,1:3")
    assert view.teacher is not None and view.teacher.pooled_BLD is not None and view.student.pooled_BLD is not None
    total = 0.0
    for theirs, mine in zip(view.teacher.pooled_BLD, view.student.pooled_BLD, strict=True):
        u = unit(loss.teacher_map.weight @ torch.cat([theirs[0], theirs[2]]))  # type: ignore[operator]
        v = unit(loss.student_map.weight @ mine[0])
        total += squared(u, v)
    assert loss(view).item() == pytest.approx(total / 5, rel=1e-5)


def test_equal_layers_have_no_distance_and_opposite_ones_four() -> None:
    view = view_of(3, student_layers=3)
    assert view.teacher is not None and view.teacher.pooled_BLD is not None
    loss = LayerDistance(layers=LayerChoice("all", 3, 3), teacher_width=4, student_width=4)
    for factor, expected in ((2.0, 0.0), (-0.5, 4.0)):
        object.__setattr__(view.student, "pooled_BLD", factor * view.teacher.pooled_BLD)
        assert loss(view).item() == pytest.approx(expected, abs=1e-5)


def test_a_map_is_learned_only_where_the_widths_differ() -> None:
    assert not list(distance("layerwise").parameters())
    assert [weight.shape for weight in distance("layerwise", student_width=3).parameters()] == [(4, 3), (4,)]


def test_a_random_map_follows_the_epoch() -> None:
    loss = LayerDistance(layers=LayerChoice("random", 3, 12), teacher_width=4, student_width=4)
    drawn = []
    for epoch in range(9):
        loss.enter(Moment(epoch))
        drawn.append(loss.layers.pairs)
    assert len(set(drawn)) > 1
    loss.enter(Moment(2))
    assert loss.layers.pairs == drawn[2]
