"""Layers compiled in place: the same turns, the same names, and a way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch._dynamo as dynamo
from torch import Tensor
from torch.fx import GraphModule

from cilda.distill import compiling
from cilda.distill.compiling import compile_layers, graphs_made
from cilda.distill.players import Players
from cilda.distill.step import Turns
from cilda.distill.trainer import Trainer
from cilda.methods import METHODS
from cilda.runs.control import RunStopped
from tests.tiny_players import tiny_tokenized, tiny_turns
from tests.tiny_trainer import fresh_players, orders_of, tiny_trainer

# Inductor brings it along where it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
BATCHES = ([0, 1, 2], [3, 4, 5, 6], [7], [8, 9])


@pytest.fixture(autouse=True)
def _forget() -> None:
    dynamo.reset()


def played(turns: Turns, family: str) -> list[dict[str, Tensor]]:
    """What turns of all kinds tell, on batches of several sizes."""
    torch.manual_seed(0)
    rows = tiny_tokenized(family, 12)
    told = []
    for place, positions in enumerate(BATCHES):
        if "generator" in turns.players_in_turn:
            told.append(turns.generator(rows.batch(positions)).values)
        told.append(turns.student(rows.batch(positions), norms_by_term=place == 1).values)
    return told


def hold(told: list[dict[str, Tensor]], expected: list[dict[str, Tensor]]) -> None:
    """Both are the same to rounding."""
    for one, other in zip(told, expected, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            torch.testing.assert_close(one[key], other[key], rtol=1e-4, atol=1e-5, msg=key)


@pytest.mark.long
@pytest.mark.parametrize(("name", "family"), [("cilda", "bert"), ("finetune", "modernbert")])
def test_turns_are_those_of_the_layers_as_they_are(name: str, family: str) -> None:
    """As far as tracing goes; the arithmetic of compiled code is held against ours below."""
    turns, plain = tiny_turns(family, METHODS[name]), tiny_turns(family, METHODS[name])
    names = set(turns.players.student.state_dict())
    said: list[str] = []
    before = graphs_made()
    assert compile_layers(turns, tiny_tokenized(family, 12), said.append, backend="eager") is not None
    hold(played(turns, family), played(plain, family))
    assert (said, set(turns.players.student.state_dict())) == ([], names)
    assert graphs_made() > before


def test_layers_that_give_attention_maps_are_left_alone_and_that_is_said() -> None:
    turns, plain = tiny_turns("bert", METHODS["tinybert"]), tiny_turns("bert", METHODS["tinybert"])
    said: list[str] = []
    before = graphs_made()
    assert compile_layers(turns, tiny_tokenized("bert", 12), said.append, backend="eager") is None
    hold(played(turns, "bert"), played(plain, "bert"))
    assert graphs_made() == before and len(said) == 1 and "attention maps" in said[0]


@pytest.mark.long
def test_compiled_turns_are_ours_to_rounding() -> None:
    turns, plain = tiny_turns("bert", METHODS["kd"]), tiny_turns("bert", METHODS["kd"])
    said: list[str] = []
    assert compile_layers(turns, tiny_tokenized("bert", 12), said.append) is not None
    hold(played(turns, "bert"), played(plain, "bert"))
    assert said == []


def test_a_layer_that_cannot_be_compiled_in_mid_run_gives_all_layers_their_own_code_back() -> None:
    """Nothing is drawn twice: the turns are those that were never compiled."""
    turns, plain = tiny_turns("bert", METHODS["kd"]), tiny_turns("bert", METHODS["kd"])
    said: list[str] = []
    graphs: list[GraphModule] = []

    def backend(graph: GraphModule, _inputs: object) -> Any:
        graphs.append(graph)
        if len(graphs) > 2:
            raise RuntimeError("no room for a third graph\nand more of it")
        return graph.forward

    # A single text is a case of its own.
    assert compile_layers(turns, tiny_tokenized("bert", 12), said.append, backend=backend) is not None
    hold(played(turns, "bert"), played(plain, "bert"))
    (what,) = said
    assert what.startswith("compiling failed, and the run goes on without: ") and "no room" in what and "\n" not in what
    for player in (turns.players.teacher, turns.players.student):
        assert player is not None
        assert all("forward" not in module.__dict__ for module in player.model.modules())


def test_beyond_the_limit_of_graphs_layers_are_played_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_MOST_GRAPHS", 2)
    turns, plain = tiny_turns("bert", METHODS["cilda"]), tiny_turns("bert", METHODS["cilda"])
    before = graphs_made()
    compile_layers(turns, tiny_tokenized("bert", 12), pytest.fail, backend="eager")
    hold(played(turns, "bert"), played(plain, "bert"))
    assert graphs_made() - before <= 2


def test_a_run_with_compiled_layers_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """What is saved has the names that it has without; the run that goes on ends like the one that never stopped."""
    recipe = METHODS["cilda"]

    def trainer(name: str, attempt: int = 1, players: Players | None = None) -> Trainer:
        made = tiny_trainer(tmp_path, recipe, name=name, attempt=attempt, players=players)
        assert compile_layers(made.turns, made.streams["student"].rows, pytest.fail, backend="eager") is not None
        return made

    whole = trainer("whole")
    whole.run()
    first = trainer("again")
    orders_of(first).interrupt("SIGTERM")
    with pytest.raises(RunStopped):
        first.run()
    again = trainer("again", 2, fresh_players(recipe))
    again.run()
    for mine, expected in zip(
        again.players.student.state_dict().items(), whole.players.student.state_dict().items(), strict=True
    ):
        assert mine[0] == expected[0] and torch.equal(mine[1], expected[1])
