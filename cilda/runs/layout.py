"""Which file of a run lies where; naming, creating and finding runs."""

from __future__ import annotations

import difflib
import errno
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cilda.errors import CildaError, UsageError
from cilda.runs.atomic import read_json, refusal
from cilda.runs.events import number

NOT_FOUND = 3
"""The exit code of a command whose run is not there."""

_NAME = re.compile(r"\w[\w.+=-]*")
_LONGEST_NAME_BYTES = 200
_LONGEST_PART = 24


@dataclass(frozen=True)
class RunFolder:
    """A run's folder: each property is one of its files or folders, whether it is there yet or not."""

    path: Path

    @property
    def id(self) -> str:
        """The run's name: that of its folder."""
        return self.path.name

    @property
    def run_json(self) -> Path:
        """What was asked for; written once."""
        return self.path / "run.json"

    @property
    def state_json(self) -> Path:
        """Where the run stands; replaced atomically."""
        return self.path / "state.json"

    @property
    def exit_json(self) -> Path:
        """How it ended; written once by whoever watched the trainer."""
        return self.path / "exit.json"

    @property
    def events(self) -> Path:
        """Segments of events."""
        return self.path / "events"

    @property
    def system(self) -> Path:
        """Segments of GPU, CPU and memory readings."""
        return self.path / "system"

    @property
    def augmentations(self) -> Path:
        """Segments of rewritten texts."""
        return self.path / "augmentations"

    @property
    def log(self) -> Path:
        """What the trainer printed."""
        return self.path / "log"

    @property
    def control_new(self) -> Path:
        """Requests to the trainer, not yet taken up."""
        return self.path / "control" / "new"

    @property
    def control_done(self) -> Path:
        """Requests that were answered."""
        return self.path / "control" / "done"

    @property
    def supervisor_lock(self) -> Path:
        """Held by whoever watches the trainer; a run in the foreground has nobody who does."""
        return self.path / "lock" / "supervisor"

    @property
    def trainer_lock(self) -> Path:
        """Held by the process that trains."""
        return self.path / "lock" / "trainer"

    @property
    def checkpoints(self) -> Path:
        """What is needed to go on as if nothing had happened."""
        return self.path / "checkpoints"

    @property
    def student(self) -> Path:
        """The result, as transformers loads it."""
        return self.path / "student"

    @property
    def predictions(self) -> Path:
        """What the student said of the rows that it was judged on, a file a split."""
        return self.path / "predictions"

    def exists(self) -> bool:
        """Whether a run lies here, as far as we are let in."""
        try:
            return self.run_json.is_file() or self.events.is_dir()
        except OSError:
            return False

    def created_seconds(self, run: Mapping[str, Any] | None = None) -> float:
        """When the run was created, in Unix seconds: as run.json (read or given) says, or by the folder's own date."""
        seconds = number((read_json(self.run_json) if run is None else run).get("t"))
        if seconds is not None:
            return seconds
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0


def default_runs_dir() -> Path:
    """Where runs lie unless told otherwise: CILDA_RUNS_DIR, or else `runs` in the current folder."""
    return Path(os.environ.get("CILDA_RUNS_DIR") or "runs")


def new_run_id(task: str, student: str, method: str, now: datetime, *, ending: str | None = None) -> str:
    """A name that sorts by time and says what the run is, such as `20261122-1158-sst2-6L-cilda-a7f3`.

    Paths and hub ids are cut to their last part. `ending` replaces the four random hexadecimal digits at the end.
    """
    parts = (now.strftime("%Y%m%d-%H%M"), *map(_name_part, (task, student, method)), ending or os.urandom(2).hex())
    return "-".join(parts)


