"""Steering a run: what was done is said, and so is what was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cilda.cli import steer
from cilda.errors import CildaError
from cilda.runs import status
from cilda.runs.layout import RunFolder
from cilda.runs.locks import holder
from cilda.runs.status import status_of
from cilda.runs.store import read_events
from tests.cli.conftest import Cilda
from tests.cli.standin import Standin, ended_run, new_run

HOLD = """
import sys, time
from pathlib import Path
from cilda.runs.locks import Lock
lock = Lock.take(Path(sys.argv[1]), attempt=1, supervised=False)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(name="runs_dir")
def _runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CILDA_RUNS_DIR", str(tmp_path))
    # Of a busy machine; those who shall wait in vain set their own.
    for name in ("ANSWER_SECONDS", "CHECKPOINT_SECONDS", "KILL_SECONDS"):
        monkeypatch.setattr(steer, name, 120.0)
    return tmp_path


def test_a_checkpoint_is_written_and_its_folder_printed(cilda: Cilda, runs_dir: Path) -> None:
    folder = new_run(runs_dir)
    with Standin(folder):
        shown = cilda("checkpoint", "one")
    assert (shown.code, shown.out) == (0, f"{folder.checkpoints}/step-student-00000005\n")
    assert shown.err == ("one wrote a checkpoint at student turn 3; its name counts the turns of all players: 5\n")


def test_a_pause_says_how_to_go_on(cilda: Cilda, runs_dir: Path) -> None:
    with Standin(new_run(runs_dir)) as run:
        shown = cilda("pause")
        assert status_of(run.folder).word == "paused"
    assert shown.err == "latest run: one\none is paused; it goes on with: cilda resume one\n"


def test_stop_returns_when_the_run_has_ended(cilda: Cilda, runs_dir: Path) -> None:
    folder = new_run(runs_dir)
    with Standin(folder):
        shown = cilda("stop", "one")
        assert status_of(folder).word == "stopped"
    assert shown.code == 0
    assert "one: stopped\n" in shown.err
    assert "cilda resume one" in shown.err


def test_stop_without_waiting_returns_when_the_run_has_agreed(cilda: Cilda, runs_dir: Path) -> None:
    with Standin(new_run(runs_dir)):
        shown = cilda("stop", "one", "--no-wait")
    assert (shown.code, shown.err) == (0, "one will stop\n")


def test_stop_is_4_where_the_run_has_failed_meanwhile(cilda: Cilda, runs_dir: Path) -> None:
    with Standin(new_run(runs_dir), deaf=True) as run:
        later = threading.Timer(0.3, run.end, ["failed"])
        later.start()
        shown = cilda("stop", "one")
        later.join()
    assert (shown.code, shown.what) == (4, "run one: failed")
    assert "cilda logs one" in shown.todo


