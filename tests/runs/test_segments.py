"""Segments only grow; a crash or a full disk costs at most the line it met."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cilda.runs import segments
from cilda.runs.events import encode
from cilda.runs.segments import SegmentWriter, segment_numbers, segment_path
from cilda.runs.store import Follower
from tests.runs.full_disk import FullDisk


def line(turn: int) -> bytes:
    return encode({"v": 1, "t": 1, "kind": "checkpoint", "turn": turn, "path": "x" * (turn % 7)})


def turns(follower: Follower) -> list[int]:
    found = []
    while True:
        found += [event["turn"] for event in follower.poll()]
        if follower.at_end:
            return found


def test_each_line_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    writer = SegmentWriter(tmp_path)
    for turn in range(5):
        assert writer.append(line(turn))
    assert disk.writes == 5


def test_segments_are_left_before_they_grow_too_long(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, segment_bytes=200)
    for turn in range(40):
        writer.append(line(turn))
    writer.close()
    numbers = segment_numbers(tmp_path)
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 5
    assert all(segment_path(tmp_path, number).stat().st_size <= 200 for number in numbers)
    assert turns(Follower(tmp_path)) == list(range(40))


def test_a_line_longer_than_a_segment_gets_one_of_its_own(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, segment_bytes=10)
    for turn in range(3):
        assert writer.append(line(turn))
    assert segment_numbers(tmp_path) == [1, 2, 3]


def test_a_second_process_goes_on_in_the_last_segment(tmp_path: Path) -> None:
    for turn in range(30):
        writer = SegmentWriter(tmp_path, segment_bytes=200)
        writer.append(line(turn))
        writer.close()
    assert len(segment_numbers(tmp_path)) > 3
    assert turns(Follower(tmp_path)) == list(range(30))


@given(killed_at=st.integers(0, 200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_kill_left_unfinished_costs_only_itself(
    tmp_path_factory: pytest.TempPathFactory, killed_at: int
) -> None:
    folder = tmp_path_factory.mktemp("events")
    data = b"".join(map(line, range(4)))[:killed_at]
    segment_path(folder, 1).write_bytes(data)
    writer = SegmentWriter(folder)
    writer.append(line(100))
    writer.close()
    follower = Follower(folder)
    found = turns(follower)
    whole = data.count(b"\n")
    assert found[-1] == 100
    rest = data.rpartition(b"\n")[2]
    # A line that lacks nothing but its newline is whole again.
    saved = rest != b"" and rest + b"\n" == line(whole)
    assert found[:-1] == list(range(whole + saved))
    assert follower.bad_lines == (1 if rest and not saved else 0)


@given(room=st.integers(0, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_disk_that_fills_up_and_is_freed_loses_nothing(tmp_path_factory: pytest.TempPathFactory, room: int) -> None:
    folder = tmp_path_factory.mktemp("events")
    with pytest.MonkeyPatch.context() as monkeypatch:
        disk = FullDisk(monkeypatch)
        disk.room = room
        writer = SegmentWriter(folder, segment_bytes=300)
        written = [writer.append(line(turn)) for turn in range(8)]
        assert (writer.trouble is None) == written[-1]
        follower = Follower(folder)
        before = turns(follower)
        assert before == list(range(len(before)))
        disk.room = None
        assert writer.append(line(8))
        assert writer.trouble is None
        writer.close()
    assert before + turns(follower) == list(range(9)), "a follower sees each event once, in order"
    assert writer.lost_lines == 0
    assert follower.bad_lines <= 1


def test_what_waits_for_a_full_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "BACKLOG_BYTES", 4000)
    disk = FullDisk(monkeypatch)
    disk.room = 0
    writer = SegmentWriter(tmp_path)
    for turn in range(100):
        writer.append(line(turn), important=False)
    lost = writer.lost_lines
    assert lost > 50
    assert not writer.append(line(100)), "it waits: important lines have room of their own"
    assert writer.lost_lines == lost
    disk.room = None
    assert writer.flush()
    assert turns(Follower(tmp_path)) == [*range(100 - lost), 100]


def test_a_folder_that_is_not_there_is_trouble_and_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    writer = SegmentWriter(folder)
    assert not writer.append(line(0))
    assert isinstance(writer.trouble, FileNotFoundError)
    folder.mkdir()
    assert writer.append(line(1))
    assert turns(Follower(folder)) == [0, 1]


def test_closing_on_a_full_disk_tells_and_does_not_raise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    disk.room = 0
    writer = SegmentWriter(tmp_path)
    writer.append(line(0))
    writer.close()
    assert writer.trouble is not None


def test_other_files_are_no_segments(tmp_path: Path) -> None:
    for name in ("000002.jsonl", "1000000.jsonl", "2.jsonl", "000003.jsonl.gz", "notes.txt", ".000004.jsonl"):
        (tmp_path / name).touch()
    assert segment_numbers(tmp_path) == [2, 1_000_000]
    assert segment_numbers(tmp_path / "nothing") == []
