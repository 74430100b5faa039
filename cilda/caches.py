"""What cilda keeps in the user's cache folder: what was made once and may be made again."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["answers", "tokens", "teachers", "rewrites", "demo"]

KINDS: dict[Kind, str] = {
    "answers": "what teachers said of training rows",
    "tokens": "large data sets as tokens",
    "teachers": "teachers that were fine-tuned before their students learned",
    "rewrites": "indexes of recorded rewrites, for cilda inspect",
    "demo": "models of cilda demo",
}
"""The folders in the cache, and what lies in each."""

CACHE_OPTION = "CILDA_CACHE_DIR or --set cache_dir=DIR"
"""What names another place for the cache, for messages."""

ABOUT = "about.json"
"""The file in which an entry says what it is; its time is when it was last of use."""
LOCK = "lock"


@dataclass(frozen=True)
class Kept:
    """One thing that is kept."""

    kind: Kind
    path: Path
    bytes: int
    used: float
    """Seconds since 1970: when it was last written, or found of use."""

    @property
    def name(self) -> str:
        """How a user calls it."""
        return f"{self.kind}/{self.path.name}"


def default_cache_dir() -> Path:
    """The folder of all caches unless a setting names another: CILDA_CACHE_DIR, or the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("CILDA_CACHE_DIR") or platformdirs.user_cache_dir("cilda", appauthor=False))


def folder_of(kind: Kind, cache_dir: Path | None) -> Path:
    """Where things of a kind lie, in a setting's cache or in the user's own."""
    return (cache_dir or default_cache_dir()) / kind


def digest_of(made_of: Mapping[str, Any]) -> str:
    """What tells an entry from those that were made of something else, as 64 hex digits."""
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def kept_in(folder: Path) -> Iterator[Kept]:
    """All that is kept there, by kind and name. What vanishes meanwhile is left out."""
    for kind in KINDS:
        try:
            paths = sorted(path for path in (folder / kind).iterdir() if not path.name.startswith("."))
        except OSError:
            continue
        for path in paths:
            size, used = measured(path)
            yield Kept(kind, path, size, used)


def measured(path: Path) -> tuple[int, float]:
    """What the files of a folder, or a file, take, where links count for nothing; and the newest of their times."""
    inside = [] if path.is_symlink() else [Path(parent) / name for parent, _, names in os.walk(path) for name in names]
    size, used = 0, 0.0
    for one in inside or [path]:
        try:
            found = one.lstat()
        except OSError:
            continue
        size += found.st_size if stat.S_ISREG(found.st_mode) else 0
        used = max(used, found.st_mtime)
    return size, used
