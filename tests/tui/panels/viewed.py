"""Views of made runs, all of each read at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.cells import cell_len

from cilda.runs.store import read_events
from cilda_tui.frame import Frame
from cilda_tui.view import RunView
from tests.tui.made_run import MADE, MadeRun


def view_of(made: MadeRun) -> RunView:
    """All that a made run's files say."""
    record = made.record
    view = RunView(made.folder, record, made.status)
    view.take(list(read_events(made.folder.events)))
    view.take_system(list(read_events(made.folder.system)))
    view.take_examples(list(read_events(made.folder.augmentations)))
    view.refresh(record, made.status)
    return view


@lru_cache(maxsize=32)
def view_named(situation: str) -> RunView:
    """The view of a situation of `MADE`; the same one each time, so change nothing in it."""
    return _view(MADE[situation])


def _view(make: Callable[[Path], MadeRun]) -> RunView:
    with TemporaryDirectory() as folder, make(Path(folder)) as made:
        return view_of(made)


def check_frame(frame: Frame, width: int, height: int) -> None:
    """Every row is visible and exactly as wide as it says."""
    assert (frame.width, frame.height) == (width, height)
    for row in range(height):
        assert frame.text(row).isprintable(), repr(frame.text(row))
        assert cell_len(frame.text(row)) == width, repr(frame.text(row))
