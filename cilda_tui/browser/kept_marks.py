"""What was marked and noted among the rewrites of a run, kept in one small file of the user's own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from cilda.rewrites.rewrite import Rewrite
from cilda.runs.atomic import read_json, write_json_atomic
from cilda.runs.field import count, name

_MOST = 100_000
_LONGEST_NOTE = 1000


def marks_folder() -> Path:
    """Where they are kept, a file for each run: the run's own folder may be read-only, or somebody else's."""
    return platformdirs.user_data_path("cilda", appauthor=False) / "marks"


@dataclass(frozen=True)
class Kept:
    """A rewrite that was marked or noted: its place, and what tells whether the rewrite there still is that one."""

    place: int
    key: str
    marked: bool
    note: str = ""

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether it is that rewrite: places of a run that was begun anew hold others."""
        return identity(rewrite) == self.key


def identity(rewrite: Rewrite) -> str:
    """What tells a rewrite from all others of a run."""
    return f"{rewrite.t:.3f} {rewrite.key}"


def recalled_marks(folder: Path | None, run: str) -> list[Kept]:
    """What was kept of a run; nothing where nothing was, or what lies there makes no sense."""
    found = {} if folder is None else read_json(_file(folder, run))
    rows = found.get("rewrites")
    kept: list[Kept] = []
    for row in rows[:_MOST] if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        place, key, note = count(row.get("place")), row.get("key"), row.get("note")
        if place is not None and isinstance(key, str):
            note = note[:_LONGEST_NOTE] if isinstance(note, str) else ""
            kept.append(Kept(place, key, row.get("marked") is True, note))
    return kept


def keep_marks(folder: Path | None, run: str, kept: Iterable[Kept]) -> None:
    """Keeps them; where there are none, no file.

    Raises:
        OSError: the disk refused.
    """
    if folder is None:
        return
    path = _file(folder, run)
    rows = [{"place": one.place, "key": one.key, "marked": one.marked, "note": one.note} for one in kept]
    if not rows:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json_atomic(path, {"v": 1, "run": name(run), "rewrites": rows}, durable=False)


def _file(folder: Path, run: str) -> Path:
    clean = re.sub(r"[^A-Za-z0-9_.+=-]+", "-", run).strip(".")[:120]
    if clean != run:
        clean = f"{clean}-{hashlib.blake2b(run.encode('utf-8', 'surrogateescape'), digest_size=6).hexdigest()}"
    return folder / f"{clean}.json"
