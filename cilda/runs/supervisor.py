"""The process that watches a trainer: it starts it, measures the machine, and writes down how it ended.

Run as `python -m cilda.runs.supervisor FOLDER ATTEMPT LOCK TRAINERS_LOCK -- COMMAND…`, in its own session. LOCK and
TRAINERS_LOCK are descriptors of locks that it inherits: the first it holds while it lives, the other it hands on. It is
kept small: what is imported here stays for days.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from cilda.runs.machine import Readings, out_of_memory_kills

_SECONDS = 1.0
# A full disk is waited for; the room for the record itself was taken at the start.
_PATIENCE_SECONDS = 600.0
_RESERVED = ".exit.json.reserved"
_RESERVED_BYTES = 4096


def supervise(folder: Path, attempt: int, lock: int, trainers_lock: int, command: Sequence[str]) -> int:
    """Runs the command to its end and records it; gives its exit code, 128 and the signal's number for a signal."""
    requests = _PassedOn()
    _sign(lock, attempt)
    (folder / "exit.json").unlink(missing_ok=True)
    record = ExitRecord(folder)
    readings = Readings(folder)
    kills = out_of_memory_kills()
    with _log(folder, attempt) as log:
        # Not in a session of its own: whoever ends ours ends both.
        trainer = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, pass_fds=[trainers_lock]
        )
    requests.to(trainer)
    os.close(trainers_lock)
    kills_before = kills
    while not _ended(trainer, _SECONDS):
        readings.take(trainer.pid)
        kills_before, kills = kills, out_of_memory_kills()
    readings.close()
    by_signal = -trainer.returncode if trainer.returncode < 0 else None
    record.write(
        {
            "v": 1,
            "t": round(time.time(), 3),
            "attempt": attempt,
            "pid": trainer.pid,
            "code": None if by_signal else trainer.returncode,
            "signal": signal.Signals(by_signal).name if by_signal else None,
            "out_of_memory": by_signal == signal.SIGKILL and out_of_memory_kills() > kills_before,
            **_position(folder),
        }
    )
    return 128 + by_signal if by_signal else trainer.returncode


class ExitRecord:
    """The file that says how a run ended; its room on the disk is taken before it is needed."""

    def __init__(self, folder: Path) -> None:
        # Held open: a folder that was removed, and its name given to another, is never written to.
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(OSError):
            self._put(b" " * _RESERVED_BYTES)

    def write(self, content: dict[str, Any], *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """Puts the record in its place in one instant; tries again while the disk refuses.

        Raises:
            OSError: it refused for all that time, or the run's folder is gone.
        """
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                self._write(_line(content))
            except FileNotFoundError:
                raise
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(min(5.0, patience_seconds / 4))
            else:
                return

    def _write(self, data: bytes) -> None:
        # Written over the reserved blanks: no new block is asked of a full disk.
        self._put(data)
        os.rename(_RESERVED, "exit.json", src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _put(self, data: bytes) -> None:
        descriptor = os.open(_RESERVED, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666, dir_fd=self._folder)
        try:
            os.pwrite(descriptor, data, 0)
            os.ftruncate(descriptor, len(data))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sign(lock: int, attempt: int) -> None:
    """Says in the lock's file who holds it now; a full disk costs only that."""
    says = _line({"pid": os.getpid(), "host": socket.gethostname(), "t": round(time.time(), 3), "attempt": attempt})
    with contextlib.suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, says, 0)


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode("ascii") + b"\n"


def _log(folder: Path, attempt: int) -> Any:
    path = folder / "log" / f"train.{attempt:06d}.log"
    path.parent.mkdir(exist_ok=True)
    return path.open("ab")


class _PassedOn:
    """A request to end us is one to the trainer, also one that comes before there is any.

    We stay, to write down how it ended.
    """

    def __init__(self) -> None:
        self._trainer: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)

    def to(self, trainer: subprocess.Popen[bytes]) -> None:
        """Names the trainer, who is told at once of what came early."""
        self._trainer = trainer
        while self._early:
            self._hear(self._early.pop(0), None)

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  the signature of a handler
        if self._trainer is None:
            self._early.append(number)
            return
        with contextlib.suppress(ProcessLookupError):
            self._trainer.send_signal(number)


def _ended(trainer: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether the trainer ended within this time; told at once when it does."""
    try:
        descriptor = os.pidfd_open(trainer.pid)
    except (AttributeError, OSError):
        with contextlib.suppress(subprocess.TimeoutExpired):
            trainer.wait(seconds)
        return trainer.poll() is not None
    try:
        select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    return trainer.poll() is not None


def _position(folder: Path) -> dict[str, Any]:
    """The last turn that the run knew of."""
    try:
        state = json.loads((folder / "state.json").read_bytes())
        return {key: state[key] for key in ("stage", "turn", "step") if key in state}
    except (OSError, ValueError, TypeError):
        return {}


def main(arguments: Sequence[str]) -> int:
    """The process's own entry."""
    # Before anything else: the terminal may be gone already.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    folder, attempt, lock, trainers_lock, dashes, *command = arguments
    assert dashes == "--"
    return supervise(Path(folder), int(attempt), int(lock), int(trainers_lock), command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
