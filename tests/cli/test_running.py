from __future__ import annotations

import signal
from pathlib import Path

import pytest

from cilda.cli.running import _hearing_signals, working
from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.control import Orders, ask
from cilda.runs.layout import create
from cilda.runs.locks import Held, holder
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from tests.storm import until


@pytest.fixture(name="orders")
def _orders(tmp_path: Path) -> Orders:
    run = create(tmp_path, "run")
    return Orders(run, RunWriter(run))


@pytest.mark.parametrize(("number", "left"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
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


def test_a_run_in_the_foreground_measures_the_machine_itself(tmp_path: Path) -> None:
    run = create(tmp_path, "run")
    with working(run):
        until(lambda: any(run.system.glob("*.jsonl")))
    (reading, *_) = read_events(run.system)
    assert reading["kind"] == "system"
    assert reading["trainer_mb"] > 0
