from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.layout import create
from cilda.runs.locks import BUSY, Held, Lock, holder

HOLDER = """
import sys, time
from pathlib import Path
from cilda.runs.locks import Lock
Lock.take(Path(sys.argv[1]), attempt=3)
print("held", flush=True)
time.sleep(600)
"""


def holding(path: Path) -> subprocess.Popen[str]:
    """A process that holds the lock at `path`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_lock_that_nobody_ever_took_is_free(tmp_path: Path) -> None:
    assert holder(tmp_path / "lock").held is Held.NO
    assert not list(tmp_path.iterdir()), "asking makes nothing"


def test_a_lock_says_who_holds_it_and_a_second_process_is_told(tmp_path: Path) -> None:
    path = create(tmp_path, "run").trainer_lock
    process = holding(path)
    try:
        seen = holder(path)
        assert seen.held is Held.YES
        assert (seen.says["pid"], seen.says["attempt"]) == (process.pid, 3)
        with pytest.raises(CildaError, match=f"process {process.pid} on ") as refused:
            Lock.take(path)
        assert refused.value.exit_code == BUSY == 75
    finally:
        end(process)


def test_a_killed_holder_lets_go_also_while_it_is_a_zombie(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = holding(path)
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        stat = Path(f"/proc/{process.pid}/stat")
        if stat.exists():
            assert stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
        os.kill(process.pid, 0)
        assert holder(path).held is Held.NO
        Lock.take(path).release()
    finally:
        end(process)


def test_a_lock_is_held_until_the_last_process_that_inherited_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = Lock.take(path)
    heir = subprocess.Popen(["sleep", "600"], pass_fds=[lock.descriptor])
    lock.release()
    try:
        assert holder(path).held is Held.YES
    finally:
        heir.kill()
        heir.wait()
    assert holder(path).held is Held.NO


def test_a_lock_is_not_inherited_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = Lock.take(path)
    other = subprocess.Popen(["sleep", "600"], close_fds=False)
    lock.release()
    try:
        assert holder(path).held is Held.NO
    finally:
        other.kill()
        other.wait()


def test_a_viewer_that_asks_does_not_turn_the_owner_away(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    asking = subprocess.Popen([sys.executable, "-c", ASKING, str(path)], stdout=subprocess.PIPE, text=True)
    assert asking.stdout is not None
    assert asking.stdout.readline() == "asking\n"
    try:
        for _ in range(50):
            Lock.take(path).release()
    finally:
        end(asking)


ASKING = """
import sys
from pathlib import Path
from cilda.runs.locks import holder
print("asking", flush=True)
while True:
    holder(Path(sys.argv[1]))
"""


def test_a_lock_of_another_machine_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text('{"pid": 1, "host": "elsewhere.example"}', encoding="ascii")
    assert holder(path).held is Held.UNKNOWN


def test_a_new_holder_s_words_replace_the_old_ones_whole(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    Lock.take(path, more="x" * 100).release()
    Lock.take(path, attempt=2).release()
    assert set(read_json(path)) == {"pid", "host", "t", "attempt"}


def test_rubbish_in_a_lock_s_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"\xff{")
    assert (holder(path).held, holder(path).says) == (Held.NO, {})
