"""A folder as a repository of the Hugging Face hub: its files, their hashes, one commit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

Kind = Literal["models", "datasets"]
CARD = "README.md"
# The hub keeps files of these kinds outside git and names them by SHA-256; the rest by git's own hash.
LARGE_SUFFIXES = frozenset({".bin", ".parquet", ".safetensors", ".pt"})
# A fixed day: what the server says depends on the files alone.
DATE = "2024-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class Entry:
    """One file of a repository: on disk, or made up (`text`) where the folder has none."""

    path: str
    file: Path | None = None
    text: str = ""

    @cached_property
    def content(self) -> bytes:
        """All bytes."""
        return self.text.encode() if self.file is None else self.file.read_bytes()

    @property
    def size_bytes(self) -> int:
        """The length of the content."""
        return len(self.text.encode()) if self.file is None else self.file.stat().st_size

    @property
    def is_large(self) -> bool:
        """Whether the hub would keep it outside git."""
        return Path(self.path).suffix in LARGE_SUFFIXES

    @cached_property
    def git_hash(self) -> str:
        """What `git hash-object` says."""
        header = f"blob {len(self.content)}\0".encode()
        return hashlib.sha1(header + self.content, usedforsecurity=False).hexdigest()

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the content, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def etag(self) -> str:
        """The name under which clients cache it."""
        return self.sha256 if self.is_large else self.git_hash

    def listed(self) -> dict[str, Any]:
        """The entry in a listing."""
        listed: dict[str, Any] = {"type": "file", "path": self.path, "size": self.size_bytes, "oid": self.git_hash}
        if self.is_large:
            listed["lfs"] = {"oid": self.sha256, "size": self.size_bytes, "pointerSize": 134}
        return listed


@dataclass
class Repository:
    """A folder under a hub id such as `nyu-mll/glue`.

    A data set without a card gets one that makes a configuration of each subfolder and a split of each Parquet file in
    it: `sst2/train.parquet` is the split `train` of `sst2`.
    """

    name: str
    kind: Kind
    folder: Path
    entries: dict[str, Entry] = field(init=False)

    def __post_init__(self) -> None:
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        self.entries = {
            entry.path: entry for entry in (Entry(path.relative_to(self.folder).as_posix(), path) for path in files)
        }
        if self.kind == "datasets" and CARD not in self.entries:
            self.entries[CARD] = Entry(CARD, text=card(self.entries))

    @cached_property
    def commit(self) -> str:
        """One commit, which changes with the files."""
        listing = "\n".join(f"{entry.git_hash} {path}" for path, entry in sorted(self.entries.items()))
        return hashlib.sha1(listing.encode(), usedforsecurity=False).hexdigest()

    def has_revision(self, revision: str) -> bool:
        """Whether a branch or commit of this name exists."""
        return revision in {"main", "refs/heads/main", self.commit}

    def information(self) -> dict[str, Any]:
        """What the hub says about a repository."""
        about: dict[str, Any] = {
            "_id": self.commit[:24],
            "id": self.name,
            "author": self.name.partition("/")[0],
            "sha": self.commit,
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "createdAt": DATE,
            "lastModified": DATE,
            "siblings": [
                {"rfilename": path, "size": entry.size_bytes, "blobId": entry.git_hash}
                for path, entry in self.entries.items()
            ],
        }
        if self.kind == "models":
            about["modelId"] = self.name
        return about

    def tree(self, under: str, *, recursive: bool) -> list[dict[str, Any]] | None:
        """The files and folders below a folder (empty: the root); None when there is no such folder."""
        prefix = f"{under}/" if under else ""
        below = [entry for path, entry in self.entries.items() if path.startswith(prefix)]
        if not below:
            return None
        listed = [entry.listed() for entry in below if recursive or "/" not in entry.path.removeprefix(prefix)]
        return [self._folder(path) for path in self._folders(prefix, below, recursive=recursive)] + listed

    def information_on(self, paths: Iterable[str]) -> list[dict[str, Any]]:
        """The listings of some paths; those that do not exist are left out, as the hub does."""
        found = []
        for path in paths:
            if path in self.entries:
                found.append(self.entries[path].listed())
            elif any(name.startswith(f"{path}/") for name in self.entries):
                found.append(self._folder(path))
        return found

    def _folder(self, path: str) -> dict[str, Any]:
        names = "\n".join(name for name in self.entries if name.startswith(f"{path}/"))
        oid = hashlib.sha1(f"{path}\n{names}".encode(), usedforsecurity=False).hexdigest()
        return {"type": "directory", "path": path, "size": 0, "oid": oid}

    @staticmethod
    def _folders(prefix: str, below: list[Entry], *, recursive: bool) -> list[str]:
        found = set()
        for entry in below:
            parts = entry.path.removeprefix(prefix).split("/")[:-1]
            depth = len(parts) if recursive else min(1, len(parts))
            found |= {prefix + "/".join(parts[: count + 1]) for count in range(depth)}
        return sorted(found)


def card(paths: Iterable[str]) -> str:
    """The card of a data set whose folders are configurations and whose Parquet files are splits."""
    lines = ["---", "configs:"]
    configurations: dict[str, list[str]] = {}
    for path in sorted(paths):
        folder, _, file = path.rpartition("/")
        if file.endswith(".parquet"):
            configurations.setdefault(folder or "default", []).append(path)
    for name, files in configurations.items():
        lines += [f"- config_name: {name}", "  data_files:"]
        for path in files:
            lines += [f"  - split: {Path(path).stem}", f"    path: {path}"]
    return "\n".join([*lines, "---", ""])
