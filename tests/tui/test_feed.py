"""The feed against real files that grow, vanish and are full of garbage."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cilda.runs.control import ask
from cilda.runs.events import encode
from cilda.runs.layout import RunFolder
from cilda_tui.feed import BATCH_EVENTS, Feed
from cilda_tui.view import RunView
from tests.tui.made_bulk import SPIKE_EVERY, bulk
from tests.tui.made_events import event, metrics
from tests.tui.made_run import BEGAN, MADE, MadeRun, generator_first, grow

PATIENCE_SECONDS = 60.0


class Ui:
    """Stands for the thread that draws: runs what it is handed, one at a time, and notes who handed it."""

    def __init__(self) -> None:
        self.applied = 0
        self.over = False
        self.resting = threading.Event()
        self.resting.set()

    def __call__(self, apply: Callable[[], None]) -> None:
        assert self.resting.wait(PATIENCE_SECONDS)
        if self.over:
            raise RuntimeError("the app is over")
        apply()
        self.applied += 1


@contextmanager
def following(folder: RunFolder, ui: Ui | None = None, *, share: float = 1.0, now: float = BEGAN) -> Iterator[Feed]:
    feed = Feed(folder, ui or Ui(), clock=lambda: now, poll_seconds=0.02, look_seconds=0.05, share=share)
    feed.start()
    try:
        yield feed
    finally:
        feed.stop()
        assert feed.join(PATIENCE_SECONDS)


def until(holds: Callable[[], object]) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def step_of(view: RunView) -> int:
    return -1 if view.stage is None else view.stage.last_step


def test_what_lies_there_is_there_at_once_and_what_comes_follows(tmp_path: Path) -> None:
    with MADE["generator first"](tmp_path) as made, following(made.folder, now=made.now) as feed:
        until(lambda: step_of(feed.view) == 40)
        assert feed.view.status.word == "running"
        assert feed.view.reading is None
        for steps in (60, 160):
            grow(made, steps - step_of(feed.view))
            until(lambda steps=steps: step_of(feed.view) == steps)  # type: ignore[misc]
        until(lambda: len(feed.view.examples) == 4 and feed.view.machine.latest)
        assert (feed.view.bad_lines, feed.view.trouble, feed.view.gone) == (0, None, False)


def test_a_run_is_followed_from_before_its_first_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "one")
    folder.events.mkdir(parents=True)
    with following(folder) as feed:
        until(lambda: feed.view.status.word)
        (folder.events / "000001.jsonl").write_bytes(encode(metrics(1, total=0.5))[:-9])
        time.sleep(0.1)
        assert step_of(feed.view) == -1, "half a line is none"
        (folder.events / "000001.jsonl").write_bytes(encode(metrics(1, total=0.5)))
        until(lambda: step_of(feed.view) == 1)


def test_the_feed_waits_for_who_draws_and_hands_over_little_at_a_time(tmp_path: Path) -> None:
    ui = Ui()
    with MADE["generator first"](tmp_path) as made, following(made.folder, ui) as feed:
        until(lambda: step_of(feed.view) == 40)
        ui.resting.clear()
        lines = b"".join(encode(metrics(step, t=BEGAN + step, total=0.5)) for step in range(41, 3041))
        with (made.folder.events / "000001.jsonl").open("ab") as file:
            file.write(lines)
        applied = ui.applied
        time.sleep(0.3)
        assert (ui.applied, step_of(feed.view)) == (applied, 40)
        ui.resting.set()
        until(lambda: step_of(feed.view) == 3040)
        assert ui.applied - applied >= 3000 // BATCH_EVENTS


def test_of_a_long_history_there_is_an_overview_at_once_and_the_whole_in_the_end(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "one")
    folder.events.mkdir(parents=True)
    bulk(folder.events, 15_000, began=BEGAN, segment_bytes=2_000_000)
    ui = Ui()
    with following(folder, ui, share=0.5) as feed:
        until(lambda: step_of(feed.view) == 15_000)
        first = feed.view
        assert first.reading is not None
        assert first.stage is not None and 1000 < first.stage.curves["student/total"].points().count.sum() < 10_000
        # What comes meanwhile is shown, and is in the whole as well.
        with max(folder.events.iterdir()).open("ab") as file:
            file.write(encode(metrics(15_001, t=BEGAN + 3000, total=0.5)))
        until(lambda: step_of(first) == 15_001)
        until(lambda: first.reading is None or first.reading > 0.05 or feed.view is not first)
        until(lambda: feed.view.reading is None)
        whole = feed.view.stage
        assert feed.view is not first
        assert whole is not None and whole.last_step == 15_001
        assert whole.curves["student/total"].points().count.sum() == 15_001
        with max(folder.events.iterdir()).open("ab") as file:
            file.write(encode(metrics(15_002, t=BEGAN + 3000, total=0.5)))
        until(lambda: step_of(feed.view) == 15_002)
        assert whole.seams == []


def test_a_very_long_history_is_skimmed_before_it_is_read(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "one")
    folder.events.mkdir(parents=True)
    bulk(folder.events, 15_000, began=BEGAN, segment_bytes=2_000_000)
    views: list[RunView] = []
    feed = Feed(folder, Ui(), lambda: views.append(feed.view), share=1.0, skim_bytes=5_000_000)
    feed.start()
    until(lambda: views and feed.view.reading is None)
    feed.stop()
    assert feed.join(PATIENCE_SECONDS)
    shown = list(dict.fromkeys(map(id, views)))
    assert len(shown) == 3
    assert feed.view.stage is not None and feed.view.stage.curves["student/total"].points().count.sum() == 15_000


def test_a_folder_that_is_deleted_is_told_and_what_was_read_stays(tmp_path: Path) -> None:
    with MADE["generator first"](tmp_path) as made, following(made.folder) as feed:
        until(lambda: step_of(feed.view) == 40)
        word, terms = feed.view.status.word, feed.view.terms
        shutil.rmtree(made.folder.path)
        until(lambda: feed.view.gone)
        assert (feed.view.status.word, feed.view.terms, step_of(feed.view)) == (word, terms, 40)
        assert [alert.what for alert in feed.view.alerts] == ["the run's folder is gone"]


def test_a_folder_that_comes_back_is_read_on(tmp_path: Path) -> None:
    with MADE["generator first"](tmp_path) as made, following(made.folder) as feed:
        until(lambda: step_of(feed.view) == 40)
        made.folder.path.rename(tmp_path / "elsewhere")
        until(lambda: feed.view.gone)
        (tmp_path / "elsewhere").rename(made.folder.path)
        until(lambda: not feed.view.gone)
        with (made.folder.events / "000001.jsonl").open("ab") as file:
            file.write(encode(metrics(41, t=BEGAN + 100, total=0.5)))
        until(lambda: step_of(feed.view) == 41)


def test_another_run_of_the_same_name_is_read_from_its_beginning(tmp_path: Path) -> None:
    with MADE["generator phase"](tmp_path) as made, following(made.folder) as feed:
        until(lambda: step_of(feed.view) == 2010)
        shutil.rmtree(made.folder.path)
        until(lambda: feed.view.gone)
        with generator_first(tmp_path, began=BEGAN + 9000):
            until(lambda: step_of(feed.view) == 40)
            assert not feed.view.gone
            assert feed.view.stage is not None and feed.view.stage.seams == []


def test_a_file_where_a_folder_should_be_is_trouble(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "one")
    folder.path.mkdir()
    folder.events.write_text("no folder")
    with following(folder) as feed:
        until(lambda: feed.view.trouble)
        folder.events.unlink()
        folder.events.mkdir()
        until(lambda: feed.view.trouble is None)


@pytest.mark.parametrize(("situation", "bad", "newer"), [("garbage", 100_000, 0), ("newer", 0, 50), ("crashed", 0, 0)])
def test_damage_is_counted(situation: str, bad: int, newer: int, tmp_path: Path) -> None:
    with MADE[situation](tmp_path) as made, following(made.folder, now=made.now) as feed:
        until(lambda: step_of(feed.view) >= 300)
        until(lambda: (feed.view.bad_lines, feed.view.newer_lines) == (bad, newer))


def test_a_request_is_shown_before_it_is_answered(tmp_path: Path) -> None:
    with MADE["generator first"](tmp_path) as made, following(made.folder, now=made.now) as feed:
        until(lambda: step_of(feed.view) == 40)
        request_id = ask(made.folder, "checkpoint")
        feed.poke()
        until(lambda: [asked.state for asked in feed.view.requests.open] == ["asked"])
        _answer(made, request_id, "done")
        until(lambda: not feed.view.requests.open)
        found = feed.view.requests.get(request_id)
        assert found is not None and (found.state, found.what) == ("done", "checkpoint")


def test_when_nobody_draws_any_more_the_feed_ends(tmp_path: Path) -> None:
    ui = Ui()
    ui.over = True
    with MADE["empty"](tmp_path) as made:
        feed = Feed(made.folder, ui)
        feed.start()
        assert feed.join(PATIENCE_SECONDS)


def test_a_feed_in_the_midst_of_a_long_history_ends_at_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "one")
    folder.events.mkdir(parents=True)
    bulk(folder.events, 200_000, began=BEGAN)
    with following(folder, share=0.05) as feed:
        until(lambda: feed.view.reading is not None)
        began = time.monotonic()
        feed.stop()
        assert feed.join(PATIENCE_SECONDS)
    assert time.monotonic() - began < 2


def test_an_error_of_our_own_leaves_the_screen_and_is_told(tmp_path: Path) -> None:
    class Clumsy(Ui):
        def __call__(self, apply: Callable[[], None]) -> None:
            self.applied += 1
            if self.applied == 1:
                raise ValueError("clumsy")
            super().__call__(apply)

    with MADE["generator first"](tmp_path) as made, following(made.folder, Clumsy()) as feed:
        until(lambda: feed.view.trouble == "ValueError: clumsy")
        assert step_of(feed.view) == 40


def test_an_error_in_what_was_handed_over_is_told_and_does_not_reach_who_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MADE["generator first"](tmp_path) as made, following(made.folder) as feed:
        until(lambda: step_of(feed.view) == 40)

        def broken(view: RunView, events: list[dict[str, object]]) -> None:
            monkeypatch.undo()
            raise RecursionError("too deep")

        monkeypatch.setattr(RunView, "take", broken)
        with (made.folder.events / "000001.jsonl").open("ab") as file:
            file.write(encode(metrics(41, t=BEGAN + 100, total=0.5)))
        until(lambda: feed.view.trouble == "RecursionError: too deep")
        until(lambda: step_of(feed.view) == 41)


def test_the_made_history_has_its_spikes(tmp_path: Path) -> None:
    bulk(tmp_path, 1000, began=BEGAN)
    assert (tmp_path / "000001.jsonl").read_bytes().count(b"\n") == 1000
    assert SPIKE_EVERY > 1_000_000


def _answer(made: MadeRun, request_id: str, said: str) -> None:
    with (made.folder.events / "000001.jsonl").open("ab") as file:
        file.write(encode(event("request", BEGAN + 50, id=request_id, what="checkpoint", answer=said)))
    for path in made.folder.control_new.iterdir():
        path.unlink()
