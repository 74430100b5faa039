"""Runs that go on without whoever started them: real processes, killed and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from cilda.cli import resume, steer
from cilda.cli.launch import launch
from cilda.runs.atomic import read_json
from cilda.runs.control import ask
from cilda.runs.layout import RunFolder
from cilda.runs.locks import Held, holder
from cilda.runs.status import status_of
from cilda.runs.store import read_events
from tests.cli.conftest import CILDA, Cilda, Desk
from tests.storm import kill, until

# Several waits of two minutes each may fall into one test on a machine that is busy elsewhere.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
# Whoever kills this process closes the terminal that it holds.
TERMINAL = "import pty, sys; pty.spawn(sys.argv[1:])"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trainer on a busy machine may take longer for a turn than a person is willing to wait."""
    monkeypatch.setattr(steer, "ANSWER_SECONDS", 120.0)
    monkeypatch.setattr(steer, "CHECKPOINT_SECONDS", 120.0)
    monkeypatch.setattr(resume, "ANSWER_SECONDS", 120.0)


@pytest.fixture(name="runs")
def _runs(tmp_path: Path) -> Iterator[Path]:
    """A folder of runs of which nothing lives on after the test."""
    yield tmp_path / "runs"
    for path in (tmp_path / "runs").iterdir():
        kill(RunFolder(path), "supervisor", "trainer")


def long_run(desk: Desk, runs: Path) -> list[str]:
    """The options of a run in the background that lasts until somebody ends it."""
    given = [option for option in desk.quick(runs) if option != "--foreground"]
    return [*given, "--max-turns", "1000000", "--epochs", "1000000", "--set", "evaluate_every=5"]


