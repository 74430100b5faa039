from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cilda.cli.running import _hearing_signals, working
from cilda.errors import CildaError
from cilda.runs.atomic import read_json, unfinished_writes
from cilda.runs.control import Orders, RunStopped, ask
from cilda.runs.events import number
from cilda.runs.layout import RunFolder, create
from cilda.runs.locks import Held, Lock, holder
from cilda.runs.status import status_of
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from tests.cli.conftest import CILDA, Desk
from tests.storm import until


@pytest.fixture(name="orders")
def _orders(tmp_path: Path) -> Orders:
    run = create(tmp_path, "run")
    return Orders(run, RunWriter(run))


@pytest.mark.parametrize(
    ("number", "left"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)],
)
def test_a_signal_that_no_turn_would_hear_ends_the_process(
    number: signal.Signals, left: type[BaseException], orders: Orders
) -> None:
    before = signal.getsignal(number)
    with pytest.raises(left), _hearing_signals(orders):
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_between_turns_the_first_signal_is_a_request_and_the_second_an_order(
    orders: Orders, capfd: pytest.CaptureFixture[str]
) -> None:
    orders.poll()
    with _hearing_signals(orders):
        signal.raise_signal(signal.SIGINT)
        assert [(request.what, request.by) for request in orders.poll()] == [("stop", "SIGINT")]
        assert "stopping after this turn, behind a checkpoint; once more to leave at once" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_the_same_end_of_a_process_group_told_twice_is_one_request(orders: Orders) -> None:
    orders.poll()
    with _hearing_signals(orders):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert len(orders.poll()) == 1


def test_a_closed_terminal_is_a_request_however_often_it_is_told(orders: Orders) -> None:
    orders.poll()
    with _hearing_signals(orders):
        for _ in range(3):
            signal.raise_signal(signal.SIGHUP)
        assert [(request.what, request.by) for request in orders.poll()] == [("stop", "SIGHUP")]


def test_under_nohup_a_closed_terminal_is_nothing(orders: Orders) -> None:
    orders.poll()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with _hearing_signals(orders):
            signal.raise_signal(signal.SIGHUP)
            assert orders.poll() == []
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_says_how_a_run_ended_is_written_undisturbed(orders: Orders) -> None:
    with _hearing_signals(orders):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)


def test_who_works_on_a_run_holds_its_lock_and_answers_what_came_before(tmp_path: Path) -> None:
    run = create(tmp_path, "run")
    late = ask(run, "stop")
    run.control_new.joinpath(f"{late}.json").write_text('{"what": "stop", "t": 1.0}', encoding="ascii")
    with working(run) as desk:
        assert holder(run.trainer_lock).held is Held.YES
        assert holder(run.trainer_lock).says["supervised"] is False
        assert read_json(run.state_json)["status"] == "starting"
        assert desk.orders.poll() == []
        with pytest.raises(CildaError) as busy, working(run):
            pass
        assert busy.value.exit_code == 75
        open_question = ask(run, "checkpoint")
    assert holder(run.trainer_lock).held is Held.NO
    answers = {event["id"]: event["why"] for event in read_events(run.events, {"request"})}
    assert answers == {late: "it was asked of a process that has ended since", open_question: "the run has ended"}
    with working(run) as desk:
        assert desk.writer.attempt == 2
    assert sorted(path.name for path in run.log.iterdir()) == ["train.000001.log", "train.000002.log"]


def test_what_was_asked_while_the_process_was_still_being_started_is_asked_of_it(tmp_path: Path) -> None:
    run = create(tmp_path, "run")
    now = time.time()
    # As `launch` leaves it, half a minute before the process on a very busy machine has come so far.
    lock = Lock.take(run.trainer_lock, attempt=2, supervised=True, pid=None, t=now - 30)
    for what, asked in (("stop", now - 40), ("checkpoint", now - 20)):
        request = ask(run, "stop")
        content = f'{{"what": "{what}", "t": {asked}}}'
        run.control_new.joinpath(f"{request}.json").write_text(content, encoding="ascii")
    with working(run, attempt=2, inherited=lock) as desk:
        assert [request.what for request in desk.orders.poll()] == ["checkpoint"]
    told = [(event["what"], event["answer"], event["why"]) for event in read_events(run.events, {"request"})]
    assert told == [
        ("stop", "refused", "it was asked of a process that has ended since"),
        ("checkpoint", "refused", "the run has ended"),
    ]