@pytest.mark.parametrize("no_wait", [[], ["--no-wait"]])
def test_a_stalled_run_is_not_waited_for(
    no_wait: list[str], cilda: Cilda, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steer, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(status, "MOTIONLESS_SECONDS", -1.0)
    with Standin(new_run(runs_dir), deaf=True):
        shown = cilda("stop", "one", *no_wait)
    assert shown.code == 1
    assert shown.what.startswith("one has not answered: it is stalled: ")
    assert shown.todo == "the request stays, should it ever go on; to end it: cilda stop one --kill"
    assert len(shown.err.splitlines()) == 2, "said once"


def test_a_refusal_is_told_in_the_run_s_own_words(cilda: Cilda, runs_dir: Path) -> None:
    with Standin(new_run(runs_dir), refuses="the disk is full"):
        shown = cilda("checkpoint", "one")
    assert shown.code == 1
    assert "the disk is full" in shown.what


def test_silence_is_told_with_what_the_run_is_doing(
    cilda: Cilda, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steer, "ANSWER_SECONDS", 0.2)
    folder = new_run(runs_dir)
    with Standin(folder, deaf=True):
        folder.state_json.unlink()
        shown = cilda("pause", "one")
        assert (shown.code, shown.what) == (
            1,
            "one has not answered: it is starting: the trainer is loading what it needs",
        )
        assert shown.todo.startswith("it is still starting: it will be answered when the first turn is over; ")
        assert shown.todo.endswith("cilda stop one --kill")
        unsure = cilda("stop", "one", "--no-wait")
        assert unsure.code == 1
        assert "has not answered yet (starting" in unsure.err
    assert len(list(folder.control_new.iterdir())) == 2, "the requests stay"


@pytest.mark.parametrize("command", ["stop", "pause", "checkpoint"])
def test_a_run_that_has_ended_cannot_be_steered(cilda: Cilda, runs_dir: Path, command: str) -> None:
    folder = ended_run(runs_dir, status="failed", error="no such column: \x1b[2Jx")
    shown = cilda(command, "one")
    assert shown.code == 1
    assert shown.what.endswith("it is failed: no such column: ?[2Jx")
    assert not folder.control_new.exists()


@pytest.mark.parametrize("command", [("rm", "-y"), ("resume",), ("note", "x")])
def test_a_dead_run_in_a_folder_that_cannot_be_written_is_left_alone(
    command: tuple[str, ...], cilda: Cilda, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ended_run(runs_dir, status="stopped")
    monkeypatch.setattr(os, "access", lambda *_: False)
    shown = cilda(command[0], "one", *command[1:])
    assert shown.code == 1
    assert shown.what == f"one can only be looked at from here: no permission to write {folder.path}"
    assert "--runs-dir" not in shown.todo


def test_a_run_in_a_folder_that_cannot_be_written_is_not_asked(
    cilda: Cilda, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Standin(new_run(runs_dir)) as run:
        # Root may write anywhere: the question alone is answered otherwise.
        monkeypatch.setattr(os, "access", lambda *_: False)
        shown = cilda("stop", "one")
    assert shown.code == 1
    assert "no permission to write" in shown.what
    assert not run.folder.control_new.exists()


def notes(folder: RunFolder) -> list[str]:
    return [event["text"] for event in read_events(folder.events, {"note"})]


def test_a_note_reaches_a_live_run_and_a_dead_one(cilda: Cilda, runs_dir: Path) -> None:
    folder = new_run(runs_dir)
    with Standin(folder):
        assert cilda("note", "one", "while", "it goes on").err == "noted in one\n"
    before = holder(folder.trainer_lock).says
    assert cilda("note", "one", "after its end").code == 0
    assert notes(folder) == ["while it goes on", "after its end"]
    assert status_of(folder).word == "stopped", "a note changes no status"
    assert holder(folder.trainer_lock).says["attempt"] == before["attempt"]


def test_an_empty_note_is_refused(cilda: Cilda, runs_dir: Path) -> None:
    new_run(runs_dir)
    assert cilda("note", "one", " ").code == 2


def test_kill_ends_the_process_that_holds_the_lock(cilda: Cilda, runs_dir: Path) -> None:
    folder = new_run(runs_dir)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.trainer_lock)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        shown = cilda("stop", "--kill", "one")
        assert process.wait() == -signal.SIGKILL
    assert shown.code == 0
    assert "one: crashed" in shown.err


def test_kill_ends_no_process_that_does_not_hold_the_lock(cilda: Cilda, runs_dir: Path) -> None:
    folder = new_run(runs_dir)
    with Standin(folder, deaf=True), subprocess.Popen(["sleep", "60"]) as bystander:
        path = folder.trainer_lock
        path.write_text(path.read_text().replace(f'"pid": {os.getpid()}', f'"pid": {bystander.pid}'), encoding="utf-8")
        shown = cilda("stop", "--kill", "one")
        assert bystander.poll() is None
        bystander.kill()
    assert shown.code == 1
    assert shown.what == f"process {bystander.pid} is not the trainer any more, or not yet"


def test_kill_reaches_no_other_machine(runs_dir: Path) -> None:
    from cilda.cli.killing import kill_holder

    path = runs_dir / "lock"
    path.write_text('{"pid": 1, "host": "elsewhere"}', encoding="utf-8")
    with pytest.raises(CildaError, match="last on elsewhere"):
        kill_holder(path)
