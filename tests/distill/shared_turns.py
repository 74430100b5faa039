"""A turn of each kind of every method, played by one process, or by several that share the batch.

Run as `python -m tests.distill.shared_turns FOLDER` in each of the processes: what the one of rank R found in all cases
lies then in FOLDER/R.safetensors.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from cilda.distill.losses.loss import Moment
from cilda.distill.players import Projection
from cilda.distill.sharding import shard
from cilda.distill.step import Turns, TurnSettings
from cilda.distill.world import join, world
from cilda.methods import METHODS
from cilda.methods.recipe import Method
from tests.tiny_players import mask_id, tiny_batch, tiny_players, tiny_turns


@dataclass(frozen=True)
class Case:
    """A method on one batch."""

    recipe: Method
    texts: int = 7
    classes: int = 2
    pair: bool = False
    family: str = "bert"
    projection: Projection = "critic"
    at_once: int | None = None
    """Texts at once in all processes together; None for the whole batch."""
    sharded: bool = False
    """Whether the teacher's layers lie in parts on all processes."""
    dropped: bool = False
    """Whether nothing is drawn of some texts, so that a process may have nothing to rewrite."""


CASES: dict[str, Case] = {
    **{name: Case(recipe) for name, recipe in METHODS.items()},
    "roberta": Case(METHODS["cilda"], family="roberta"),
    "ascend": Case(METHODS["cilda_minild"], projection="ascend"),
    "regression": Case(METHODS["cilda"], classes=1),
    "pairs": Case(METHODS["cilda"], texts=8, pair=True),
    "in parts": Case(METHODS["cilda"], at_once=4),
    "in parts, per token": Case(METHODS["tinybert"], texts=8, at_once=4),
    "one text": Case(METHODS["cilda"], texts=1),
    "a part of one text": Case(METHODS["codir"], texts=5, at_once=2),
    "sharded": Case(METHODS["cilda"], sharded=True),
    "sharded, every layer": Case(METHODS["tinybert"], family="modernbert", sharded=True),
    "nothing drawn in a half": Case(METHODS["cilda"], texts=2, dropped=True),
}


class Noted:
    """Stands for an optimiser: it keeps the gradient, and no weight moves."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.parameters = parameters
        self.gradients: list[Tensor] = []

    def step(self) -> Tensor:
        """The gradient's norm."""
        kept = [torch.zeros_like(one) if one.grad is None else one.grad.clone() for one in self.parameters]
        self.gradients.append(torch.cat([one.flatten() for one in kept]))
        for weight in self.parameters:
            weight.grad = None
        norm: Tensor = self.gradients[-1].norm()
        return norm


def found(case: Case) -> dict[str, Tensor]:
    """Scalars, gradients and what was written, of a turn of each kind; of the student's two, in each phase."""
    processes = world().size
    settings = TurnSettings(
        mask_id(case.family),
        projection=case.projection,
        micro_batch=None if case.at_once is None else case.at_once // processes,
    )
    players = tiny_players(case.family, case.recipe, classes=case.classes, dropout=False)
    if case.sharded and processes > 1:
        assert players.teacher is not None
        shard(players.teacher, torch.device("cpu"))
    turns = tiny_turns(case.family, case.recipe, players=players, settings=settings)
    movers = {name: Noted(mover.parameters) for name, mover in turns.optimizers.items()}
    turns.optimizers = movers
    batch = tiny_batch(case.family, case.texts, classes=case.classes, pair=case.pair)
    if case.dropped:
        batch.special_BT[-1] = True
    told: dict[str, Tensor] = {}
    for number, (player, phase) in enumerate(_order(turns)):
        turns.enter(phase, Moment(share=0.4))
        result = turns.generator(batch) if player == "generator" else turns.student(batch)
        values: dict[str, Any] = dict(result.values)
        for sight, view in result.views.items():
            values[f"{sight} logits"] = view.student.logits_BC
            if view.student.pooled_BLD is not None:
                values[f"{sight} layers"] = view.student.pooled_BLD
        if result.rewrite is not None:
            values |= {"written": result.rewrite.batch.ids_BT, "drawn": result.rewrite.drawn_N}
            if result.rewrite.surprise_N is not None:
                values["surprise"] = result.rewrite.surprise_N
        told |= {f"{number} {player} {key}": value.detach().clone().contiguous() for key, value in values.items()}
    for name, mover in movers.items():
        told |= {f"{name} gradient {number}": gradient for number, gradient in enumerate(mover.gradients)}
    return told | {f"losses {key}": value.clone() for key, value in players.losses.state_dict().items()}


def _order(turns: Turns) -> list[tuple[str, int]]:
    """The generator first; each phase of the student twice: what the first turn left is seen in the second."""
    student = [("student", 1 + phase) for phase in range(turns.recipe.phases) for _ in range(2)]
    return [("generator", 1), *student] if "generator" in turns.players_in_turn else student


def difference(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    """The largest difference of two numbers under the same name, in parts of the larger one where that exceeds 1."""
    assert first.keys() == second.keys(), first.keys() ^ second.keys()
    worst = 0.0
    for key, one in first.items():
        other = second[key]
        assert one.shape == other.shape, (key, one.shape, other.shape)
        if one.numel():
            scale = one.double().abs().max().clamp(min=1)
            worst = max(worst, float((one.double() - other.double()).abs().max() / scale))
    return worst


def main(folder: Path) -> None:
    """All cases, in this process's part."""
    torch.set_num_threads(1)
    os.environ["FSDP_VERSION"] = "2"
    rank = join(cpu=True).rank
    told = {f"{name}: {key}": value for name, case in CASES.items() for key, value in found(case).items()}
    save_file(told, folder / f"{rank}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
