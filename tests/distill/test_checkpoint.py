from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from cilda.distill.checkpoint import Tree, load_checkpoint, remove_checkpoint, save_checkpoint
from cilda.distill.manifest import MANIFEST, DamageError, needs_of
from cilda.errors import CildaError
from cilda.methods import METHODS
from tests.tiny_players import tiny_players
from tests.trees import same

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


def written(folder: Path) -> Path:
    """A checkpoint of two entries, small enough to try every byte of it."""
    state: dict[str, Tree] = {
        "model": {"weight": torch.arange(40.0), "turn": 3},
        "random": {"cpu": torch.arange(9, dtype=torch.uint8)},
    }
    return save_checkpoint(folder, "last", state, needs=["best"])


def test_a_flipped_bit_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    path = written(tmp_path)
    files = sorted(path.iterdir())
    assert [file.name for file in files] == [
        MANIFEST, "model.json", "model.safetensors", "random.json", "random.safetensors"
    ]  # fmt: skip
    for file in files:
        whole = file.read_bytes()
        for place in range(len(whole)):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << place % 8
            file.write_bytes(damaged)
            with pytest.raises(DamageError, match=re.escape(file.name)):
                load_checkpoint(path)
        file.write_bytes(whole)
    assert torch.equal(load_checkpoint(path)["model"]["weight"], torch.arange(40.0))
    assert needs_of(path) == ["best"]


@pytest.mark.parametrize("name", [MANIFEST, "model.json", "model.safetensors", "random.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "grown", "empty", "missing", "folder"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, damage: str) -> None:
    path = written(tmp_path)
    file = path / name
    whole = file.read_bytes()
    file.unlink()
    if damage == "folder":
        file.mkdir()
    elif damage != "missing":
        file.write_bytes({"cut": whole[:-1], "grown": whole + b" ", "empty": b""}[damage])
    with pytest.raises(DamageError, match=f"last is not a whole checkpoint: .*{re.escape(name)}"):
        load_checkpoint(path)


def test_a_file_that_does_not_belong_to_it_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path)
    (path / "generator.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DamageError, match=r"generator\.json does not belong to it"):
        load_checkpoint(path)


def test_a_checkpoint_of_a_newer_version_is_refused_as_such(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    del content["sha256"]
    content["v"] = 2
    said = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    (path / MANIFEST).write_text(json.dumps({**content, "sha256": said}, indent=1), encoding="utf-8")
    with pytest.raises(CildaError, match="a newer cilda wrote") as caught:
        load_checkpoint(path)
    assert not isinstance(caught.value, DamageError)


def test_a_folder_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DamageError, match=r"has no checkpoint\.json: it is none, or from before"):
        load_checkpoint(tmp_path)
    with pytest.raises(DamageError, match="is not there"):
        load_checkpoint(tmp_path / "nowhere")


def test_removing_what_is_gone_already_is_no_accident(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, "last", {"position": {}})
    remove_checkpoint(path)
    remove_checkpoint(path)
    assert list(tmp_path.iterdir()) == []
