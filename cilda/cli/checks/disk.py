"""Whether runs can be kept in a folder: room, permission, locks, renames, file system."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cilda.cli.beforehand import FEWEST_BYTES, ROUGH_NEED_BYTES
from cilda.cli.checks.check import Check
from cilda.errors import CildaError

NETWORK = frozenset("9p afs beegfs ceph cifs glusterfs gpfs lustre ncpfs nfs nfs4 orangefs smb3 smbfs virtiofs".split())

_PATIENCE_SECONDS = 20
_ASK = """
import sys
from pathlib import Path
from cilda.runs.locks import holder
print(holder(Path(sys.argv[1])).held.name)
"""


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    # Not Path.exists: it raises where a folder above may not be entered.
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.exists(path))  # noqa: PTH110


def room(name: str, folder: Path) -> Check:
    """How much is free for a folder that need not be there yet."""
    try:
        free_bytes = shutil.disk_usage(existing(folder)).free
    except OSError as error:
        return Check(name, "problem", f"{folder}: {error.strerror}", "name another folder")
    found = f"{free_bytes / 1e9:,.1f} GB free for {folder.absolute()}"
    if free_bytes < FEWEST_BYTES:
        return Check(name, "problem", found, "free some space, or name another folder")
    if free_bytes < ROUGH_NEED_BYTES:
        return Check(name, "warning", found, "a run with a teacher of BERT's size needs 1 to 3 GB")
    return Check(name, "ok", found)


def runs_folder(folder: Path) -> list[Check]:
    """What runs need of their folder, tried in it, or in the nearest one above it; nothing is left behind."""
    checks = [room("room", folder), kind(folder)]
    try:
        with tempfile.TemporaryDirectory(prefix=".cilda-doctor-", dir=existing(folder)) as trial:
            checks += [_writable(folder), locks(Path(trial)), renames(Path(trial))]
    except OSError as error:
        todo = "name another folder with --runs-dir or CILDA_RUNS_DIR"
        checks.append(Check("writable", "problem", f"{existing(folder)}: {error.strerror}", todo))
    return checks


def kind(folder: Path) -> Check:
    """The file system that a folder lies on; those of a network are named."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return Check("filesystem", "ok", "unknown: there is no /proc here")
    found = file_system(existing(folder).resolve(), mounts)
    if found is None:
        return Check("filesystem", "ok", "unknown")
    name, mounted = found
    if is_network(name):
        said = f"{name} at {mounted}, over a network or through another program"
        todo = "fine for one machine at a time; what runs elsewhere is told by its heartbeat alone"
        return Check("filesystem", "warning", said, todo)
    return Check("filesystem", "ok", f"{name} at {mounted}")


def file_system(path: Path, mounts: str) -> tuple[str, str] | None:
    """Type and mount point of the file system that an absolute path lies on, by the lines of /proc/self/mountinfo."""
    best: tuple[str, str] | None = None
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        # Spaces and their like stand as octal numbers.
        point = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4])
        # Of several mounts at one place the last one is seen.
        if path.is_relative_to(point) and (best is None or len(point) >= len(best[1])):
            best = (after.split(" ")[0], point)
    return best


def is_network(name: str) -> bool:
    """Whether a file system of this type is another machine's or another program's."""
    return name in NETWORK or name == "fuse" or (name.startswith("fuse.") and name != "fuse.fuse-overlayfs")


def locks(folder: Path) -> Check:
    """Whether a lock that is taken here is seen by another process, and free again once it is let go."""
    from cilda.runs.locks import Lock

    path = folder / "lock" / "trainer"
    try:
        lock = Lock.take(path)
        taken = _asked(path)
        lock.release()
        let_go = _asked(path)
    except (CildaError, OSError, subprocess.SubprocessError) as error:
        return Check("locks", "problem", f"cannot be tried: {error}", "keep runs on a local disk")
    if (taken, let_go) == ("YES", "NO"):
        return Check("locks", "ok", "taken, seen by another process, let go")
    if "UNKNOWN" in (taken, let_go):
        todo = "only its heartbeat tells whether a run lives; a local disk knows locks"
        return Check("locks", "warning", "this file system knows no locks", todo)
    said = f"another process saw {taken} when it was held, {let_go} when it was free"
    return Check("locks", "problem", said, "keep runs on a local disk: two trainers could work on one run here")


def renames(folder: Path) -> Check:
    """Whether a file can be replaced in one instant, and synced."""
    from cilda.runs.atomic import write_atomic

    path = folder / "file"
    try:
        for content in (b"old", b"new"):
            write_atomic(path, content)
        if path.read_bytes() == b"new" and [other.name for other in folder.glob("*file*")] == ["file"]:
            return Check("renames", "ok", "a file is replaced in one instant, and synced")
        said = "a replaced file did not hold the new content"
    except OSError as error:
        said = error.strerror or str(error)
    return Check("renames", "problem", said, "keep runs on another disk: checkpoints could be damaged here")


def _writable(folder: Path) -> Check:
    there = existing(folder)
    if there == folder.absolute():
        return Check("writable", "ok", str(there))
    return Check("writable", "ok", f"{folder.absolute()} is not there yet, and can be made")


def _asked(path: Path) -> str:
    """What another process says of a lock."""
    root = str(Path(__file__).resolve().parents[3])
    done = subprocess.run(  # noqa: S603  our own interpreter and program
        [sys.executable, "-P", "-c", _ASK, str(path)],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=True,
    )
    return done.stdout.strip()
