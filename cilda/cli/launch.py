"""A run's beginning: its folder, its first file, and the processes that go on without whoever started them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from cilda.cli.chosen import named
from cilda.cli.processes import together
from cilda.runs.atomic import read_json, refusal
from cilda.runs.layout import RunFolder, create, create_new, default_runs_dir
from cilda.runs.locks import Lock, holder
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.config import RunConfig


def new_run(
    config: RunConfig, origins: Mapping[str, str], *, job: str, purpose: str | None = None, **more: Any
) -> RunFolder:
    """A new run's folder with its run.json. `purpose` stands for the method in the run's name.

    Raises:
        CildaError: a run of that name is there already, or the disk refuses; nothing is left behind.
    """
    from cilda.cli.description import describe_run
    from cilda.runs.writer import RunWriter

    folder = _new_folder(config, purpose)
    try:
        RunWriter(folder).write_run(describe_run(config, origins, sys.argv, job=job, **more))
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return folder


def next_attempt(folder: RunFolder) -> int:
    """The number of the process that works on the run next: 1 for the first."""
    said = [read_json(folder.state_json), holder(folder.supervisor_lock).says, holder(folder.trainer_lock).says]
    return 1 + max(number if isinstance(number := of.get("attempt"), int) else 0 for of in said)


def launch(folder: RunFolder, *, processes: int | None = None) -> None:
    """Starts the run's trainer under a supervisor in a session of its own; both go on when this process ends.

    So many `processes` share the run; by default as many as its settings say.

    Raises:
        CildaError: another process works on the run (exit code 75), or the system refused.
    """
    attempt = next_attempt(folder)
    path = str(folder.path.absolute())
    with ExitStack() as stack:
        # Held from here on, without a gap: supervisor and trainer inherit them.
        locks = []
        for lock in (folder.supervisor_lock, folder.trainer_lock):
            # Unsigned: whoever inherits it puts its own process there.
            locks.append(Lock.take(lock, attempt=attempt, supervised=True, pid=None))
            stack.callback(locks[-1].release)
        own, trainers = (str(lock.descriptor) for lock in locks)
        trainer = [sys.executable, "-m", "cilda.cli.train", path, str(attempt), trainers]
        processes = processes or _processes(folder)
        if processes > 1:
            trainer = together(processes, "cilda.cli.train", path, str(attempt), "-")
        watched = [path, str(attempt), own, trainers, "--", *trainer]
        _start(folder, [sys.executable, "-m", "cilda.runs.supervisor", *watched], locks)


def _processes(folder: RunFolder) -> int:
    """How many processes a run's settings ask for; in older ones there is no word of it."""
    config = read_json(folder.run_json).get("config")
    return int(config.get("gpus", 1)) if isinstance(config, dict) else 1


def _start(folder: RunFolder, command: list[str], locks: list[Lock]) -> None:
    try:
        folder.log.mkdir(exist_ok=True)
        with (folder.log / "supervisor.log").open("ab") as log:
            supervisor = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock.descriptor for lock in locks],
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            # Nobody waits for it: it outlives us, and Python need not warn of that.
            supervisor.returncode = 0
    except OSError as error:
        raise refusal(error, folder.log) from error


def tell_started(folder: RunFolder) -> None:
    """Says on stderr what can be done with a run that goes on by itself."""
    name = one_line(named(folder))
    lines = (
        f"run {one_line(folder.id)} goes on in the background",
        f"  cilda watch -f {name}    look at it; q or Ctrl-C leaves, the run goes on",
        f"  cilda stop {name}        checkpoint and end it; cilda resume {name} goes on",
        f"  cilda wait {name}        until it has ended",
    )
    print("\n".join(lines), file=sys.stderr)


def name_parts(config: RunConfig, purpose: str | None) -> dict[str, str]:
    """What the name of a run says that nobody has named; `purpose` as of `new_run`."""
    return {
        "task": config.task if config.train_file is None else config.train_file.stem,
        "student": config.student if purpose is None else config.teacher,
        "method": purpose or config.method,
    }


def _new_folder(config: RunConfig, purpose: str | None) -> RunFolder:
    from datetime import datetime

    runs_dir = config.runs_dir or default_runs_dir()
    if config.name is not None:
        return create(runs_dir, config.name)
    return create_new(runs_dir, **name_parts(config, purpose), now=datetime.now().astimezone())