def check_new(runs_dir: Path, name: str | None = None) -> None:
    """Refuses what `create` would refuse, as far as it can be seen now; makes nothing.

    Raises:
        UsageError: the name cannot be a folder's name.
        CildaError: there is a run of that name; or there can be no folder of runs.
    """
    if name is not None:
        _check_name(name)
        if os.path.lexists(runs_dir / name):
            raise _taken(runs_dir / name)
    nearest = next(path for path in (runs_dir.absolute(), *runs_dir.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise refusal(NotADirectoryError(errno.ENOTDIR, ""), nearest)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise refusal(PermissionError(errno.EACCES, ""), nearest)


def create(runs_dir: Path, name: str) -> RunFolder:
    """A new, empty run folder of this name. Of two processes that ask at once, one gets it.

    Raises:
        UsageError: the name cannot be a folder's name.
        CildaError: there is one already; or the disk refused. Nothing is left behind.
    """
    _check_name(name)
    folder = _make(runs_dir, name)
    if folder is None:
        raise _taken(runs_dir / name)
    return folder


def create_new(runs_dir: Path, *, task: str, student: str, method: str, now: datetime) -> RunFolder:
    """A new run folder under a name that `new_run_id` makes, drawn again while it is taken.

    A hundred runs of one sweep that start within a minute meet the same four digits with a chance of 7 %.

    Raises:
        CildaError: the disk refused.
    """
    while True:
        folder = _make(runs_dir, new_run_id(task, student, method, now))
        if folder is not None:
            return folder


def run_folders(runs_dir: Path) -> list[RunFolder]:
    """All runs in a folder, by name; none where there is no such folder.

    Raises:
        CildaError: the folder cannot be read.
    """
    try:
        names = sorted(entry.name for entry in runs_dir.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        todo = "name the folder of the runs with --runs-dir"
        raise CildaError(f"cannot read {runs_dir}: {error.strerror}", todo) from error
    return [folder for name in names if (folder := RunFolder(runs_dir / name)).exists()]


def find(runs_dir: Path, reference: str | None = None) -> RunFolder:
    """The run that a reference means: its name, a path to it, the beginning of one name only, or None for the latest.

    Raises:
        CildaError: no run, or more than one, is meant; with exit code 3.
    """
    folders = run_folders(runs_dir)
    if reference is None:
        if not folders:
            what = f"no runs in {runs_dir}" if runs_dir.exists() else f"no runs in {runs_dir}: there is no such folder"
            raise _not_found(what, "start one with: cilda distill; other folders with --runs-dir")
        return max(folders, key=lambda folder: (folder.created_seconds(), folder.id))
    by_name = {folder.id: folder for folder in folders}
    if reference in by_name:
        return by_name[reference]
    if reference and (there := RunFolder(Path(reference).expanduser().resolve())).exists():
        return there
    matching = [folder for folder in folders if reference and folder.id.startswith(reference)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        listed = ", ".join(folder.id for folder in matching[:5]) + (", …" if len(matching) > 5 else "")
        raise _not_found(f"{reference!r} is the beginning of {len(matching)} runs", f"say more of the name: {listed}")
    near = difflib.get_close_matches(reference, by_name, n=2, cutoff=0.6)
    listed = ", ".join((*(["…"] if len(by_name) > 3 else []), *list(by_name)[-3:])) or "none at all"
    todo = f"did you mean {' or '.join(near)}?" if near else f"there: {listed}; other folders with --runs-dir"
    raise _not_found(f"no run named {reference!r} in {runs_dir}", todo)


def reference(folder: RunFolder) -> str:
    """The run as a command line takes it: its id where that is enough, else its path."""
    at_hand = folder.path.parent.resolve() == default_runs_dir().resolve()
    return shlex.quote(folder.id if at_hand else str(folder.path))


def give_up(folder: RunFolder, names: Iterable[str] = ()) -> None:
    """Lets a run without a whole checkpoint begin anew; the damaged ones stay for whoever wants to look.

    `names` are damaged checkpoints that nobody has set aside yet.

    Raises:
        CildaError: the disk refused.
    """
    paths = [*folder.checkpoints.glob(".damaged-*"), *(folder.checkpoints / name for name in names)]
    for path in paths:
        name = f".given-up-{os.urandom(2).hex()}-{path.name.removeprefix('.damaged-')}"
        try:
            path.rename(path.with_name(name))
        except OSError as error:
            raise CildaError(f"{path} cannot be given up: {error.strerror}", "rename or remove it yourself") from error


def _make(runs_dir: Path, name: str) -> RunFolder | None:
    folder = RunFolder(runs_dir / name)
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(error, runs_dir) from error
    try:
        folder.path.mkdir()
    except FileExistsError:
        return None
    except OSError as error:
        raise refusal(error, folder.path) from error
    try:
        for inner in (folder.events, folder.augmentations, folder.log, folder.checkpoints):
            inner.mkdir()
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise refusal(error, folder.path) from error
    return folder


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a run",
            "begin with a letter or digit, and use letters, digits and . _ - + = only",
        )
    if len(os.fsencode(name)) > _LONGEST_NAME_BYTES:
        raise UsageError(
            f"the name {name[:20]}… is {len(os.fsencode(name))} bytes long", f"use at most {_LONGEST_NAME_BYTES}"
        )


def _taken(path: Path) -> CildaError:
    return CildaError(
        f"{path} exists already", f"choose another --name, or if nothing in it is needed: cilda rm {path.name}"
    )


def _name_part(text: str) -> str:
    last = text.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._]+", "-", last)[:_LONGEST_PART].strip("-.") or "x"


def _not_found(what: str, todo: str) -> CildaError:
    return CildaError(what, todo, exit_code=NOT_FOUND)
