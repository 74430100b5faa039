"""One run in one row, whatever is missing or damaged."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cilda.cli.progress import TerminalProgress
from cilda.runs.events import decode, encode
from cilda.runs.layout import RunFolder, create
from cilda.runs.segments import segment_path
from cilda.runs.store import open_run
from cilda.runs.summary import seconds_left, summary_of
from tests.runs.summaries import summary

STATE = {"step": 300, "total": 900, "stage": "student"}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> RunFolder:
    return create(tmp_path, "one")


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def line(seconds: float, kind: str, **fields: Any) -> bytes:
    return encode({"v": 1, "t": seconds, "kind": kind, **fields})


def metrics(seconds: float, step: int, stage: str = "student", player: str = "student") -> bytes:
    turn = step // 2
    return line(seconds, "metrics", stage=stage, player=player, turn=turn, step=step, epoch=0.0, values={})


def append(folder: RunFolder, *lines: bytes) -> None:
    with segment_path(folder.events, 1).open("ab") as file:
        file.write(b"".join(lines))


def test_a_row_says_what_the_small_files_say(folder: RunFolder) -> None:
    write(
        folder.run_json,
        {"t": 5, "job": "distill", "host": "a", "config": {"train_file": "/x/mails.csv", "task": "sst2"}},
    )
    write(folder.state_json, {"status": "finished", "best": 0.5, "turn": 3, "total_turns": 9, "stage": "student"})
    row = summary_of(open_run(folder))
    assert (row.id, row.task, row.status.word, row.best, row.turn) == ("one", "mails", "finished", 0.5, 3)
    assert row.progress == 1.0, "stopped early is finished as well"


@pytest.mark.parametrize(
    "rubbish", [[], {"config": [], "t": "x"}, {"status": [], "step": {}, "total": 0, "best": "NaN"}]
)
def test_rubbish_makes_a_row_too(folder: RunFolder, rubbish: Any) -> None:
    for path in (folder.run_json, folder.state_json, folder.exit_json):
        write(path, rubbish)
    assert summary_of(open_run(folder)).id == "one"


def test_the_time_left_is_taken_from_the_stage_s_own_turns(folder: RunFolder) -> None:
    append(folder, metrics(90, 90_000, "teacher"), b"rubbish\n", metrics(100, 100), metrics(150, 300), b'{"half')
    assert seconds_left(summary(folder=folder), STATE) == 600 * 50 / 200


def test_turns_of_an_earlier_attempt_say_nothing_of_the_time_left(folder: RunFolder) -> None:
    started = encode({"v": 1, "t": 5000, "kind": "started", "attempt": 2})
    append(folder, metrics(0, 290), metrics(100, 899), started, metrics(5000, 280), metrics(5010, 300))
    assert seconds_left(summary(folder=folder), STATE) == 600 * 10 / 20


def test_a_pause_takes_no_time_of_the_rest(folder: RunFolder) -> None:
    paused, resumed = (
        line(t, "request", id="1", what=what, answer="done") for t, what in ((11, "pause"), (40, "resume"))
    )
    append(folder, metrics(0, 100), metrics(10, 200), paused, resumed, metrics(41, 210), metrics(46, 260))
    assert seconds_left(summary(folder=folder), STATE) == (900 - 260) * 5 / 50


# A list looks back three minutes: of a longer silence it knows too little to tell a gap from slow turns.
EVENTS = st.lists(
    st.tuples(
        st.floats(0, 170),
        st.sampled_from(["metrics", "metrics", "metrics", "metrics", "evaluation", "checkpoint", "request", "started"]),
        st.integers(0, 40),
        st.sampled_from(["student", "generator"]),
    ),
    max_size=60,
)


@given(EVENTS)
def test_a_list_and_a_viewer_say_the_same_of_one_run(told: list[tuple[float, str, int, str]]) -> None:
    events, seconds, step = [line(0, "stage", stage="student", total_turns=600, generator_turns=300)], 0.0, 0
    for passed, kind, steps, player in told:
        seconds, step = seconds + passed, step + steps
        if kind == "metrics":
            events.append(metrics(seconds, step, player=player))
        elif kind == "request":
            events.append(line(seconds, kind, id="1", what="resume", answer="done"))
        else:
            events.append(line(seconds, kind, stage="student", turn=1, path="x", split="x", scores={}, best=False))
    progress = TerminalProgress(Console(file=io.StringIO()), plain=True)
    for event in map(decode, events):
        assert event is not None
        progress(event)
    (stage,) = progress.stages
    with tempfile.TemporaryDirectory() as runs_dir:
        folder = create(Path(runs_dir), "one")
        append(folder, *events)
        assert seconds_left(summary(folder=folder), {"total": 900}) == stage.left_seconds


def test_without_a_rate_there_is_no_time_left(folder: RunFolder) -> None:
    assert seconds_left(summary(folder=folder), STATE) is None
    append(folder, metrics(100, 100))
    assert seconds_left(summary(folder=folder), STATE) is None
    append(folder, metrics(99, 300))
    assert seconds_left(summary(folder=folder), STATE) is None
    assert seconds_left(summary(folder=folder, word="paused"), STATE) is None
