"""The end of a process that holds a lock, and of no other."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from cilda.errors import CildaError
from cilda.runs.locks import Held, holder


def kill_holder(lock: Path) -> int:
    """Sends SIGKILL to the process that says that it holds a lock, once it is seen to; gives its id.

    Raises:
        CildaError: nobody here holds it, or its holder cannot be told, or not be killed.
    """
    seen = holder(lock)
    if seen.held is not Held.YES:
        where = f"on {seen.says['host']}" if seen.held is Held.UNKNOWN and seen.says.get("host") else "on this machine"
        there = "kill it there" if seen.held is Held.UNKNOWN else "see: cilda ps"
        raise CildaError(f"no process to kill is seen from here; it was last {where}", there)
    pid = seen.says.get("pid")
    if type(pid) is not int or pid <= 1:
        raise CildaError("the trainer's lock does not say who holds it", "try again in a moment")
    try:
        # From here on it is this process and no later one of the same number.
        process = os.pidfd_open(pid)
    except OSError as error:
        raise CildaError(f"cannot reach process {pid}: {error.strerror}", "try again in a moment") from error
    try:
        if not _has_open(pid, lock):
            raise CildaError(f"process {pid} is not the trainer any more, or not yet", "try again in a moment")
        signal.pidfd_send_signal(process, signal.SIGKILL)
    except PermissionError as error:
        raise CildaError(f"no permission to kill process {pid}", "ask whoever started the run") from error
    except ProcessLookupError:
        pass
    finally:
        os.close(process)
    return pid


def _has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open.

    Raises:
        PermissionError: the process is another user's.
    """
    wanted = path.stat()
    folder = Path(f"/proc/{pid}/fd")
    try:
        descriptors = list(folder.iterdir())
    except FileNotFoundError:
        return False
    for descriptor in descriptors:
        try:
            if os.path.samestat(descriptor.stat(), wanted):
                return True
        except FileNotFoundError:
            continue
    return False
