"""Several processes that find each other, as a launcher would start them, on this machine's processor.

outputs = together(["-m", "tests.distill.shared_turns", str(folder)])
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def started(arguments: Sequence[str], *, processes: int = 2, **options: object) -> list[subprocess.Popen[str]]:
    """Python with these arguments, in each process; by default what they print is kept."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    found = []
    for rank in range(processes):
        own = {**shared, "RANK": rank, "LOCAL_RANK": rank, "OMP_NUM_THREADS": 1}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **{name: str(value) for name, value in own.items()}}
        settings: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        found.append(subprocess.Popen([sys.executable, *arguments], env=environment, **settings))  # type: ignore[call-overload]
    return found


def together(arguments: Sequence[str], *, processes: int = 2, timeout_seconds: float = 200) -> list[tuple[str, str]]:
    """What each process printed on stdout and on stderr; all of them must end well."""
    running = started(arguments, processes=processes)
    try:
        printed = [process.communicate(timeout=timeout_seconds) for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0] * processes, printed
    return printed
