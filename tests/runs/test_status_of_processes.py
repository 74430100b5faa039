"""One word for a run: asked of processes that hold its locks, die, or stay as zombies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from cilda.runs.layout import RunFolder, create
from cilda.runs.status import Evidence, Status, Word, decide, status_of
from cilda.runs.store import open_run

HOLD = """
import sys, time
from pathlib import Path
from cilda.runs.locks import Lock
locks = [Lock.take(Path(path), attempt=1) for path in sys.argv[1:]]
print("held", flush=True)
time.sleep(60)
"""


def hold(*paths: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, *map(str, paths)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def write(path: Path, **content: Any) -> None:
    path.write_text(json.dumps({"v": 1, **content}), encoding="utf-8")


def write_state(folder: RunFolder, status: str, *, host: str = "", **fields: Any) -> None:
    now = time.time()
    alive = {"heartbeat": now, "moved": now, "host": host or socket.gethostname(), "attempt": 1}
    write(folder.state_json, status=status, **{**alive, **fields})


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> RunFolder:
    folder = create(tmp_path, "one")
    write(folder.run_json, t=time.time() - 3600)
    return folder


@pytest.fixture(name="holding")
def _holding() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []

    def start(*paths: Path) -> subprocess.Popen[str]:
        processes.append(hold(*paths))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_run_lives_as_long_as_its_lock_is_held(
    folder: RunFolder, holding: Callable[..., subprocess.Popen[str]]
) -> None:
    write_state(folder, "running")
    trainer = holding(folder.trainer_lock)
    assert status_of(folder) == Status("running")
    trainer.kill()
    trainer.wait()
    assert status_of(folder).word == "crashed"


def test_a_zombie_is_not_running(folder: RunFolder, holding: Callable[..., subprocess.Popen[str]]) -> None:
    write_state(folder, "running")
    trainer = holding(folder.trainer_lock)
    trainer.kill()
    # Dead, and not waited for: the process table still has it.
    os.waitid(os.P_PID, trainer.pid, os.WEXITED | os.WNOWAIT)
    os.kill(trainer.pid, 0)
    assert status_of(folder).word == "crashed"


def test_a_kill_of_everything_is_a_crash_and_of_the_supervisor_alone_an_orphan(
    folder: RunFolder, holding: Callable[..., subprocess.Popen[str]]
) -> None:
    write_state(folder, "running")
    supervisor, trainer = holding(folder.supervisor_lock), holding(folder.trainer_lock)
    assert status_of(folder).word == "running"
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait()
    assert status_of(folder) == Status("orphaned", "its supervisor is gone; still running")
    os.kill(trainer.pid, signal.SIGKILL)
    trainer.wait()
    assert status_of(folder).word == "crashed"


def test_a_foreground_run_that_goes_on_with_a_supervised_one_is_no_orphan(
    folder: RunFolder, holding: Callable[..., subprocess.Popen[str]]
) -> None:
    write_state(folder, "running", attempt=2)
    holding(folder.trainer_lock)
    write(folder.trainer_lock, attempt=2, host=socket.gethostname())
    folder.supervisor_lock.write_text(json.dumps({"attempt": 1, "host": socket.gethostname()}), encoding="utf-8")
    assert status_of(folder) == Status("running")


@pytest.mark.parametrize(("supervised", "word"), [(True, "orphaned"), (False, "running")])
def test_the_trainer_s_lock_says_whether_it_has_a_supervisor_to_lose(
    folder: RunFolder, holding: Callable[..., subprocess.Popen[str]], supervised: bool, word: str
) -> None:
    write_state(folder, "running")
    holding(folder.trainer_lock)
    write(folder.trainer_lock, attempt=1, host=socket.gethostname(), supervised=supervised)
    if not supervised:
        write(folder.supervisor_lock, attempt=1, host=socket.gethostname())
    assert status_of(folder).word == word


def test_a_supervisor_that_writes_the_end_down_is_stopping(
    folder: RunFolder, holding: Callable[..., subprocess.Popen[str]]
) -> None:
    holding(folder.supervisor_lock)
    assert status_of(folder).word == "starting"
    write_state(folder, "running")
    assert status_of(folder).word == "stopping"
    write(folder.exit_json, attempt=1, code=None, signal="SIGKILL", out_of_memory=False)
    assert status_of(folder).word == "stopping"


def test_a_settled_run_is_told_by_its_files_alone(folder: RunFolder) -> None:
    write_state(folder, "failed", error="no such column: texte")
    write(folder.exit_json, attempt=1, code=1, signal=None, out_of_memory=False)
    folder.trainer_lock.parent.mkdir()
    folder.trainer_lock.mkdir()
    assert status_of(open_run(folder)) == Status("failed", "no such column: texte")


def test_a_run_that_ended_since_its_files_were_read_is_not_called_crashed(folder: RunFolder) -> None:
    write_state(folder, "running")
    read_before = open_run(folder)
    write_state(folder, "finished")
    assert status_of(read_before).word == "finished"


def test_a_run_of_another_host_is_never_called_crashed(folder: RunFolder) -> None:
    write_state(folder, "running", host="elsewhere")
    assert status_of(folder).word == "running"
    old = time.time() - 7200
    write_state(folder, "running", host="elsewhere", heartbeat=old)
    os.utime(folder.state_json, (old, old))
    assert status_of(folder) == Status("lost", "no sign of it for 2 h; its machine cannot be asked from here")


def test_a_clock_that_runs_ahead_elsewhere_does_not_make_a_run_lost(folder: RunFolder) -> None:
    write_state(folder, "running", host="elsewhere", heartbeat=time.time() - 7200)
    assert status_of(folder).word == "running", "the file is young"


@pytest.mark.parametrize(
    "rubbish", [{"status": 7}, {"status": []}, {"status": "running", "attempt": "x", "heartbeat": "NaN"}, {}]
)
def test_rubbish_in_the_files_is_no_error(folder: RunFolder, rubbish: dict[str, Any]) -> None:
    write(folder.state_json, **rubbish)
    write(folder.exit_json, code="x", signal=9, attempt=-1)
    assert status_of(folder).word in get_args(Word)


def test_an_empty_young_folder_is_starting_and_an_old_one_crashed(folder: RunFolder) -> None:
    assert status_of(folder).word == "crashed"
    write(folder.run_json, t=time.time())
    assert status_of(folder).word == "starting"
    assert decide(replace(Evidence(), age=31.0)).why == "no process ever worked on it"