def alive(pid: str) -> bool:
    """Whether there is such a process, and it is no zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def turn(run: RunFolder) -> int:
    return int(read_json(run.state_json).get("turn") or 0)


def background(cilda: Cilda, desk: Desk, runs: Path, *more: str) -> RunFolder:
    """A run in the background that has begun to train."""
    shown = cilda("distill", *long_run(desk, runs), *more)
    assert shown.code == 0, shown.err
    run = RunFolder(runs / shown.out.strip())
    until(lambda: turn(run) > 5 or status_of(run).ended)
    assert status_of(run).word == "running", (run.log / "train.000001.log").read_text(encoding="utf-8")
    return run


def test_without_a_terminal_the_id_alone_is_printed_and_the_run_goes_on(cilda: Cilda, desk: Desk, runs: Path) -> None:
    shown = cilda("distill", *long_run(desk, runs), "--name", "mine")
    assert (shown.code, shown.out) == (0, "mine\n")
    assert f"cilda watch -f {runs / 'mine'}" in shown.err
    run = RunFolder(runs / "mine")
    words: list[str] = []

    def trains() -> bool:
        words.append(status_of(run).word)
        return turn(run) > 0

    until(trains)
    # Nothing else on the way, and never back; a machine that gave us no time to look may have begun already.
    assert [word for word, _ in groupby([*words, status_of(run).word])] in (["starting", "running"], ["running"])
    again = cilda("resume", str(run.path))
    assert (again.code, again.what) == (75, "mine is running")
    refused = cilda("rm", str(run.path), "--yes")
    assert refused.code == 1
    assert run.exists()


def test_detaching_can_be_told_to_programs(cilda: Cilda, desk: Desk, runs: Path) -> None:
    shown = cilda("distill", *long_run(desk, runs), "--detach", "--json", "--name", "mine")
    assert json.loads(shown.out) == {"run": "mine", "folder": str(runs / "mine")}


def test_a_second_trainer_on_the_same_run_is_turned_away(cilda: Cilda, desk: Desk, runs: Path) -> None:
    run = background(cilda, desk, runs)
    before = read_json(run.trainer_lock)
    done = subprocess.run(
        [*CILDA, "resume", str(run.path), "--foreground"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 75
    program = (
        "import sys; from pathlib import Path; from cilda.cli import train; from cilda.runs.layout import RunFolder"
    )
    program += "; train.work(RunFolder(Path(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", program, str(run.path)], capture_output=True, text=True, check=False)
    assert f"process {before['pid']} on " in done.stderr
    assert read_json(run.trainer_lock) == before
    assert status_of(run).word == "running"


def test_closing_the_terminal_leaves_the_run_going(desk: Desk, runs: Path) -> None:
    typed = [*CILDA, "distill", *long_run(desk, runs), "--name", "mine"]
    terminal = subprocess.Popen(
        [sys.executable, "-c", TERMINAL, *typed], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    run = RunFolder(runs / "mine")
    until(lambda: turn(run) > 5 or terminal.poll() is not None)
    assert terminal.poll() is None, terminal.communicate()
    children = Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text(encoding="ascii").split()
    terminal.kill()
    out, _ = terminal.communicate()
    assert b"mine" in out
    # The viewer in it dies of its terminal, the run does not.
    until(lambda: not any(alive(child) for child in children))
    seen = turn(run)
    until(lambda: turn(run) > seen + 5)
    assert status_of(run).word == "running"


def test_two_viewers_who_ask_for_a_checkpoint_and_the_end_at_once_both_get_answers(
    cilda: Cilda, desk: Desk, runs: Path
) -> None:
    run = background(cilda, desk, runs)
    asked = {what: ask(run, what) for what in ("stop", "checkpoint")}
    until(lambda: status_of(run).ended)
    assert status_of(run).word == "stopped"
    answers = {event["id"]: event["answer"] for event in read_events(run.events, {"request"})}
    assert answers[asked["stop"]] == "done"
    assert answers[asked["checkpoint"]] in ("done", "refused")
    until(lambda: not list(run.control_new.iterdir()))


def test_two_commands_that_ask_for_a_checkpoint_and_the_end_at_once_are_both_told(
    cilda: Cilda, desk: Desk, runs: Path
) -> None:
    run = background(cilda, desk, runs)
    stop, checkpoint = (
        subprocess.Popen([*CILDA, what, str(run.path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for what in ("stop", "checkpoint")
    )
    stopped, written = stop.communicate(timeout=120), checkpoint.communicate(timeout=120)
    assert stop.returncode == 0, stopped
    assert status_of(run).word == "stopped"
    # Whichever came first: the checkpoint was written (and stays until newer ones take its place), or the sentence says
    # that the run has ended.
    if checkpoint.returncode == 0:
        assert Path(written[0].strip()).name in {event["path"] for event in read_events(run.events, {"checkpoint"})}
    else:
        assert checkpoint.returncode == 1
        assert "stopped" in written[1] or "the run has ended" in written[1], written
    assert not list(run.control_new.iterdir())


def test_after_everything_was_killed_ps_says_crashed_and_resume_goes_on(cilda: Cilda, desk: Desk, runs: Path) -> None:
    run = background(cilda, desk, runs)
    until(lambda: bool(list(run.checkpoints.glob("step-*"))))
    kill(run, "supervisor", "trainer")
    (record,) = json.loads(cilda("ps", "--runs-dir", runs, "--json").out)
    assert record["status"] == "crashed"
    shown = cilda("resume", str(run.path))
    assert (shown.code, shown.out) == (0, f"{run.id}\n")
    assert "its last checkpoint is step-student-" in shown.err
    until(lambda: len(list(read_events(run.events, {"started"}))) == 2)
    until(lambda: status_of(run).word == "running")
    stage = list(read_events(run.events, {"stage"}))[-1]
    assert stage["resumed_from"].startswith("step-student-")
    assert (run.log / "train.000002.log").exists()


@pytest.mark.long
def test_a_name_is_free_only_when_nobody_writes_there_any_more(cilda: Cilda, desk: Desk, runs: Path) -> None:
    run = background(cilda, desk, runs, "--name", "leak")
    assert cilda("stop", str(run.path)).code == 0
    assert all(holder(lock).held is Held.NO for lock in (run.supervisor_lock, run.trainer_lock))
    assert run.exit_json.exists()
    os.utime(run.exit_json, (0, 0))
    assert cilda("rm", str(run.path), "--yes").code == 0
    again = background(cilda, desk, runs, "--name", "leak")
    assert not again.exit_json.exists()


def test_advice_names_the_run(cilda: Cilda, desk: Desk, runs: Path) -> None:
    run = background(cilda, desk, runs)
    assert cilda("resume", str(run.path)).todo.endswith(f"cilda stop {run.path}")
    assert cilda("pause", str(run.path)).code == cilda("pause", str(run.path)).code == 0
    assert cilda("resume", str(run.path)).code == 0


def test_rows_that_changed_are_noticed_before_anything_is_started(cilda: Cilda, desk: Desk, runs: Path) -> None:
    table = runs.parent / "own.csv"
    table.write_bytes((desk.folder / "rows.csv").read_bytes())
    run = background(cilda, desk, runs, "--train", str(table))
    assert cilda("stop", str(run.path)).code == 0
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([*lines, "the film is very warm,good"]), encoding="utf-8")
    shown = cilda("resume", str(run.path))
    assert (shown.code, shown.what) == (1, "the train rows are others than those that the run began with")
    assert status_of(run).word == "stopped"


def test_a_paused_run_waits_and_goes_on(cilda: Cilda, desk: Desk, runs: Path) -> None:
    run = background(cilda, desk, runs)
    assert cilda("pause", str(run.path)).code == 0
    assert status_of(run).word == "paused"
    seen = turn(run)
    time.sleep(0.5)
    assert turn(run) == seen
    shown = cilda("resume", str(run.path))
    assert (shown.code, shown.out) == (0, "")
    until(lambda: turn(run) > seen)


def test_an_orphan_that_was_paused_goes_on(cilda: Cilda, desk: Desk, runs: Path) -> None:
    run = background(cilda, desk, runs)
    kill(run, "supervisor")
    assert cilda("pause", str(run.path)).code == 0
    assert status_of(run).word == "orphaned"
    seen = turn(run)
    assert cilda("resume", str(run.path)).code == 0
    until(lambda: turn(run) > seen)


def test_a_stopped_trainer_and_a_killed_one_are_told_apart(cilda: Cilda, desk: Desk, runs: Path) -> None:
    run = background(cilda, desk, runs)
    os.kill(read_json(run.supervisor_lock)["pid"], signal.SIGTERM)
    until(lambda: status_of(run).ended)
    assert status_of(run).word == "stopped"
    until(run.exit_json.exists)
    assert read_json(run.exit_json)["code"] == 143
    (stopped,) = read_events(run.events, {"stopped"})
    assert (run.checkpoints / stopped["checkpoint"]).is_dir()
    launch(run)
    until(lambda: status_of(run).word == "running")
    kill(run, "trainer")
    until(lambda: status_of(run).ended)
    assert (status_of(run).word, status_of(run).why) == ("killed", "SIGKILL")


def test_a_trainer_that_is_stopped_while_it_loads_says_so(cilda: Cilda, desk: Desk, runs: Path) -> None:
    shown = cilda("distill", *long_run(desk, runs))
    run = RunFolder(runs / shown.out.strip())
    until(run.state_json.exists)
    os.kill(read_json(run.supervisor_lock)["pid"], signal.SIGTERM)
    until(lambda: status_of(run).ended)
    assert status_of(run).word == "stopped"
    assert list(read_events(run.events, {"stopped"}))
    until(run.exit_json.exists)
    assert read_json(run.exit_json)["code"] == 143


def test_a_foreground_run_stops_behind_a_checkpoint_and_goes_on_from_it(desk: Desk, runs: Path) -> None:
    command = [*CILDA, "distill", *long_run(desk, runs), "--name", "mine", "--foreground"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run = RunFolder(runs / "mine")
    until(lambda: turn(run) > 5 or process.poll() is not None)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (143, "")
    assert "go on with: cilda resume" in err.splitlines()[-1]
    assert status_of(run).word == "stopped"
    (stopped,) = read_events(run.events, {"stopped"})
    process = subprocess.Popen([*CILDA, "resume", str(run.path), "--foreground"], stderr=subprocess.PIPE, text=True)
    until(lambda: len(list(read_events(run.events, {"stage"}))) == 2)
    process.kill()
    process.communicate()
    assert list(read_events(run.events, {"stage"}))[1]["resumed_from"] == stopped["checkpoint"]
    assert status_of(run).word == "crashed"


def test_a_run_can_begin_with_the_settings_of_another(cilda: Cilda, desk: Desk, finished: tuple[Path, object]) -> None:
    run, _ = finished
    shown = cilda("distill", "--from", str(run), "--seed", "9", "--dry-run")
    assert shown.code == 0, shown.err
    assert f"run {run.name}" in shown.out
    assert "seed = 9  # --seed" in shown.out
    assert 'student = "1L"' in shown.out
    assert f'name = "{run.name}"' not in shown.out


def test_a_finished_run_is_not_resumed(cilda: Cilda, finished: tuple[Path, object]) -> None:
    run, _ = finished
    shown = cilda("resume", str(run))
    assert (shown.code, shown.what) == (1, f"{run.name} is finished")
    assert "--from" in shown.todo


def test_what_cannot_start_is_not_started(cilda: Cilda, desk: Desk, runs: Path) -> None:
    table = runs.parent / "own.csv"
    table.write_bytes((desk.folder / "rows.csv").read_bytes())
    assert cilda("distill", *desk.quick(runs), "--train", table, "--name", "gone", "--max-length", "129").code != 0
    run = RunFolder(runs / "gone")
    before = read_json(run.state_json)
    both = cilda("resume", str(run.path), "--foreground", "--detach")
    assert (both.code, both.what) == (2, "--foreground and --detach exclude each other")
    table.unlink()
    shown = cilda("resume", str(run.path), "--detach")
    assert (shown.code, shown.what) == (1, f"no file at {table}")
    run.run_json.write_text("{", encoding="ascii")
    shown = cilda("resume", str(run.path), "--detach")
    assert (shown.code, shown.what) == (1, f"{run.run_json} is missing or damaged")
    assert read_json(run.state_json) == before


def test_a_request_is_put_down_by_a_file_that_any_program_could_write(cilda: Cilda, desk: Desk, runs: Path) -> None:
    run = background(cilda, desk, runs)
    request = ask(run, "note", text="a note")
    until(lambda: any(event["id"] == request for event in read_events(run.events, {"request"})))
    (note,) = read_events(run.events, {"note"})
    assert note["text"] == "a note"
