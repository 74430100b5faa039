from __future__ import annotations

import json
from pathlib import Path

import pytest

from cilda.errors import CildaError
from cilda.runs.control import Answers, Orders, Request, ask, withdraw
from cilda.runs.events import Event
from cilda.runs.layout import RunFolder, create
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> RunFolder:
    return create(tmp_path, "run")


@pytest.fixture(name="orders")
def _orders(run: RunFolder) -> Orders:
    return Orders(run, RunWriter(run))


def answers(run: RunFolder) -> list[tuple[str, str]]:
    return [(event["what"], event["answer"]) for event in read_events(run.events, {"request"})]


def test_a_request_is_taken_up_once_and_put_aside_when_it_is_answered(run: RunFolder, orders: Orders) -> None:
    request_id = ask(run, "checkpoint")
    (request,) = orders.poll(at_once=True)
    assert (request.id, request.what, request.now) == (request_id, "checkpoint", False)
    assert "@" in request.by
    assert orders.poll(at_once=True) == []
    orders.answer(request, "accepted")
    assert [path.stem for path in run.control_new.iterdir()] == [request_id]
    orders.answer(request, "done", checkpoint="step-student-00000007")
    assert [path.stem for path in run.control_done.iterdir()] == [request_id]
    assert not list(run.control_new.iterdir())
    assert answers(run) == [("checkpoint", "accepted"), ("checkpoint", "done")]


def test_requests_come_in_the_order_in_which_they_were_asked(run: RunFolder, orders: Orders) -> None:
    asked = [ask(run, what) for what in ("stop", "checkpoint", "pause")]
    assert [request.id for request in orders.poll(at_once=True)] == asked


def test_looking_is_cheap_and_rare(run: RunFolder) -> None:
    seconds = [0.0]
    orders = Orders(run, RunWriter(run), stopwatch=lambda: seconds[0])
    assert orders.poll() == []
    ask(run, "pause")
    assert orders.poll() == []
    seconds[0] = 0.3
    assert [request.what for request in orders.poll()] == ["pause"]


def test_an_answer_reaches_whoever_asked_and_nobody_else(run: RunFolder, orders: Orders) -> None:
    mine, others = Answers(run), Answers(run)
    first, second = ask(run, "stop"), ask(run, "checkpoint")
    heard = mine.of(first)
    assert next(heard) is None
    for request in orders.poll(at_once=True):
        orders.answer(request, "done", turn=4)
    answer = next(heard)
    assert answer is not None
    assert (answer["id"], answer["turn"]) == (first, 4)
    other = next(others.of(second))
    assert other is not None
    assert other["id"] == second


def test_answers_of_before_are_not_read_again(run: RunFolder, orders: Orders) -> None:
    request_id = ask(run, "stop")
    (request,) = orders.poll(at_once=True)
    orders.answer(request, "done")
    assert next(Answers(run).of(request_id)) is None


def test_a_request_can_be_taken_back_until_it_is_taken_up(run: RunFolder, orders: Orders) -> None:
    assert withdraw(run, ask(run, "stop"))
    assert orders.poll(at_once=True) == []
    taken = ask(run, "stop")
    (request,) = orders.poll(at_once=True)
    orders.answer(request, "done")
    assert not withdraw(run, taken)


def test_a_signal_is_a_request_like_any_other(orders: Orders) -> None:
    orders.interrupt("SIGTERM")
    (request,) = orders.poll()
    assert (request.what, request.by) == ("stop", "SIGTERM")
    orders.answer(request, "done")
    assert orders.poll() == []


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b"[1]", b'{"what": "explode"}', b'{"what": 3, "t": "NaN"}', b"\xff\x00"]
)
def test_rubbish_is_refused_in_words_and_put_aside(rubbish: bytes, run: RunFolder, orders: Orders) -> None:
    run.control_new.mkdir(parents=True)
    (run.control_new / "0-rubbish.json").write_bytes(rubbish)
    assert orders.poll(at_once=True) == []
    (refused,) = read_events(run.events, {"request"})
    assert (refused["answer"], refused["id"]) == ("refused", "0-rubbish")
    assert "checkpoint, pause, resume, stop, note" in refused["why"]
    assert not list(run.control_new.iterdir())


def test_what_is_not_a_request_is_left_alone(run: RunFolder, orders: Orders) -> None:
    run.control_new.mkdir(parents=True)
    for name in (".half.json.tmp", "readme.txt"):
        (run.control_new / name).write_text(json.dumps({"what": "stop"}), encoding="ascii")
    assert orders.poll(at_once=True) == []
    assert len(list(run.control_new.iterdir())) == 2


def test_requests_to_a_process_that_has_died_are_not_obeyed_by_the_next(run: RunFolder, orders: Orders) -> None:
    ask(run, "stop")
    orders.refuse_all("too late", before=4e9)
    assert orders.poll(at_once=True) == []
    ask(run, "stop")
    orders.refuse_all("too late", before=1.0)
    assert [request.what for request in orders.poll(at_once=True)] == ["stop"]
    assert answers(run) == [("stop", "refused")]


def test_a_run_that_ends_leaves_no_question_open(run: RunFolder, orders: Orders) -> None:
    asked: list[Event | None] = []
    waiting = Answers(run)
    request_id = ask(run, "checkpoint")
    orders.refuse_all("the run has ended")
    asked.append(next(waiting.of(request_id)))
    assert asked[0] is not None
    assert asked[0]["why"] == "the run has ended"


def test_what_was_taken_up_and_not_answered_is_answered_at_the_end(run: RunFolder, orders: Orders) -> None:
    for what in ("checkpoint", "stop", "note"):
        ask(run, what)
    *_, noted = orders.poll(at_once=True)
    orders.answer(noted, "done")
    orders.close()
    assert answers(run) == [("note", "done"), ("checkpoint", "refused"), ("stop", "done")]
    assert not list(run.control_new.iterdir())


def test_without_a_folder_of_requests_there_are_none(orders: Orders) -> None:
    assert orders.poll(at_once=True) == []


def test_a_note_comes_with_its_words(run: RunFolder, orders: Orders) -> None:
    ask(run, "note", text="lost the GPU \x1b[31m")
    (request,) = orders.poll(at_once=True)
    assert isinstance(request, Request)
    assert request.text == "lost the GPU \x1b[31m"


def test_nothing_is_asked_of_a_run_whose_folder_is_gone(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match="folder is gone"):
        ask(RunFolder(tmp_path / "gone"), "checkpoint")
    assert not list(tmp_path.iterdir())
