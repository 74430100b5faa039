"""The writer: right order, bounded lines, and training that outlives its disk and its listeners."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cilda.errors import CildaError
from cilda.runs.layout import RunFolder, create
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter
from tests.runs.full_disk import FullDisk


class Time:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return create(tmp_path, "run")


@pytest.fixture
def writer(folder: RunFolder, time: Time) -> Iterator[RunWriter]:
    with RunWriter(folder, clock=time, stopwatch=time) as writer:
        yield writer


def events(writer: RunWriter) -> list[dict[str, Any]]:
    return list(read_events(writer.folder.events))


def kinds(writer: RunWriter) -> list[str]:
    return [event["kind"] for event in events(writer)]


def state(writer: RunWriter) -> dict[str, Any]:
    content = json.loads(writer.folder.state_json.read_bytes())
    assert isinstance(content, dict)
    return content


def trouble(writer: RunWriter) -> str:
    return writer.trouble or ""


def evaluate(writer: RunWriter, turn: int = 1) -> None:
    writer.event("evaluation", stage="student", turn=turn, split="validation", scores={"accuracy": 0.5}, best=True)


def test_run_json_is_written_once(writer: RunWriter) -> None:
    writer.write_run({"config": {"learning_rate": math.inf}})
    written = json.loads(writer.folder.run_json.read_bytes())
    assert written == {"v": 1, "t": 1000.0, "id": "run", "config": {"learning_rate": "Infinity"}}
    with pytest.raises(CildaError, match="written once"):
        writer.write_run({})
    assert json.loads(writer.folder.run_json.read_bytes()) == written


def test_an_event_carries_version_time_and_kind_first(writer: RunWriter) -> None:
    writer.event("stage", stage="student", total_turns=10)
    line = (writer.folder.events / "000001.jsonl").read_text()
    assert line == '{"v":1,"t":1000.0,"kind":"stage","stage":"student","total_turns":10}\n'


def test_an_event_without_its_fields_or_of_no_kind_is_our_own_mistake(writer: RunWriter) -> None:
    with pytest.raises(AssertionError, match="total_turns"):
        writer.event("stage", stage="student")
    with pytest.raises(AssertionError, match="v, t, kind"):
        writer.event("started", t=5)
    with pytest.raises(KeyError):
        writer.event("nonsense")
    assert events(writer) == []


def test_metrics_come_at_most_twice_a_second_and_lose_no_spike(writer: RunWriter, time: Time) -> None:
    for turn in range(100):
        loss = 1000.0 if turn == 57 else 1.0
        writer.metrics("student", "student", turn, turn / 50, {"loss": loss}, step=turn * 2)
        time.seconds += 0.02
    writer.close()
    lines = events(writer)
    assert 4 <= len(lines) <= 6
    assert max(line["values"]["loss"]["max"] for line in lines) == 1000.0
    assert sum(line["values"]["loss"]["n"] for line in lines) == 100
    assert sum(line["turns"] for line in lines) == 100
    assert (lines[0]["turn"], lines[0]["turns"]) == (0, 1), "the first sign of life comes at once"
    last = lines[-1]
    assert (last["stage"], last["player"], last["turn"], last["step"]) == ("student", "student", 99, 198)
    assert last["epoch"] == 99 / 50


def test_a_day_of_fast_turns_takes_two_lines_a_second_at_first_and_fewer_later(writer: RunWriter, time: Time) -> None:
    for turn in range(24 * 3600):
        writer.metrics("student", "student", turn, 0, {"loss": 1.0})
        time.seconds += 1
    assert 43_000 < len(events(writer)) < 46_000


def test_each_player_has_its_own_lines_and_no_step_means_its_turn(writer: RunWriter) -> None:
    writer.metrics("student", "generator", 3, 0, {"logit_kl.soft": 1.0})
    writer.metrics("student", "student", 1, 0, {"loss": 2.0})
    writer.close()
    found = [(line["player"], line["turn"], line["step"], sorted(line["values"])) for line in events(writer)]
    assert found == [("generator", 3, 3, ["logit_kl.soft"]), ("student", 1, 1, ["loss"])]


def test_metrics_are_written_before_the_event_that_follows_them(writer: RunWriter) -> None:
    for turn in range(3):
        writer.metrics("student", "student", turn, 0, {"loss": 1.0})
    evaluate(writer)
    found = events(writer)
    assert [event["kind"] for event in found] == ["metrics", "metrics", "evaluation"]
    assert found[1]["turn"] == 2


def test_what_can_become_a_number_is_a_metric(writer: RunWriter) -> None:
    class Scalar:
        def __float__(self) -> float:
            return 0.25

    writer.metrics("student", "student", 1, 0, {"loss": Scalar(), "nan": math.nan})  # type: ignore[dict-item]
    values = events(writer)[0]["values"]
    assert values["loss"]["mean"] == 0.25
    assert values["nan"]["mean"] == "NaN"


def test_listeners_see_what_readers_see(folder: RunFolder) -> None:
    heard: list[dict[str, Any]] = []
    with RunWriter(folder, listeners=[heard.append]) as writer:
        writer.metrics("student", "student", 1, 0, {"loss": math.inf})
        writer.event("layer_map", layers=((1, 1), (2, 3)))
        evaluate(writer)
    assert heard == events(writer)
    assert heard[0]["values"]["loss"]["max"] == "Infinity"
    assert heard[1]["layers"] == [[1, 1], [2, 3]]


def test_a_listener_that_breaks_is_dropped_and_told_once(folder: RunFolder) -> None:
    heard: list[str] = []

    def broken(event: dict[str, Any]) -> None:
        event.clear()
        raise BrokenPipeError("terminal closed")

    with RunWriter(folder, listeners=[broken, lambda event: heard.append(event["kind"])]) as writer:
        writer.event("started")
        writer.event("finished")
    assert kinds(writer) == ["started", "alert", "finished"]
    assert heard == ["started", "alert", "finished"]
    assert "terminal closed" in events(writer)[1]["what"]


def test_ctrl_c_within_a_listener_is_no_broken_listener(folder: RunFolder) -> None:
    def interrupted(_: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    writer = RunWriter(folder, listeners=[interrupted])
    with pytest.raises(KeyboardInterrupt):
        writer.event("started")
    assert kinds(writer) == ["started"]


def test_augmentations_have_a_file_of_their_own(writer: RunWriter) -> None:
    writer.augmentation({"turn": 1, "id": "train:7", "real": ["a good film"], "soft": ["a bad film"]})
    assert events(writer) == []
    (written,) = read_events(writer.folder.augmentations)
    assert written["kind"] == "augmentation"
    assert written["soft"] == ["a bad film"]


def test_state_is_replaced_at_most_once_a_second_unless_its_status_changes(writer: RunWriter, time: Time) -> None:
    writer.state("starting")
    writer.state("running", turn=1)
    assert (state(writer)["status"], state(writer)["turn"]) == ("running", 1)
    writer.state("running", turn=2)
    assert state(writer)["turn"] == 1
    time.seconds += 1.1
    writer.state("running", turn=3)
    assert (state(writer)["turn"], state(writer)["heartbeat"]) == (3, 1001.1)


def test_state_keeps_its_fields_and_carries_the_last_metrics(writer: RunWriter) -> None:
    writer.state("running", best=0.9, stage="student")
    writer.metrics("student", "student", 1, 0, {"loss": 0.5})
    writer.state("finished", turn=10)
    found = state(writer)
    assert (found["best"], found["stage"], found["turn"]) == (0.9, "student", 10)
    assert found["metrics"] == {"student": {"loss": 0.5}}
    assert {"v", "heartbeat", "pid", "host"} <= found.keys()


def test_closing_writes_the_last_state(writer: RunWriter) -> None:
    writer.state("running", turn=1)
    writer.state("running", turn=2)
    writer.close()
    assert state(writer)["turn"] == 2


def test_an_event_after_closing_is_not_lost(writer: RunWriter) -> None:
    writer.event("started")
    writer.close()
    writer.event("failed", what="late")
    assert kinds(writer) == ["started", "failed"]


def test_a_writer_on_an_old_run_goes_on_where_it_ended(folder: RunFolder) -> None:
    for attempt in (1, 2):
        with RunWriter(folder) as writer:
            writer.event("started", attempt=attempt)
    assert [event["attempt"] for event in events(writer)] == [1, 2]


def test_what_a_killed_writer_left_of_its_state_is_cleared_away(folder: RunFolder) -> None:
    left = folder.path / ".state.json.0123abcd.tmp"
    left.write_text("{")
    with RunWriter(folder) as writer:
        writer.state("running")
    assert not left.exists()
    assert state(writer)["status"] == "running"


def test_a_full_disk_stops_nothing_and_is_told_when_it_can_be(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch)
    heard: list[dict[str, Any]] = []
    with RunWriter(writer.folder, listeners=[heard.append]) as training:
        training.event("started")
        disk.room = 30
        evaluate(training, 1)
        assert "No space left" in trouble(training)
        evaluate(training, 2)
        assert [event["kind"] for event in heard] == ["started", "evaluation", "alert", "evaluation"]
        assert list(read_events(writer.folder.events)) == heard[:1]
        disk.room = None
        evaluate(training, 3)
        assert not trouble(training)
    found = events(training)
    assert found == heard
    assert found[-1]["what"] == "the disk can be written to again; lines lost meanwhile: 0"
    assert [event["turn"] for event in found if event["kind"] == "evaluation"] == [1, 2, 3]


def test_a_disk_that_never_recovers_lets_the_run_end(writer: RunWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    FullDisk(monkeypatch).room = 0
    for turn in range(50):
        writer.metrics("student", "student", turn, 0, {"loss": 1.0})
        evaluate(writer, turn)
    writer.close()
    assert writer.trouble is not None


def test_a_state_that_cannot_be_written_is_trouble_and_no_error(writer: RunWriter, time: Time) -> None:
    # A folder where the file should be: refused to root as to anyone.
    writer.folder.state_json.mkdir()
    writer.state("running")
    assert trouble(writer).startswith("state.json: ")
    assert kinds(writer) == ["alert"]
    assert "space" not in events(writer)[0]["todo"]
    writer.folder.state_json.rmdir()
    time.seconds += 2
    writer.state("running")
    assert not trouble(writer)
    assert state(writer)["status"] == "running"
    assert kinds(writer) == ["alert", "alert"]


def test_a_folder_that_has_gone_is_called_so_until_it_is_back(folder: RunFolder, time: Time) -> None:
    heard: list[dict[str, Any]] = []
    with RunWriter(folder, clock=time, stopwatch=time, listeners=[heard.append]) as writer:
        elsewhere = folder.path.rename(folder.path.with_name("elsewhere"))
        writer.state("running")
        assert heard[-1]["what"] == f"the run's folder is gone: {folder.path}"
        assert "space" not in heard[-1]["todo"]
        elsewhere.rename(folder.path)
        time.seconds += 2
        writer.state("running")
        writer.event("started")
    assert [event["kind"] for event in events(writer)] == ["alert", "started", "alert"]


def test_no_folder_to_write_to_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match="cannot write"):
        RunWriter(RunFolder(tmp_path / "nothing"))
    (tmp_path / "file").touch()
    with pytest.raises(CildaError, match="a file is where a folder is needed"):
        RunWriter(RunFolder(tmp_path / "file"))


def test_run_json_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = RunWriter(create(tmp_path, "run"))

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(CildaError, match="no space left"):
        writer.write_run({})
    assert not writer.folder.run_json.exists()


def test_threads_may_write_together(folder: RunFolder) -> None:
    def work(writer: RunWriter, player: str) -> None:
        for turn in range(50):
            writer.metrics("student", player, turn, 0, {"loss": 1.0})
            writer.event("checkpoint", turn=turn, path=f"step-{turn}")
            writer.state("running", turn=turn)

    with RunWriter(folder, segment_bytes=2000) as writer:
        threads = [threading.Thread(target=work, args=(writer, player)) for player in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = events(writer)
    assert sum(event["kind"] == "checkpoint" for event in found) == 200
    assert sum(event["turns"] for event in found if event["kind"] == "metrics") == 200
