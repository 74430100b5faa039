"""One run in one row, whatever is missing or damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cilda.runs.events import encode
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


def metrics(seconds: float, step: int, stage: str = "student") -> bytes:
    fields = {"stage": stage, "player": "student", "turn": step, "step": step, "epoch": 0.0, "values": {}}
    return encode({"v": 1, "t": seconds, "kind": "metrics", **fields})


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
    append(folder, metrics(0, 90_000, "teacher"), b"rubbish\n", metrics(100, 100), metrics(200, 300), b'{"half')
    assert seconds_left(summary(folder=folder), STATE) == 600 * 100 / 200


def test_turns_of_an_earlier_attempt_say_nothing_of_the_time_left(folder: RunFolder) -> None:
    started = encode({"v": 1, "t": 5000, "kind": "started", "attempt": 2})
    append(folder, metrics(0, 290), metrics(100, 899), started, metrics(5000, 280), metrics(5010, 300))
    assert seconds_left(summary(folder=folder), STATE) == 600 * 10 / 20


def test_without_a_rate_there_is_no_time_left(folder: RunFolder) -> None:
    assert seconds_left(summary(folder=folder), STATE) is None
    append(folder, metrics(100, 100))
    assert seconds_left(summary(folder=folder), STATE) is None
    append(folder, metrics(99, 300))
    assert seconds_left(summary(folder=folder), STATE) is None
    assert seconds_left(summary(folder=folder, word="paused"), STATE) is None