@pytest.mark.parametrize(
    ("error", "kind", "what"),
    [
        (KeyboardInterrupt(), "stopped", "interrupted, without a checkpoint of its own"),
        (SystemExit(143), "stopped", "interrupted, without a checkpoint of its own"),
        (ImportError("no module torch"), "failed", "ImportError: no module torch"),
        (CildaError("too hot", "cool it"), "failed", "too hot"),
    ],
)
def test_what_ends_a_process_while_its_libraries_load_is_said(
    tmp_path: Path, error: BaseException, kind: str, what: str
) -> None:
    run = create(tmp_path, "run")
    with pytest.raises(type(error)), working(run):
        raise error
    (told,) = read_events(run.events)
    assert (told["kind"], told["what"]) == (kind, what)
    assert ("traceback" in told) == isinstance(error, ImportError)
    state = read_json(run.state_json)
    assert (state["status"], state.get("error")) == (kind, what if kind == "failed" else None)
    assert status_of(run).word == kind


@pytest.mark.parametrize("end", ["finished", "stopped", "failed"])
def test_an_interrupt_between_the_last_event_and_the_last_state_changes_no_end(tmp_path: Path, end: str) -> None:
    run = create(tmp_path, "run")

    def work() -> None:
        with working(run) as desk:
            desk.writer.event(end, **({"what": "too hot"} if end == "failed" else {}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert [event["kind"] for event in read_events(run.events)] == [end]
    assert read_json(run.state_json)["status"] == end


@pytest.mark.parametrize("status", ["stopping", "stopped"])
def test_a_second_interrupt_while_the_state_is_written_leaves_a_whole_and_true_one(
    tmp_path: Path, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path, "run")
    replace = Path.replace

    def replaced(path: Path, target: Path) -> Path:
        if target == run.state_json and f'"status": "{status}"' in path.read_text(encoding="ascii"):
            monkeypatch.setattr(Path, "replace", replace)
            signal.raise_signal(signal.SIGINT)
        return replace(path, target)

    def work() -> None:
        with working(run) as desk:
            desk.orders.poll()
            signal.raise_signal(signal.SIGINT)
            (request,) = desk.orders.poll()
            monkeypatch.setattr(Path, "replace", replaced)
            desk.writer.state("stopping")
            desk.writer.event("stopped", what="stopped by SIGINT", checkpoint="step-student-00000001")
            raise RunStopped("stopped by SIGINT", request, "step-student-00000001")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert read_json(run.state_json)["status"] == "stopped"
    assert [event["kind"] for event in read_events(run.events)] == ["stopped"]
    assert not unfinished_writes(run.state_json)


def test_a_run_in_the_foreground_measures_the_machine_itself(tmp_path: Path) -> None:
    run = create(tmp_path, "run")
    with working(run):
        until(lambda: any(run.system.glob("*.jsonl")))
    (reading, *_) = read_events(run.system)
    assert reading["kind"] == "system"
    assert reading["trainer_mb"] > 0


# What makes a terminal the process's own, so that its end is told by a signal.
IN_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.mark.slow
def test_a_run_whose_terminal_closes_ends_behind_a_checkpoint(desk: Desk, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    options = [*desk.quick(tmp_path / "runs"), "--max-turns", "1000000", "--name", "one"]
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, *CILDA, "distill", *options],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "CILDA_THREADS": "1"},
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    run = RunFolder(tmp_path / "runs" / "one")

    def trains() -> bool:
        # A terminal that nobody reads from blocks who writes to it.
        with contextlib.suppress(BlockingIOError):
            os.read(ours, 65536)
        return (number(read_json(run.state_json).get("turn")) or 0) > 2

    try:
        until(trains)
        os.close(ours)
        assert process.wait(120) == 129
    finally:
        process.kill()
        process.wait()
    (stopped,) = read_events(run.events, {"stopped"})
    assert "stopped by SIGHUP" in stopped["what"]
    assert (run.checkpoints / stopped["checkpoint"]).is_dir()
    assert status_of(run).word == "stopped"
