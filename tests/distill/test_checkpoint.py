from __future__ import annotations

import copy
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor

from cilda.distill.checkpoint import load_checkpoint, remove_checkpoint, save_checkpoint
from cilda.distill.players import Players, Projection
from cilda.distill.step import TurnSettings
from cilda.distill.trainer import Best, Trainer
from cilda.errors import CildaError
from cilda.methods import METHODS
from cilda.methods.recipe import Method
from cilda.runs.events import Event
from tests.tiny_players import mask_id, tiny_batch, tiny_players
from tests.tiny_trainer import tiny_trainer

tensors = st.sampled_from([
    torch.tensor(1.5),
    torch.zeros(0),
    torch.arange(6).view(2, 3).T,
    torch.tensor([float("nan"), float("-inf")]),
    torch.tensor([1.25, -3.0], dtype=torch.bfloat16),
    torch.arange(5, dtype=torch.uint8)[::2],
    torch.tensor([True, False]),
])  # fmt: skip
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.integers() | st.text()
trees = st.recursive(
    plain | tensors, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def same(one: Any, other: Any) -> bool:
    """Equal trees; tensors bit for bit."""
    if isinstance(one, Tensor):
        return (
            isinstance(other, Tensor)
            and (one.dtype, one.shape) == (other.dtype, other.shape)
            and torch.equal(one.nan_to_num(7), other.nan_to_num(7))
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=st.dictionaries(keys, trees, max_size=4))
def test_any_tree_comes_back_as_it_was(tree: dict[Any, Any], tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, "some", {"entry": tree, "empty": {}})
    back = load_checkpoint(path)
    assert same(back["entry"], tree)
    assert back["empty"] == {}


def test_weights_that_share_memory_come_back_under_both_names(tmp_path: Path) -> None:
    weight = torch.randn(4, 3)
    back = load_checkpoint(
        save_checkpoint(tmp_path, "tied", {"model": {"one": weight, "two": weight, "part": weight[1:]}})
    )
    assert torch.equal(back["model"]["one"], weight) and torch.equal(back["model"]["two"], weight)
    assert torch.equal(back["model"]["part"], weight[1:])


def test_a_tied_weight_is_written_once(tmp_path: Path) -> None:
    generator = tiny_players("bert", METHODS["cilda"]).generator
    assert generator is not None
    state = generator.state_dict()
    path = save_checkpoint(tmp_path, "tied", {"generator": state})
    written = load_file(path / "generator.safetensors")
    assert sum(tensor.numel() for tensor in written.values()) == sum(
        weight.numel() for weight in generator.parameters()
    )
    assert same(dict(load_checkpoint(path)["generator"]), dict(state))


def test_a_checkpoint_is_replaced_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    for value in (1, 2):
        save_checkpoint(tmp_path, "last", {"position": {"turn": value}, f"only-{value}": {}})
    assert [path.name for path in tmp_path.iterdir()] == ["last"]
    assert load_checkpoint(tmp_path / "last") == {"position": {"turn": 2}, "only-2": {}}


def test_what_an_interrupted_write_left_is_no_checkpoint_and_no_hindrance(tmp_path: Path) -> None:
    left = tmp_path / ".last.unfinished"
    left.mkdir()
    (left / "half.safetensors").write_bytes(b"half")
    save_checkpoint(tmp_path, "last", {"position": {"turn": 1}})
    assert list(load_checkpoint(tmp_path / "last")) == ["position"]


@pytest.mark.parametrize("damage", ["cut", "missing", "words"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: str) -> None:
    path = save_checkpoint(tmp_path, "last", {"model": {"weight": torch.zeros(100)}})
    weights = path / "model.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-10])
    elif damage == "missing":
        weights.unlink()
    else:
        (path / "model.json").write_text("{", encoding="utf-8")
    with pytest.raises(CildaError, match="is not a whole checkpoint"):
        load_checkpoint(path)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CildaError, match="is not a whole checkpoint"):
            load_checkpoint(path)


def test_removing_what_is_gone_already_is_no_accident(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, "last", {"position": {}})
    remove_checkpoint(path)
    remove_checkpoint(path)
    assert list(tmp_path.iterdir()) == []


def fresh_players(recipe: Method) -> Players:
    """The same teacher, which comes from its own folder; all others begin elsewhere."""
    return replace(tiny_players("bert", recipe, seed=40), teacher=tiny_players("bert", recipe).teacher)


def play(trainer: Trainer, student_turns: int) -> None:
    """Goes on for so many student turns, with the generator's between them."""
    goal = trainer.done["student"] + student_turns
    while trainer.done["student"] < goal:
        player = trainer.cycle.player(trainer.done["generator"], trainer.done["student"])
        assert player is not None
        trainer.play(player)


CASES: list[tuple[str, Projection]] = [("finetune", "critic"), ("cilda", "critic"), ("cilda_minild", "ascend")]


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_a_run_that_was_killed_goes_on_bit_for_bit(tmp_path: Path, name: str, projection: Projection) -> None:
    """Five turns, a kill in the middle of an epoch and of a cycle, a fresh start from the disk, four turns: as nine."""
    recipe, turn = METHODS[name], TurnSettings(mask_id("bert"), projection=projection, generator_dropout=True)
    whole = tiny_trainer(tmp_path, recipe, name="whole", turn=turn)
    play(whole, 9)
    expected = as_lists(copy.deepcopy(whole.state()))
    killed = tiny_trainer(tmp_path, recipe, name="killed", turn=turn)
    play(killed, 5)
    path = save_checkpoint(tmp_path, "kept", killed.state())
    del killed
    torch.manual_seed(99)
    again = tiny_trainer(tmp_path, recipe, name="again", turn=turn, players=fresh_players(recipe))
    again.load_state(load_checkpoint(path))
    assert again.done["student"] == 5
    play(again, 4)
    assert same(as_lists(again.state()), expected)
    # And the objective of the next turns, both players'.
    for player in ["generator", "student"] if recipe.generator else ["student"]:
        values = []
        for trainer in (whole, again):
            torch.set_rng_state(expected["random"]["cpu"])
            result = getattr(trainer.turns, player)(tiny_batch("bert"))
            values.append({key: value.item() for key, value in result.values.items()})
        assert values[0] == values[1]


def as_lists(tree: Any) -> Any:
    """Tuples as lists, as the disk brings them back."""
    if isinstance(tree, dict):
        return {key: as_lists(value) for key, value in tree.items()}
    return [as_lists(value) for value in tree] if isinstance(tree, list | tuple) else tree


def test_a_whole_run_goes_on_from_its_own_checkpoint(tmp_path: Path) -> None:
    """The checkpoint that `run` wrote at turn 3 leads to the same best and the same student as never stopping."""
    kept = tmp_path / "kept"

    def copied(event: Event) -> None:
        if event["kind"] == "checkpoint" and event["turn"] == 3:
            shutil.copytree(whole.writer.folder.checkpoints, kept)

    whole = tiny_trainer(tmp_path, METHODS["cilda"], name="whole")
    whole.writer._listeners.append(copied)
    best = whole.run()
    expected = as_lists(copy.deepcopy(whole.state()))
    again = tiny_trainer(tmp_path, METHODS["cilda"], name="again", players=fresh_players(METHODS["cilda"]))
    shutil.copytree(kept, again.writer.folder.checkpoints, dirs_exist_ok=True)
    (path,) = again.writer.folder.checkpoints.glob("step-*")
    again.load_state(load_checkpoint(path))
    assert isinstance(again.best, Best) and not math.isnan(again.best.score)
    assert again.run() == best
    assert same(as_lists(again.state()), expected)
