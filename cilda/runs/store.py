"""What viewers read through: the runs there are, and the events of one, whole or as they come."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.events import KINDS, Event, EventReader
from cilda.runs.layout import RunFolder, run_folders
from cilda.runs.segments import segment_numbers, segment_path

POLL_BYTES = 1024 * 1024
"""What one `Follower.poll` reads at most: some 700 events, 20 to 40 ms of work."""


@dataclass(frozen=True)
class RunRecord:
    """What the small files of a run say; each is empty while its file is missing or damaged."""

    folder: RunFolder
    run: dict[str, Any]
    state: dict[str, Any]
    exit: dict[str, Any]

    @property
    def id(self) -> str:
        """The run's name."""
        return self.folder.id


def open_run(folder: RunFolder) -> RunRecord:
    """Reads run.json, state.json and exit.json of one run."""
    return RunRecord(folder, *(read_json(path) for path in (folder.run_json, folder.state_json, folder.exit_json)))


def list_runs(runs_dir: Path) -> list[RunRecord]:
    """All runs in a folder, the oldest first; none where there is no such folder.

    Raises:
        CildaError: the folder cannot be read.
    """
    records = [open_run(folder) for folder in run_folders(runs_dir)]
    return sorted(records, key=lambda record: (record.folder.created_seconds(record.run), record.id))


def read_events(folder: Path, kinds: Collection[str] | None = None) -> Iterator[Event]:
    """The events that lie now in a folder of segments (`run.events`, `run.augmentations`), in order.

    Of all known kinds, or only of those named. Damaged lines are skipped: a `Follower` counts them.

    Raises:
        CildaError: the folder cannot be read.
    """
    follower = Follower(folder)
    while not follower.at_end:
        for event in follower.poll():
            if kinds is None or event["kind"] in kinds:
                yield event
    if follower.trouble:
        raise CildaError(f"cannot read {folder}: {follower.trouble}", "check the folder's permissions and its disk")


class Position(NamedTuple):
    """A place in a folder of segments: what lies before it has been read."""

    number: int
    """The segment's."""
    offset: int
    """Bytes of it."""


class Follower:
    """Reads a folder of segments as it grows, a bounded piece at each `poll`; one that is not there yet is waited for.

    Damaged lines are skipped and counted in `bad_lines`; those that only a newer version can read in `newer_lines`;
    kinds this version does not know are left out. `at_end` says that the last poll met the end of what is there, and
    `trouble` why it could not read on; the next poll tries again from the same place. With `from_end` only what is
    written from now on is read; with `start` only what follows there, which must be the beginning of a line.
    """

    def __init__(
        self, path: Path, *, poll_bytes: int = POLL_BYTES, from_end: bool = False, start: Position | None = None
    ) -> None:
        self.at_end = False
        self.trouble: str | None = None
        self._folder = path
        self._poll_bytes = poll_bytes
        self._reader = EventReader()
        self._number: int | None = None
        self._offset = 0
        if start is not None:
            self._number, self._offset = start
        elif from_end:
            self._skip()

    @property
    def bad_lines(self) -> int:
        """How many damaged lines were skipped."""
        return self._reader.bad_lines

    @property
    def newer_lines(self) -> int:
        """How many lines a newer version wrote in a way that this one would misread."""
        return self._reader.newer_lines

    @property
    def position(self) -> Position | None:
        """Up to where it has read, an unfinished line included; None before the first segment."""
        return None if self._number is None else Position(self._number, self._offset)

    def poll(self) -> list[Event]:
        """The events that are new since the last call, in order; at most `poll_bytes` are read for them."""
        events: list[Event] = []
        left = self._poll_bytes
        self.at_end, self.trouble = False, None
        try:
            while left > 0 and not self.at_end:
                # Listed before it is read: a segment that has a successor by now will not grow any more.
                numbers = segment_numbers(self._folder)
                data = self._read(left)
                self._offset += len(data)
                left -= len(data)
                events += self._reader.feed(data)
                if not data:
                    events += self._go_on(numbers)
        except OSError as error:
            self.at_end, self.trouble = True, error.strerror or str(error)
        return [event for event in events if event["kind"] in KINDS]

    def _skip(self) -> None:
        try:
            numbers = segment_numbers(self._folder)
            if numbers:
                # A line is one write, so that the end is an end of a line, but for what a crash left: a damaged one.
                self._offset = segment_path(self._folder, numbers[-1]).stat().st_size
                self._number = numbers[-1]
        except OSError as error:
            self.trouble = error.strerror or str(error)

    def _read(self, most: int) -> bytes:
        if self._number is None:
            return b""
        try:
            # Opened anew each time: a handle kept open goes stale on network file systems.
            with segment_path(self._folder, self._number).open("rb") as file:
                file.seek(self._offset)
                return file.read(most)
        except FileNotFoundError:
            return b""

    def _go_on(self, numbers: list[int]) -> list[Event]:
        later = [number for number in numbers if self._number is None or number > self._number]
        if not later:
            self.at_end = True
            return []
        self._number, self._offset = later[0], 0
        return self._reader.end()
