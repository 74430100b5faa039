from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder, create
from cilda.runs.locks import Held, Lock, holder
from cilda.runs.status import status_of
from cilda.runs.store import read_events
from cilda.runs.supervisor import ExitRecord
from tests.small_disk import small_disk
from tests.storm import until

PATIENCE_SECONDS = 120.0
Supervised = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> RunFolder:
    return create(tmp_path, "run")


@pytest.fixture(name="supervised")
def _supervised(run: RunFolder) -> Iterator[Supervised]:
    """Starts a supervisor of a shell script, as `cilda distill` starts one of a trainer."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(script: str) -> subprocess.Popen[bytes]:
        locks = [Lock.take(path, attempt=1) for path in (run.supervisor_lock, run.trainer_lock)]
        descriptors = [lock.descriptor for lock in locks]
        arguments = [str(run.path), "1", *map(str, descriptors), "--", "sh", "-c", script]
        program = [sys.executable, "-m", "cilda.runs.supervisor", *arguments]
        process = subprocess.Popen(program, pass_fds=descriptors, start_new_session=True)
        for lock in locks:
            lock.release()
        begun.append(process)
        return process

    yield start
    for process in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def trainer_of(run: RunFolder) -> int:
    """The process id that the supervised script wrote into the log."""
    log = run.log / "train.000001.log"
    until(lambda: log.is_file() and log.read_bytes().endswith(b"\n"))
    return int(log.read_text(encoding="ascii").split()[0])


@pytest.mark.parametrize(
    ("script", "code", "by_signal", "supervisor_code"),
    [
        ("exit 0", 0, None, 0),
        ("exit 7", 7, None, 7),
        ("kill -KILL $$", None, "SIGKILL", 137),
        ("kill -SEGV $$", None, "SIGSEGV", 139),
    ],
)
def test_how_a_trainer_ended_is_written_down(
    script: str, code: int | None, by_signal: str | None, supervisor_code: int, run: RunFolder, supervised: Supervised
) -> None:
    assert supervised(script).wait(PATIENCE_SECONDS) == supervisor_code
    written = read_json(run.exit_json)
    assert (written["code"], written["signal"], written["attempt"]) == (code, by_signal, 1)
    assert written["out_of_memory"] is False
    assert status_of(run).word == ("killed" if by_signal else "crashed")


def test_what_it_prints_is_the_log_and_the_machine_is_measured(run: RunFolder, supervised: Supervised) -> None:
    process = supervised(f"echo out; echo err >&2; until [ -s '{run.system}/000001.jsonl' ]; do sleep 0.05; done")
    assert process.wait(PATIENCE_SECONDS) == 0
    assert (run.log / "train.000001.log").read_text(encoding="ascii") == "out\nerr\n"
    readings = list(read_events(run.system))
    assert readings
    assert all(reading["kind"] == "system" and reading["memory_used_mb"] > 0 for reading in readings)


def test_each_of_the_two_holds_its_own_lock_while_it_lives(run: RunFolder, supervised: Supervised) -> None:
    process = supervised("echo $$; exec sleep 600")
    trainer = trainer_of(run)
    assert holder(run.supervisor_lock).held is Held.YES
    assert holder(run.supervisor_lock).says["pid"] == process.pid
    assert holder(run.trainer_lock).held is Held.YES
    process.kill()
    process.wait()
    os.kill(trainer, 0)
    assert holder(run.supervisor_lock).held is Held.NO, "the trainer did not inherit it"
    assert holder(run.trainer_lock).held is Held.YES
    os.kill(trainer, signal.SIGKILL)
    until(lambda: holder(run.trainer_lock).held is Held.NO)


def test_a_trainer_s_death_is_seen_at_once_and_not_when_its_supervisor_ends(
    run: RunFolder, supervised: Supervised
) -> None:
    process = supervised("echo $$; exec sleep 600")
    trainer = trainer_of(run)
    # Once it measures the machine, it has given the trainer's lock away.
    until(lambda: (run.system / "000001.jsonl").exists() and (run.system / "000001.jsonl").stat().st_size > 0)
    process.send_signal(signal.SIGSTOP)
    os.kill(trainer, signal.SIGKILL)
    until(lambda: holder(run.trainer_lock).held is Held.NO)
    assert holder(run.supervisor_lock).held is Held.YES
    process.send_signal(signal.SIGCONT)
    process.wait(PATIENCE_SECONDS)
    assert status_of(run).word == "killed"


def test_a_request_to_end_it_is_passed_on_and_it_stays_to_tell(run: RunFolder, supervised: Supervised) -> None:
    process = supervised("trap 'exit 143' TERM; echo $$; while :; do sleep 0.05; done")
    trainer_of(run)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 143
    assert read_json(run.exit_json)["code"] == 143


EARLY = """
import os, signal, subprocess, sys
from cilda.runs import supervisor
popen = subprocess.Popen
def begin(*arguments, **options):
    os.kill(os.getpid(), signal.SIGTERM)
    return popen(*arguments, **options)
