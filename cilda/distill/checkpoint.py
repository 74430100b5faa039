"""Everything a trainer needs to go on, as safetensors and JSON: no pickles."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from cilda.distill.disk import writing
from cilda.errors import CildaError

Tree = dict[str, Any]
Memory = tuple[int, torch.dtype, tuple[int, ...], tuple[int, ...]]


def save_checkpoint(folder: Path, name: str, state: Mapping[str, Tree]) -> Path:
    """Writes `state` as `folder/name`: first under a temporary name, synced, then renamed.

    Each entry becomes `<entry>.safetensors` with its tensors and `<entry>.json` with the rest; trees of dicts and lists
    are allowed. An unfinished write leaves nothing that a reader would take for a checkpoint.

    Raises:
        CildaError: the disk refused; the half that was written is gone, what lay there before is still there.
    """
    final, unfinished = folder / name, folder / f".{name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with writing(final):
            _write(unfinished, state)
            if final.exists():
                remove_checkpoint(final)
            unfinished.rename(final)
            _sync(folder)
    except CildaError:
        # Room for the events that tell of it.
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return final


def remove_checkpoint(path: Path) -> None:
    """Takes a checkpoint away so that at no instant half of one lies under its name; one that is gone stays gone.

    A run that goes on from an earlier state meets that: its best may have been taken away after that state was written.
    """
    gone = path.with_name(f".{path.name}.removed")
    shutil.rmtree(gone, ignore_errors=True)
    with suppress(FileNotFoundError):
        path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def load_checkpoint(path: Path) -> dict[str, Tree]:
    """What `save_checkpoint` wrote.

    Raises:
        CildaError: the folder is not a checkpoint, or a file in it is damaged.
    """
    try:
        parts = sorted(path.glob("*.json"))
        if not parts:
            raise FileNotFoundError("it holds no files of one")
        return {
            part.stem: _with_tensors(
                json.loads(part.read_text(encoding="utf-8")), load_file(part.with_suffix(".safetensors"))
            )
            for part in parts
        }
    except (OSError, ValueError, SafetensorError) as error:
        raise CildaError(f"{path} is not a whole checkpoint: {error}", "go on from an earlier one") from error


def _write(unfinished: Path, state: Mapping[str, Tree]) -> None:
    """All files of a checkpoint, synced."""
    unfinished.mkdir(parents=True)
    for entry, tree in state.items():
        tensors: dict[str, Tensor] = {}
        rest = _without_tensors(tree, "", tensors, {})
        save_file(tensors, unfinished / f"{entry}.safetensors")
        (unfinished / f"{entry}.json").write_text(json.dumps(rest), encoding="utf-8")
    for path in (*unfinished.iterdir(), unfinished):
        _sync(path)


def _without_tensors(tree: Any, path: str, tensors: dict[str, Tensor], places: dict[Memory, str]) -> Any:
    """The tree with each tensor moved to `tensors` and its name in its place. Keys that are numbers are marked."""
    if isinstance(tree, Tensor):
        # A tied weight is written once: a generator's vocabulary matrix goes by three names.
        memory = (tree.data_ptr(), tree.dtype, tuple(tree.shape), tree.stride())
        name = places.setdefault(memory, path) if tree.numel() else path
        if name == path:
            # A copy, since the format refuses tensors that share memory in part.
            tensors[path] = tree.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(tree, Mapping):
        return {
            "pairs": [[key, _without_tensors(value, f"{path}/{key}", tensors, places)] for key, value in tree.items()]
        }
    if isinstance(tree, list | tuple):
        return {
            "items": [_without_tensors(value, f"{path}/{place}", tensors, places) for place, value in enumerate(tree)]
        }
    return {"value": tree}


def _with_tensors(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The inverse of `_without_tensors`; tuples come back as lists."""
    if "tensor" in tree:
        return tensors[tree["tensor"]]
    if "pairs" in tree:
        return {key: _with_tensors(value, tensors) for key, value in tree["pairs"]}
    if "items" in tree:
        return [_with_tensors(value, tensors) for value in tree["items"]]
    return tree["value"]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def random_states(streams: Mapping[str, torch.Generator]) -> Tree:
    """Every random state a run depends on: the global ones, and the named streams."""
    states: Tree = {
        "streams": {name: stream.get_state() for name, stream in streams.items()},
        "cpu": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def restore_random_states(states: Tree, streams: Mapping[str, torch.Generator]) -> None:
    """Takes up states given by `random_states`."""
    for name, stream in streams.items():
        stream.set_state(states["streams"][name])
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
