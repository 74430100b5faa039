from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cilda.runs.last_words import say_end
from cilda.runs.layout import RunFolder, create
from cilda.runs.presence import Presence, RunGone
from cilda.runs.store import read_events
from cilda.runs.writer import RunWriter


class Watch:
    """A run's presence under a clock that is turned by hand."""

    def __init__(self, runs_dir: Path, *, run_json: bool = True) -> None:
        runs_dir.mkdir()
        self.folder = create(runs_dir, "one")
        if run_json:
            self.folder.run_json.write_text("{}", encoding="ascii")
        self.now = 0.0
        self.presence = Presence(self.folder, stopwatch=lambda: self.now)

    def wait(self, seconds: float) -> None:
        """Looks every second."""
        for _ in range(round(seconds)):
            self.now += 1
            self.presence.look()


@pytest.fixture(name="watch")
def _watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path / "runs")


def test_a_removed_run_is_gone_after_a_minute(watch: Watch) -> None:
    watch.wait(100)
    shutil.rmtree(watch.folder.path)
    watch.wait(60)
    with pytest.raises(RunGone, match="was removed while this run worked on it"):
        watch.wait(5)


def make_another(run: RunFolder) -> None:
    """Another run of the same name; the old one's inode is kept from it."""
    run.path.rename(run.path.with_name("aside"))
    create(run.path.parent, run.id).run_json.write_text("{}", encoding="ascii")
    shutil.rmtree(run.path.with_name("aside"))


def leave_remains(run: RunFolder) -> None:
    """What an interrupted removal leaves: a state that was written meanwhile."""
    for path in run.path.iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    run.state_json.write_text("{}", encoding="ascii")


@pytest.mark.parametrize("end", [make_another, leave_remains])
def test_another_in_its_place_or_mere_remains_are_not_the_run(watch: Watch, end: Callable[[RunFolder], None]) -> None:
    end(watch.folder)
    with pytest.raises(RunGone):
        watch.wait(65)


def move_it(run: RunFolder) -> None:
    run.path.rename(run.path.with_name("two"))


def take_all_away(run: RunFolder) -> None:
    shutil.rmtree(run.path.parent)


def another_file_system(run: RunFolder) -> None:
    """As an empty mount point looks: there, but not the same."""
    run.path.parent.rename(run.path.parent.with_name("elsewhere"))
    run.path.parent.mkdir()


def run_json_alone(run: RunFolder) -> None:
    run.run_json.unlink()


@pytest.mark.parametrize("end", [move_it, take_all_away, another_file_system, run_json_alone])
def test_what_may_come_back_is_waited_for(watch: Watch, end: Callable[[RunFolder], None]) -> None:
    end(watch.folder)
    watch.wait(1000)


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EACCES])
def test_a_file_system_that_answers_with_errors_is_waited_for(
    watch: Watch, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(watch.folder.path)

    def refuse(_path: Path, **_: bool) -> os.stat_result:
        raise OSError(number, os.strerror(number))

    watch.wait(30)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "stat", refuse)
        watch.wait(1000)
    # The minute begins again.
    watch.wait(55)
    with pytest.raises(RunGone):
        watch.wait(10)


def test_a_folder_that_comes_back_was_never_gone(watch: Watch) -> None:
    for _ in range(10):
        watch.folder.path.rename(watch.folder.path.with_name("aside"))
        watch.wait(50)
        watch.folder.path.with_name("aside").rename(watch.folder.path)
        watch.wait(50)


def test_what_never_was_a_run_is_not_missed(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "runs", run_json=False)
    shutil.rmtree(watch.folder.path)
    watch.wait(1000)


def test_of_a_run_that_is_gone_nothing_is_written_any_more(watch: Watch) -> None:
    with RunWriter(watch.folder) as writer:
        writer.event("started")
        say_end(writer, RunGone("it was removed"))
    assert [event["kind"] for event in read_events(watch.folder.events)] == ["started"]
    assert not watch.folder.state_json.exists()