subprocess.Popen = begin
sys.exit(supervisor.main(sys.argv[1:]))
"""


def test_a_request_to_end_it_that_comes_before_the_trainer_is_there_reaches_that_trainer(run: RunFolder) -> None:
    locks = [Lock.take(path, attempt=1) for path in (run.supervisor_lock, run.trainer_lock)]
    descriptors = [lock.descriptor for lock in locks]
    arguments = [str(run.path), "1", *map(str, descriptors), "--", "sleep", "600"]
    done = subprocess.run([sys.executable, "-c", EARLY, *arguments], pass_fds=descriptors, check=False)
    for lock in locks:
        lock.release()
    assert done.returncode == 128 + signal.SIGTERM
    assert read_json(run.exit_json)["signal"] == "SIGTERM"


def test_a_closed_terminal_is_nothing_to_it(run: RunFolder, supervised: Supervised) -> None:
    process = supervised("echo $$; exec sleep 600")
    trainer = trainer_of(run)
    process.send_signal(signal.SIGHUP)
    os.kill(trainer, signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    os.kill(trainer, 0)


def test_a_program_that_cannot_be_started_is_told_in_its_log(run: RunFolder) -> None:
    locks = [Lock.take(path, attempt=1) for path in (run.supervisor_lock, run.trainer_lock)]
    descriptors = [lock.descriptor for lock in locks]
    arguments = [str(run.path), "1", *map(str, descriptors), "--", "/nowhere/python"]
    done = subprocess.run(
        [sys.executable, "-m", "cilda.runs.supervisor", *arguments],
        pass_fds=descriptors, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for lock in locks:
        lock.release()
    assert done.returncode != 0
    assert "/nowhere/python" in done.stderr
    assert status_of(run).word == "crashed"


def test_the_record_of_the_end_needs_no_room_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        run = create(disk.path, "run")
        record = ExitRecord(run.path)
        disk.fill()
        record.write({"code": 0, "attempt": 1}, patience_seconds=0.1)
        assert json.loads(run.exit_json.read_bytes()) == {"code": 0, "attempt": 1}
        assert [path.name for path in run.path.glob(".exit*")] == []


@pytest.fixture(name="narrow")
def _narrow() -> Iterator[str]:
    """A control group with 64 MB of memory: the shell command by which a process joins it."""
    # Of this process alone: others may run the same tests on the same machine.
    name = f"cilda-test-{os.getpid()}"
    group = Path("/sys/fs/cgroup/memory", name)
    if not group.parent.is_dir():
        group = Path("/sys/fs/cgroup", name)
    limit = group / ("memory.max" if group.parent.name == "cgroup" else "memory.limit_in_bytes")
    try:
        group.mkdir(exist_ok=True)
    except OSError:
        pytest.skip("no right to make a control group")
    try:
        limit.write_text(str(64 * 2**20), encoding="ascii")
    except OSError:
        group.rmdir()
        pytest.skip("no right to limit a control group's memory")
    yield f"echo 0 > {group}/cgroup.procs"
    until(lambda: not (group / "cgroup.procs").read_text(encoding="ascii"))
    group.rmdir()


def test_a_trainer_that_the_kernel_killed_for_want_of_memory_is_told_from_one_that_was_killed(
    run: RunFolder, narrow: str
) -> None:
    locks = [Lock.take(path, attempt=1) for path in (run.supervisor_lock, run.trainer_lock)]
    descriptors = [lock.descriptor for lock in locks]
    greedy = "import time; time.sleep(1.2); bytearray(300 * 2**20)"
    supervisor = [sys.executable, "-m", "cilda.runs.supervisor", str(run.path), "1", *map(str, descriptors), "--"]
    done = subprocess.run(
        ["sh", "-c", f'{narrow} && exec "$@"', "sh", *supervisor, sys.executable, "-c", greedy],
        pass_fds=descriptors, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for lock in locks:
        lock.release()
    assert done.returncode == 137, done.stderr
    assert read_json(run.exit_json)["out_of_memory"] is True
    assert (status_of(run).word, status_of(run).why) == ("killed", "out of memory: the kernel ended it")


def test_a_folder_that_was_removed_is_never_written_to_again_nor_its_namesake(tmp_path: Path) -> None:
    first = create(tmp_path, "run")
    record = ExitRecord(first.path)
    shutil.rmtree(first.path)
    namesake = create(tmp_path, "run")
    with pytest.raises(FileNotFoundError):
        record.write({"code": 0, "attempt": 1})
    assert not namesake.exit_json.exists()


def test_a_supervisor_whose_folder_has_gone_ends(run: RunFolder, supervised: Supervised) -> None:
    process = supervised("echo $$; exec sleep 600")
    trainer = trainer_of(run)
    # It writes a reading a second: held still, it puts none into a folder that is being removed.
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    shutil.rmtree(run.path)
    process.send_signal(signal.SIGCONT)
    os.kill(trainer, signal.SIGKILL)
    assert process.wait(PATIENCE_SECONDS) != 0
    assert not run.path.exists()


def test_it_imports_nothing_that_stays_in_memory_for_days() -> None:
    program = "import sys, cilda.runs.supervisor; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "psutil" in loaded
    assert not loaded & {"torch", "numpy", "pydantic", "rich", "typer", "dataclasses", "secrets", "inspect", "pynvml"}
