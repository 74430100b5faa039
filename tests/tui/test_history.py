"""A skim of a very long history has all that is rare, and metrics evenly."""

from __future__ import annotations

import itertools
from pathlib import Path

from cilda.runs.events import encode
from cilda.runs.layout import RunFolder
from cilda_tui.history import Skim, Whole
from cilda_tui.view import RunView
from tests.tui.made_bulk import bulk
from tests.tui.made_events import evaluation, event, metrics, stage


def made(tmp_path: Path) -> RunFolder:
    """Twice fifteen thousand lines with scores between, resumed once, and half a line at the end."""
    folder = RunFolder(tmp_path / "one")
    folder.events.mkdir(parents=True)
    rare = folder.events / "000001.jsonl"
    rare.write_bytes(encode(event("started", 1.0, attempt=1)) + encode(stage(t=2.0)))
    bulk(folder.events, 15_000, began=1e9, segment_bytes=3_000_000)
    with max(folder.events.iterdir()).open("ab") as file:
        file.write(encode(evaluation(15_000, 0.75, best=True)) + b"garbage\n" + b"x" * 600_000 + b"\n")
        file.write(encode(stage(10_000, resumed_from="step-student-00010000")))
        file.writelines(encode(metrics(step, t=2e9, total=3.0)) for step in range(10_001, 12_001))
        file.write(encode(evaluation(12_000, 0.875, best=True)) + encode(metrics(12_001))[:-5])
    return folder


def test_all_that_is_rare_is_there_and_metrics_evenly(tmp_path: Path) -> None:
    folder = made(tmp_path)
    skim = Skim(folder, RunView(folder), samples=300)
    while not skim.read_on():
        pass
    found = skim.view.stage
    assert found is not None
    assert (found.seams, [told.turn for told in found.evaluations]) == ([10_000], [12_000])
    assert found.total_turns == 1000
    assert skim.view.notices[0].kind == "started"
    steps = found.curves["student/total"].points().step.tolist()
    assert 300 < len(steps) < 3000, "a sample of 300, and the newest lines"
    assert max(later - before for before, later in itertools.pairwise(steps)) < 400


def test_what_comes_after_a_skim_follows_from_where_it_ended(tmp_path: Path) -> None:
    folder = made(tmp_path)
    skim = Skim(folder, RunView(folder), samples=300)
    while not skim.read_on():
        pass
    with max(folder.events.iterdir()).open("ab") as file:
        file.write(encode(metrics(12_001))[-5:] + encode(metrics(12_002)))
    steps = [told["step"] for _, events in skim.streams.poll() for told in events]
    assert steps == [12_001, 12_002]


def test_reading_the_whole_tells_how_much_was_read(tmp_path: Path) -> None:
    folder = made(tmp_path)
    whole = Whole(folder, RunView(folder))
    fractions = []
    while not whole.read_on():
        fractions.append(whole.fraction)
    assert fractions == sorted(fractions) and 0 < fractions[0] < 0.1 and whole.fraction == 1
    found = whole.view.stage
    assert found is not None
    points = found.curves["student/total"].points()
    assert (points.count.sum(), len(found.evaluations), found.seams) == (12_000, 1, [10_000])
    assert whole.streams.bad_lines == 2


def test_where_there_is_nothing_there_is_nothing_to_read(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "none")
    assert Skim(folder, RunView(folder)).read_on()
    assert Whole(folder, RunView(folder)).read_on()
