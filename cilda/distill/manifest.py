"""What a checkpoint's manifest says, and whether the files beside it are those that were written: no torch."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cilda.errors import CildaError

MANIFEST = "checkpoint.json"
VERSION = 1

_PIECE_BYTES = 16 * 1024 * 1024


class DamageError(CildaError):
    """A folder that is no whole checkpoint: something is missing, cut, added or changed."""


def needs_of(path: Path) -> list[str]:
    """Which other checkpoints one needs, by its manifest.

    Raises:
        DamageError: the manifest is missing, or not as it was written.
        CildaError: a newer version wrote it.
    """
    needs: list[str] = _read(path)["needs"]
    return needs


def listed_files(path: Path) -> dict[str, Any]:
    """The sizes and hashes of a checkpoint's files by name, all of which are there, and no others.

    Raises:
        DamageError: the manifest or a file is missing, or one is there that does not belong to it.
        CildaError: a newer version wrote it.
    """
    files: dict[str, Any] = _read(path)["files"]
    try:
        present = {entry.name for entry in path.iterdir()} - {MANIFEST}
    except OSError as error:
        raise damaged(path, str(error.strerror or error)) from error
    for name in sorted(present ^ files.keys()):
        raise damaged(path, f"{name} is missing" if name in files else f"{name} does not belong to it")
    return files


def refuse_damaged(path: Path, until: float) -> None:
    """Compares the files of a checkpoint, and of those that it needs, with their manifests, without loading them.

    Names and sizes always; hashes until the monotonic clock says `until`, those of the smallest files first.

    Raises:
        DamageError: what is damaged.
        CildaError: a newer version wrote it.
    """
    for folder in (path, *(path.with_name(name) for name in needs_of(path))):
        files = listed_files(folder)
        for name in sorted(files, key=lambda name: int(files[name]["bytes"])):
            _compare(folder, name, files[name], until)


def whole_bytes(path: Path, name: str, files: Mapping[str, Any]) -> bytes:
    """A file's bytes, if they are those that were written.

    Raises:
        DamageError: they are not.
    """
    told = files[name]
    try:
        data = (path / name).read_bytes()
    except OSError as error:
        raise damaged(path, f"{name} cannot be read: {error.strerror or error}") from error
    if len(data) != told["bytes"]:
        raise damaged(path, f"{name} has {len(data):,} bytes instead of {told['bytes']:,}")
    if hashlib.sha256(data).hexdigest() != told["sha256"]:
        raise damaged(path, f"{name} is not as it was written")
    return data


def sealed(content: Mapping[str, Any]) -> bytes:
    """A manifest's bytes, with the hash of what it says in it."""
    said = json.dumps(content, sort_keys=True)
    return json.dumps({**content, "sha256": hashlib.sha256(said.encode()).hexdigest()}, indent=1).encode()


def damaged(path: Path, why: str) -> DamageError:
    """The error that says why a folder is no whole checkpoint."""
    return DamageError(f"{path} is not a whole checkpoint: {why}", "go on from an earlier one")


def _compare(path: Path, name: str, told: Mapping[str, Any], until: float) -> None:
    digest = hashlib.sha256()
    try:
        size = (path / name).stat().st_size
        if size != told["bytes"]:
            raise damaged(path, f"{name} has {size:,} bytes instead of {told['bytes']:,}")
        with (path / name).open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                if time.monotonic() > until:
                    return
                digest.update(piece)
    except OSError as error:
        raise damaged(path, f"{name} cannot be read: {error.strerror or error}") from error
    if digest.hexdigest() != told["sha256"]:
        raise damaged(path, f"{name} is not as it was written")


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = (path / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        why = (
            f"it has no {MANIFEST}: it is none, or from before cilda wrote one" if path.is_dir() else "it is not there"
        )
        raise damaged(path, why) from error
    except OSError as error:
        raise damaged(path, f"{MANIFEST} cannot be read: {error.strerror or error}") from error
    try:
        content: dict[str, Any] = json.loads(raw)
        del content["sha256"]
        whole = sealed(content) == raw
    except (ValueError, TypeError, KeyError, RecursionError):
        whole = False
    if not whole:
        raise damaged(path, f"{MANIFEST} is not as it was written")
    if content["v"] != VERSION:
        raise CildaError(f"a newer cilda wrote the checkpoint {path}", "use that version, or a later one")
    return content
