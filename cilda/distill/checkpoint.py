"""Everything a trainer needs to go on, as safetensors and JSON with their hashes: no pickles."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from cilda.distill.disk import writing
from cilda.distill.manifest import MANIFEST, VERSION, damaged, listed_files, sealed, whole_bytes
from cilda.errors import CildaError
from cilda.runs.atomic import sync_folder

Tree = dict[str, Any]
Memory = tuple[int, torch.dtype, tuple[int, ...], tuple[int, ...]]


def save_checkpoint(folder: Path, name: str, state: Mapping[str, Tree], *, needs: Iterable[str] = ()) -> Path:
    """Writes `state` as `folder/name`: first under a temporary name, synced, then renamed.

    Each entry becomes `<entry>.safetensors` with its tensors and `<entry>.json` with the rest; trees of dicts and lists
    are allowed. The manifest, written last, holds each file's size and hash, and which other checkpoints in the folder
    are of no less use to who loads this one: `needs`. An unfinished write leaves nothing that a reader would take for
    a checkpoint.

    Raises:
        CildaError: the disk refused; the half that was written is gone, what lay there before is still there.
    """
    final, unfinished = folder / name, folder / f".{name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with writing(final):
            _write(unfinished, state, needs)
            if final.exists():
                remove_checkpoint(final)
            unfinished.rename(final)
            sync_folder(folder)
    except CildaError:
        # Room for the events that tell of it.
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return final


def remove_checkpoint(path: Path) -> None:
    """Takes a checkpoint away so that at no instant half of one lies under its name; one that is gone stays gone."""
    gone = path.with_name(f".{path.name}.removed")
    shutil.rmtree(gone, ignore_errors=True)
    with suppress(FileNotFoundError):
        path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def load_checkpoint(path: Path) -> dict[str, Tree]:
    """What `save_checkpoint` wrote, every byte of it compared with the manifest.

    Raises:
        DamageError: the folder is not a checkpoint, or not as it was written; the message names the file.
        CildaError: a newer version wrote it.
    """
    files = listed_files(path)
    entries = sorted(name.removesuffix(".json") for name in files if name.endswith(".json"))
    return {entry: _entry(path, entry, files) for entry in entries}


def load_entry(path: Path, entry: str) -> Tree:
    """One entry of a checkpoint, without reading the others; every byte of it compared with the manifest.

    Raises:
        DamageError: as `load_checkpoint`; or there is no such entry.
        CildaError: a newer version wrote it.
    """
    files = listed_files(path)
    if f"{entry}.json" not in files:
        raise damaged(path, f"it has no {entry}")
    return _entry(path, entry, files)


def _entry(path: Path, entry: str, files: Mapping[str, Any]) -> Tree:
    """A tree with its tensors in their places."""
    name = f"{entry}.json"
    try:
        rest = json.loads(whole_bytes(path, name, files))
        # Read, not mapped: an optimiser may hold on to these tensors when the file is long gone.
        tree: Tree = _with_tensors(rest, safetensors.torch.load(whole_bytes(path, f"{entry}.safetensors", files)))
    except (KeyError, ValueError, SafetensorError) as error:
        raise damaged(path, f"{name} does not lead to its tensors ({error})") from error
    return tree


def _write(unfinished: Path, state: Mapping[str, Tree], needs: Iterable[str]) -> None:
    """All files of a checkpoint, synced, the manifest last."""
    # Not its parents: where a file system has gone, nothing is written to what lay below it.
    unfinished.parent.mkdir(exist_ok=True)
    unfinished.mkdir()
    files = {}
    for entry, tree in state.items():
        tensors: dict[str, Tensor] = {}
        rest = _without_tensors(tree, "", tensors, {})
        data, words = unfinished / f"{entry}.safetensors", unfinished / f"{entry}.json"
        safetensors.torch.save_file(tensors, data)
        words.write_text(json.dumps(rest), encoding="utf-8")
        for path in (data, words):
            assert path.name != MANIFEST
            files[path.name] = {"bytes": path.stat().st_size, "sha256": _synced_hash(path)}
    manifest = unfinished / MANIFEST
    manifest.write_bytes(sealed({"v": VERSION, "needs": list(needs), "files": files}))
    _synced_hash(manifest)
    sync_folder(unfinished)


def _synced_hash(path: Path) -> str:
    # SHA-256: 2.0 GB/s where the processor has instructions for it, against 1.4 of BLAKE2b.
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        for device, state in enumerate(states["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(state, device)
