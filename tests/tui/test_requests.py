"""Requests: asked, accepted, done at turn N, refused, withdrawn."""

from __future__ import annotations

from cilda_tui.requests import MOST_REQUESTS, Asked, Requests
from tests.tui.made_events import event


def answer(request_id: str, said: str, **fields: object) -> dict[str, object]:
    return event("request", 10.0, id=request_id, what="checkpoint", by="ada@node7", answer=said, **fields)


def test_a_request_goes_its_way() -> None:
    requests = Requests()
    requests.asked([Asked("1", "checkpoint", "asked", "ada@node7", t=9.0)])
    assert [asked.state for asked in requests.open] == ["asked"]
    requests.take(answer("1", "accepted", turn=40))
    assert [(asked.state, asked.open) for asked in requests.latest(5)] == [("accepted", True)]
    requests.asked([Asked("1", "checkpoint", "asked")])
    requests.take(answer("1", "done", turn=41, checkpoint="step-student-00000041"))
    [asked] = requests.latest(5)
    assert (asked.state, asked.turn, asked.checkpoint, asked.t) == ("done", 41, "step-student-00000041", 9.0)
    assert requests.open == []


def test_a_refusal_says_why() -> None:
    requests = Requests()
    requests.take(answer("1", "refused", why="it is not paused"))
    found = requests.get("1")
    assert found is not None and (found.state, found.why) == ("refused", "it is not paused")


def test_what_vanishes_unanswered_was_withdrawn() -> None:
    requests = Requests()
    requests.asked([Asked("1", "stop", "asked"), Asked("2", "pause", "asked")])
    requests.take(answer("2", "accepted"))
    requests.asked([])
    assert [asked.state for asked in requests.latest(5)] == ["withdrawn", "accepted"]
    requests.take(answer("1", "done"))
    assert requests.latest(5)[0].state == "done", "the answer came later than the look"


def test_an_answer_that_is_none_is_left_out() -> None:
    requests = Requests()
    for event_ in (answer("", "done"), answer("1", "perhaps"), answer("1", "done") | {"id": [1]}):
        requests.take(event_)
    assert len(requests) == 0


def test_the_oldest_settled_ones_give_way_before_open_ones() -> None:
    requests = Requests()
    requests.take(answer("open", "accepted"))
    for number in range(2 * MOST_REQUESTS):
        requests.take(answer(str(number), "done"))
    assert len(requests) == MOST_REQUESTS
    assert requests.get("open") is not None
    assert requests.latest(0) == []
