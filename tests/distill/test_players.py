from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import nn

from cilda.distill.players import Projection, learning, owner_of_projections, stream
from cilda.methods import METHODS
from cilda.methods.recipe import with_weights

OWNERS = {
    ("cilda", "critic"): "critic",
    ("cilda", "ascend"): "generator",
    ("cilda_minild", "critic"): "student",
    ("cilda_minild", "ascend"): "generator",
}


@pytest.mark.parametrize("mode", get_args(Projection))
@pytest.mark.parametrize("name", METHODS)
def test_projections_have_one_owner_or_none(name: str, mode: Projection) -> None:
    assert owner_of_projections(METHODS[name], mode) == OWNERS.get((name, mode))


def test_a_student_that_contrasts_alone_owns_its_projections() -> None:
    alone = with_weights(METHODS["cilda_minild"], {"generator.layer_contrast.soft": 0})
    assert owner_of_projections(alone, "critic") == "student"
    assert owner_of_projections(alone, "ascend") is None


def test_who_learned_is_at_rest_again_also_after_an_error() -> None:
    module = nn.Linear(1, 1)
    seen: list[tuple[bool, bool]] = []
    module.register_forward_pre_hook(lambda *_: seen.append((module.training, module.weight.requires_grad)))
    with learning(module):
        module(torch.ones(1, 1))
    with pytest.raises(RuntimeError, match="cannot be multiplied"), learning(module, dropout=False):
        module(torch.ones(1, 2))
    assert seen == [(True, True), (False, True)]
    assert (module.training, module.weight.requires_grad) == (False, False)


def test_streams_of_different_purposes_and_seeds_are_different() -> None:
    cpu = torch.device("cpu")
    drawn = {
        tuple(torch.rand(4, generator=stream(seed, name, cpu)).tolist())
        for seed in (0, 1, 2, 42, 44, 2**31 - 1)
        for name in ("generator", "student", "students")
    }
    assert len(drawn) == 18
    again = tuple(torch.rand(4, generator=stream(1, "student", cpu)).tolist())
    assert again in drawn
