"""The made runs are what they are called, and the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from cilda.runs.events import EventReader
from cilda.runs.layout import RunFolder
from tests.tui.made_bulk import SPIKE_EVERY, bulk
from tests.tui.made_run import BEGAN, MADE, several

WORDS = {
    "waiting": "starting", "empty": "starting", "paused": "paused", "stalled": "stalled", "failed": "failed",
    "finished": "finished", "stopped": "stopped", "killed": "killed", "crashed": "crashed",
}  # fmt: skip


@pytest.mark.parametrize("situation", sorted(MADE))
def test_each_is_in_the_state_that_it_is_called_by(situation: str, tmp_path: Path) -> None:
    with MADE[situation](tmp_path) as made:
        assert made.status.word == WORDS.get(situation, "running")
    assert not made.author.locks


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    files = []
    for place in ("one", "other"):
        with MADE["resumed"](tmp_path / place) as made:
            files.append(_files(made.folder))
    assert files[0] == files[1]


def test_several_runs_have_different_names_and_ages(tmp_path: Path) -> None:
    made = several(tmp_path)
    assert [one.status.word for one in made] == ["finished", "finished", "failed", "running"]
    created = [one.folder.created_seconds(one.record.run) for one in made]
    assert created == sorted(set(created))
    for one in made:
        one.__exit__(None, None, None)


def test_a_bulk_history_holds_good_lines_that_rise(tmp_path: Path) -> None:
    bulk(tmp_path, 12_345, began=BEGAN, segment_bytes=1_000_000)
    bulk(tmp_path, 10, began=BEGAN)
    reader = EventReader()
    events = [told for path in sorted(tmp_path.iterdir()) for told in reader.feed(path.read_bytes())]
    assert reader.bad_lines == 0
    assert [told["step"] for told in events] == [*range(1, 12_346), *range(1, 11)]
    assert all(told["turn"] == told["step"] and told["kind"] == "metrics" for told in events)
    assert events[12_344]["t"] == pytest.approx(BEGAN + 12_345 * 0.05)
    assert SPIKE_EVERY > 12_345


def _files(folder: RunFolder) -> dict[str, bytes]:
    """All that the run's own files hold, but for locks, which name this process."""
    parts = (folder.events, folder.system, folder.augmentations, folder.log)
    found = [folder.run_json, folder.state_json, *(path for part in parts for path in sorted(part.iterdir()))]
    return {str(path.relative_to(folder.path)): path.read_bytes() for path in found}
