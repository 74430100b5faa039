from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from cilda.runs.atomic import read_json, write_json_atomic
from cilda.runs.heartbeat import HEARTBEAT_SECONDS, heartbeat
from cilda.runs.layout import create
from cilda.runs.locks import Lock
from cilda.runs.status import SILENT_SECONDS, status_of
from cilda.runs.writer import RunWriter
from tests.small_disk import small_disk


def test_it_beats_while_the_main_thread_waits() -> None:
    twice = threading.Event()
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 2:
            twice.set()

    with heartbeat(beat, seconds=0.001):
        assert twice.wait(120)
    after = len(beats)
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]
    assert len(beats) == after


def test_a_viewer_waits_for_several_beats_before_it_worries() -> None:
    assert SILENT_SECONDS >= 5 * HEARTBEAT_SECONDS


def test_a_beat_says_that_the_process_lives_and_not_that_anything_moved(tmp_path: Path) -> None:
    seconds = [1000.0]
    writer = RunWriter(create(tmp_path, "run"), clock=lambda: seconds[0], stopwatch=lambda: seconds[0], attempt=2)
    writer.beat()
    assert not writer.folder.state_json.exists(), "before the first status there is nothing to say"
    writer.state("running")
    seconds[0] = 1007.0
    writer.beat()
    state = read_json(writer.folder.state_json)
    assert (state["heartbeat"], state["moved"], state["attempt"]) == (1007.0, 1000.0, 2)


def test_a_beat_writes_the_turns_that_wait_for_the_next_one(tmp_path: Path) -> None:
    seconds = [1000.0]
    writer = RunWriter(create(tmp_path, "run"), clock=lambda: seconds[0], stopwatch=lambda: seconds[0])
    writer.metrics("student", "student", 1, 0.1, {"total": 1.0})
    writer.metrics("student", "student", 2, 0.1, {"total": 1.0})
    segment = writer.folder.events / "000001.jsonl"
    assert segment.read_bytes().count(b"\n") == 1
    seconds[0] += 5.0
    writer.beat()
    assert segment.read_bytes().count(b"\n") == 2


def test_on_a_full_disk_a_run_still_gives_a_sign_of_life(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        run = create(disk.path, "run")
        lock = Lock.take(run.trainer_lock, attempt=1)
        seconds = [time.time() - 3600]
        writer = RunWriter(run, clock=lambda: seconds[0], stopwatch=lambda: seconds[0])
        writer.state("running")
        os.utime(run.state_json, (0, 0))
        assert status_of(run).word == "stalled"
        disk.fill()
        seconds[0] += 5
        writer.beat()
        assert writer.trouble is not None
        assert status_of(run).word == "running"
        lock.release()


def test_a_full_disk_is_not_mistaken_for_a_trainer_that_stands_still(tmp_path: Path) -> None:
    run = create(tmp_path, "run")
    lock = Lock.take(run.trainer_lock, attempt=1)
    hour_ago = time.time() - 3600
    state = {"status": "running", "attempt": 1, "heartbeat": hour_ago, "moved": hour_ago}
    write_json_atomic(run.state_json, state)
    assert status_of(run).word == "running", "the file is young, whatever it says"
    write_json_atomic(run.state_json, {**state, "heartbeat": time.time(), "moved": hour_ago})
    assert status_of(run).word == "stalled"
    lock.release()


def test_the_next_process_begins_with_the_place_of_the_one_before_and_not_with_its_end(tmp_path: Path) -> None:
    run = create(tmp_path, "run")
    RunWriter(run).state("failed", stage="student", turn=7, total_turns=9, best=0.5, error="no room", todo="free some")
    RunWriter(run, attempt=2).state("starting")
    state = read_json(run.state_json)
    assert (state["turn"], state["best"], state["status"], state["attempt"]) == (7, 0.5, "starting", 2)
    assert "error" not in state
    assert "todo" not in state


def test_a_damaged_state_is_named_and_no_power_cut_is_made_up(tmp_path: Path) -> None:
    run = create(tmp_path, "run")
    Lock.take(run.trainer_lock, attempt=1).release()
    run.state_json.write_bytes(b"")
    write_json_atomic(run.exit_json, {"v": 1, "attempt": 1, "code": 0, "signal": None})
    assert "its state.json is missing or damaged" in status_of(run).why
