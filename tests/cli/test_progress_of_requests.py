"""What a person sees of attempts, requests, notes and a generator that plays first."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cilda.cli.progress import TerminalProgress
from cilda.runs.stages import StageView


def event(seconds: float, kind: str, **fields: Any) -> dict[str, Any]:
    return {"v": 1, "t": seconds, "kind": kind, **fields}


def metrics(seconds: float, player: str, turn: int) -> dict[str, Any]:
    return event(seconds, "metrics", stage="student", player=player, turn=turn, step=turn, epoch=0.0, values={})


def told(*events: dict[str, Any], **options: Any) -> list[str]:
    """The lines of plain text for these events."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=False, width=80, highlight=False, markup=False, emoji=False)
    with TerminalProgress(console, plain=True, **options) as progress:
        for one in events:
            progress(one)
    return out.getvalue().splitlines()


def test_a_first_attempt_goes_without_saying() -> None:
    assert told(event(0, "started", attempt=1), event(0, "started")) == []


def test_a_later_attempt_says_where_it_goes_on() -> None:
    assert told(
        event(0, "started", attempt=2),
        event(1, "stage", stage="student", total_turns=9, resumed_from="step-student-00000040"),
    ) == ["attempt 2", "student: 9 turns; goes on from step-student-00000040"]


def test_the_time_taken_is_that_of_the_attempt() -> None:
    assert told(event(0, "started", attempt=1), event(9000, "started", attempt=2), event(9060, "finished"))[-1] == (
        "finished, worked for 1 m 0 s"
    )


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"what": "checkpoint", "answer": "done", "by": "a@b", "checkpoint": "step-student-00000004"},
            "request checkpoint (a@b) done: step-student-00000004",
        ),
        ({"what": "stop", "answer": "accepted", "by": "SIGTERM"}, "request stop (SIGTERM) accepted"),
        ({"what": "pause", "answer": "refused", "why": "it is paused\x1b"}, "request pause refused: it is paused?"),
    ],
)
def test_a_request_is_told_with_its_answer(fields: dict[str, str], line: str) -> None:
    assert told(event(0, "request", id="1", **fields)) == [line]


def test_a_note_is_told_once() -> None:
    assert told(
        event(0, "note", text="colder \x1b[2Jfrom here", by="a@b"),
        event(0, "request", id="1", what="note", answer="done"),
    ) == ["note: colder ?[2Jfrom here (a@b)"]


def test_a_stop_is_told_once() -> None:
    asked = {"id": "1", "what": "stop", "by": "a@b"}
    lines = told(
        event(0, "started"),
        event(1, "request", answer="accepted", **asked),
        event(2, "request", answer="done", checkpoint="step-student-00000004", **asked),
        event(3, "stopped", what="x", checkpoint="step-student-00000004"),
    )
    assert lines == ["request stop (a@b) accepted", "stopped, worked for 3 s; goes on from step-student-00000004"]


def test_a_stop_says_where_it_may_go_on() -> None:
    assert told(event(0, "started"), event(60, "stopped", what="x", checkpoint="step-student-00000004")) == [
        "stopped, worked for 1 m 0 s; goes on from step-student-00000004"
    ]


def test_a_failure_s_words_are_left_to_the_command_unless_asked_for() -> None:
    failed = event(5, "failed", what="no such column", todo="name another")
    assert told(failed) == ["ended early, worked for 0 s"]
    assert told(failed, says_failure=True) == [
        "ended early, worked for 0 s",
        "failed: no such column",
        "  name another",
    ]


def test_a_generator_that_plays_first_is_not_a_student_that_stands_still() -> None:
    stage = StageView("student", 100, 0.0)
    assert stage.turns_words == "0/100"
    stage.take_metrics(metrics(1, "generator", 3))
    assert stage.turns_words == "generator turn 3"
    stage.take_metrics(metrics(2, "student", 1))
    assert stage.turns_words == "1/100"


def test_a_rate_begins_anew_after_an_interruption() -> None:
    stage = StageView("student", 100, 0.0)
    for second in (0, 10):
        stage.take_metrics(metrics(second, "student", second))
    assert stage.left_seconds == 90
    stage.interrupted()
    stage.take_metrics(metrics(5000, "student", 10))
    assert not stage.time_words
    stage.take_metrics(metrics(5010, "student", 20))
    assert stage.left_seconds == 80


def test_nothing_is_drawn_before_it_is_entered_and_then_all_at_once() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, height=24, legacy_windows=False)
    progress = TerminalProgress(console, plain=False)
    progress(event(0, "stage", stage="student", total_turns=100))
    for turn in range(50):
        progress(metrics(turn, "student", turn))
    assert out.getvalue() == ""
    progress.footer = "q leaves [x]"
    with progress:
        assert "49/100" in out.getvalue()
        assert "q leaves [x]" in out.getvalue()
