"""Readers: nothing is seen twice, nothing is missed, and a damaged file is no one's end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.errors import CildaError
from cilda.runs.events import encode
from cilda.runs.layout import create
from cilda.runs.segments import segment_path
from cilda.runs.store import Follower, list_runs, open_run, read_events


def event(turn: int, kind: str = "checkpoint") -> dict[str, Any]:
    return {"v": 1, "t": 1, "kind": kind, "turn": turn, "path": "step"}


def append(folder: Path, number: int, data: bytes) -> None:
    with segment_path(folder, number).open("ab") as file:
        file.write(data)


@given(
    st.lists(st.tuples(st.sampled_from(["write", "poll", "roll"]), st.integers(1, 90)), max_size=40),
    st.integers(1, 200),
)
def test_a_follower_sees_each_event_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]], poll_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("events")
    follower = Follower(folder, poll_bytes=poll_bytes)
    waiting, written, number, seen = b"", 0, 1, []
    for act, amount in acts:
        if act == "poll":
            seen += follower.poll()
        elif act == "roll" and not waiting:
            number += 1
        else:
            while len(waiting) < amount:
                waiting += encode(event(written))
                written += 1
            append(folder, number, waiting[:amount])
            waiting = waiting[amount:]
    append(folder, number, waiting)
    while not (follower.at_end and len(seen) >= written):
        seen += follower.poll()
    assert [found["turn"] for found in seen] == list(range(written))
    assert follower.bad_lines == 0
    assert list(read_events(folder)) == seen


def test_a_poll_reads_no_more_than_it_may(tmp_path: Path) -> None:
    line = encode(event(1))
    append(tmp_path, 1, line * 100)
    follower = Follower(tmp_path, poll_bytes=len(line) * 10)
    assert [len(follower.poll()) for _ in range(11)] == [10] * 10 + [0]
    assert follower.at_end


def test_a_segment_that_ends_in_mid_line_costs_one_line(tmp_path: Path) -> None:
    append(tmp_path, 1, encode(event(1)) + b'{"v":1,"t":1,"ki')
    append(tmp_path, 2, encode(event(2)))
    follower = Follower(tmp_path)
    assert [found["turn"] for found in follower.poll()] == [1, 2]
    assert follower.bad_lines == 1


def test_missing_segments_are_stepped_over(tmp_path: Path) -> None:
    append(tmp_path, 3, encode(event(3)))
    follower = Follower(tmp_path)
    assert len(follower.poll()) == 1
    segment_path(tmp_path, 3).unlink()
    append(tmp_path, 7, encode(event(7)))
    assert [found["turn"] for found in follower.poll()] == [7]


def test_a_file_that_shrank_is_waited_for(tmp_path: Path) -> None:
    append(tmp_path, 1, encode(event(1)) + encode(event(2)))
    follower = Follower(tmp_path)
    assert len(follower.poll()) == 2
    whole = segment_path(tmp_path, 1).read_bytes()
    segment_path(tmp_path, 1).write_bytes(whole[:20])
    assert follower.poll() == []
    segment_path(tmp_path, 1).write_bytes(whole + encode(event(3)))
    assert [found["turn"] for found in follower.poll()] == [3]


def test_a_run_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    follower = Follower(folder)
    assert follower.poll() == []
    assert follower.at_end
    assert follower.trouble is None
    folder.mkdir()
    append(folder, 1, encode(event(1)))
    assert len(follower.poll()) == 1


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.write_text("a file where a folder is expected")
    follower = Follower(folder)
    assert follower.poll() == []
    assert follower.trouble
    with pytest.raises(CildaError, match="cannot read"):
        list(read_events(folder))
    folder.unlink()
    folder.mkdir()
    append(folder, 1, encode(event(1)))
    assert len(follower.poll()) == 1
    assert follower.trouble is None


def test_unknown_kinds_are_left_out_and_are_no_damage(tmp_path: Path) -> None:
    append(tmp_path, 1, encode(event(1, "of_the_future")) + encode(event(2)))
    follower = Follower(tmp_path)
    assert [found["turn"] for found in follower.poll()] == [2]
    assert follower.bad_lines == 0


def test_only_the_named_kinds(tmp_path: Path) -> None:
    append(tmp_path, 1, encode(event(1)) + encode(event(2, "evaluation")))
    assert [found["turn"] for found in read_events(tmp_path, {"evaluation"})] == [2]


def test_runs_are_listed_from_the_oldest(tmp_path: Path) -> None:
    for name, seconds in (("b", 3.0), ("a", 5.0), ("c", 4.0)):
        create(tmp_path, name).run_json.write_text(json.dumps({"v": 1, "t": seconds}))
    (tmp_path / "no-run").mkdir()
    (tmp_path / "file.txt").touch()
    assert [record.id for record in list_runs(tmp_path)] == ["b", "c", "a"]
    assert list_runs(tmp_path / "nothing") == []


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, b"{", b"[1]", b"\xff\xfe{}", b"[" * 100_000, b'{"t":"NaN"}'])
def test_a_damaged_run_is_listed_all_the_same(tmp_path: Path, damage: bytes) -> None:
    folder = create(tmp_path, "damaged")
    folder.run_json.write_bytes(damage)
    folder.state_json.write_bytes(damage)
    create(tmp_path, "whole")
    assert {record.id for record in list_runs(tmp_path)} == {"damaged", "whole"}
    assert open_run(folder).exit == {}


def test_listing_runs_where_there_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(CildaError, match="cannot read"):
        list_runs(tmp_path / "runs")


def test_one_goes_on_where_another_has_read_to(tmp_path: Path) -> None:
    append(tmp_path, 1, encode(event(1)))
    append(tmp_path, 2, encode(event(2)))
    assert Follower(tmp_path).position is None
    first = Follower(tmp_path)
    first.poll()
    append(tmp_path, 2, encode(event(3)))
    append(tmp_path, 3, encode(event(4)))
    assert first.position == (2, len(encode(event(2))))
    assert [found["turn"] for found in Follower(tmp_path, start=first.position).poll()] == [3, 4]
