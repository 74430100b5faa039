"""Who works on a run: advisory locks that the kernel lets go of when their holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from cilda.errors import CildaError
from cilda.runs.atomic import read_json, refusal

BUSY = 75
"""The exit code of a command that another process keeps from working."""

# A viewer that asks for a lock holds it for microseconds: an owner that meets one tries again.
_PATIENCE_SECONDS = 1.0


class Held(Enum):
    """What a lock says of its holder."""

    YES = "held"
    NO = "free"
    UNKNOWN = "unknown"
    """Held on another machine or not, or the file system knows no locks: only the heartbeat tells."""


class Lock:
    """A `flock` on a file, held until `release` or until every process that inherited its descriptor has ended.

    What the file says of its holder (`pid`, `host`, `t`, and what `take` was told) is for people and for processes
    elsewhere; whether it is held is asked of the kernel.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, path: Path, **says: Any) -> Lock:
        """The lock at `path`, taken now.

        Raises:
            CildaError: another process holds it (exit code 75); the disk refused.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise refusal(error, path) from error
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                # A file system without locks: the run works, and its heartbeat alone tells that it lives.
                if error.errno in _NO_LOCKS:
                    break
                if error.errno not in (errno.EAGAIN, errno.EACCES) or time.monotonic() > deadline:
                    os.close(descriptor)
                    raise busy(path) from error
            time.sleep(0.02)
        lock = cls(descriptor)
        lock.say(**says)
        return lock

    @classmethod
    def inherited(cls, descriptor: int) -> Lock:
        """A lock that the process which started this one took, and handed down; it goes to no child of ours."""
        os.set_inheritable(descriptor, False)
        return cls(descriptor)

    @classmethod
    def beside(cls, path: Path) -> Lock:
        """The lock at `path`, which the process that started this one holds: here it can only be signed.

        Raises:
            CildaError: the disk refused.
        """
        try:
            return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666))
        except OSError as error:
            raise refusal(error, path) from error

    def say(self, **says: Any) -> None:
        """Writes who holds it into the file. A full disk costs only that."""
        content = {"pid": os.getpid(), "host": socket.gethostname(), "t": round(time.time(), 3), **says}
        try:
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, json.dumps(content).encode("ascii") + b"\n", 0)
        except OSError:
            return

    def release(self) -> None:
        """Lets go of the lock here; a process that inherited its descriptor still holds it."""
        os.close(self.descriptor)


@dataclass(frozen=True)
class Holder:
    """What can be seen of a lock from outside."""

    held: Held
    says: dict[str, Any]
    """What its holder, or the last one, said of itself; empty where nobody ever held it."""


def holder(path: Path) -> Holder:
    """Whether the lock at `path` is held at this moment, and by whom."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Holder(Held.NO, {})
    except OSError:
        return Holder(Held.UNKNOWN, {})
    try:
        says = read_json(path)
        if says.get("host", socket.gethostname()) != socket.gethostname():
            return Holder(Held.UNKNOWN, says)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return Holder(Held.UNKNOWN if error.errno in _NO_LOCKS else Held.YES, says)
        return Holder(Held.NO, says)
    finally:
        os.close(descriptor)


def await_release(*paths: Path, seconds: float = 20.0) -> None:
    """Waits, for so long at most, until nobody holds these locks: who has had the last word still has to go."""
    deadline = time.monotonic() + seconds
    while any(holder(path).held is Held.YES for path in paths) and time.monotonic() < deadline:
        time.sleep(0.05)


def busy(path: Path) -> CildaError:
    """The error of who finds a lock of a run held by another."""
    says = read_json(path)
    who = f"process {says['pid']} on {says.get('host')}" if says.get("pid") else "another process"
    return CildaError(
        f"{who} works on {path.parent.parent}", f"end it first with: cilda stop {path.parent.parent}", exit_code=BUSY
    )


_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
