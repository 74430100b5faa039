"""The three streams of a run, events, readings of the machine and rewritten texts, read together."""

from __future__ import annotations

from collections.abc import Iterator

from cilda.runs.events import Event
from cilda.runs.layout import RunFolder
from cilda.runs.store import Follower, Position
from cilda_tui.reading import LONG_BYTES, bytes_before, overview, sizes_of
from cilda_tui.view import RunView

STREAMS = ("events", "system", "examples")
LIVE_BYTES = 128 * 1024
"""What is read at once of what is new."""

_SIZES_EVERY = 64


class Streams:
    """A follower for each stream; `whole` says that they began at the beginning."""

    def __init__(
        self, folder: RunFolder, poll_bytes: int = LIVE_BYTES, starts: dict[str, Position | None] | None = None
    ) -> None:
        starts = starts or {}
        self._folders = dict(zip(STREAMS, (folder.events, folder.system, folder.augmentations), strict=True))
        self._followers = {
            name: Follower(path, poll_bytes=poll_bytes, start=starts.get(name)) for name, path in self._folders.items()
        }
        self._skipped = (0, 0)
        self._slices = 0
        self._sizes: dict[str, list[tuple[int, int]]] = {}
        self.whole = not starts

    @property
    def bad_lines(self) -> int:
        """Damaged lines so far."""
        return self._skipped[0] + sum(follower.bad_lines for follower in self._followers.values())

    @property
    def newer_lines(self) -> int:
        """Lines of a newer version so far."""
        return self._skipped[1] + sum(follower.newer_lines for follower in self._followers.values())

    @property
    def trouble(self) -> str | None:
        """Why one of them could not be read at last."""
        return next((follower.trouble for follower in self._followers.values() if follower.trouble), None)

    @property
    def fraction(self) -> float:
        """How much of what was there a while ago has been read."""
        whole = sum(size for sizes in self._sizes.values() for _, size in sizes)
        done = sum(bytes_before(sizes, self._followers[name].position) for name, sizes in self._sizes.items())
        return min(1.0, done / whole) if whole else 0.0

    def poll(self) -> Iterator[tuple[str, list[Event]]]:
        """What is new in each stream, piece by piece, until there is no more."""
        for name, follower in self._followers.items():
            while True:
                events = follower.poll()
                if events:
                    yield name, events
                if follower.at_end:
                    break

    def read_into(self, view: RunView) -> bool:
        """Reads one piece into a view, of the first stream that has not ended; says whether all have."""
        if self._slices % _SIZES_EVERY == 0:
            self._measure()
        self._slices += 1
        for name, follower in self._followers.items():
            events = follower.poll()
            if events:
                add(view, name, events)
            if not follower.at_end:
                return False
        return True

    def skip(self, bad_lines: int, newer_lines: int) -> None:
        """Counts what was met before these followers began."""
        self._skipped = (self._skipped[0] + bad_lines, self._skipped[1] + newer_lines)

    def _measure(self) -> None:
        for name, path in self._folders.items():
            try:
                self._sizes[name] = sizes_of(path)
            except OSError:
                # The follower meets it as well, and tells.
                continue


def followed_from(folder: RunFolder, view: RunView, starts: dict[str, Position | None]) -> Streams:
    """Reads what is there into a view, and gives what follows from there.

    Streams named in `starts` are read from that place on; of the others short ones whole, of long ones an overview.
    """
    bad_lines = newer_lines = 0
    for name, path in zip(STREAMS, (folder.events, folder.system, folder.augmentations), strict=True):
        if name in starts:
            continue
        try:
            sizes = sizes_of(path)
            if sum(size for _, size in sizes) <= LONG_BYTES:
                continue
            found = overview(path, sizes)
        except OSError:
            # The follower meets it as well, and tells.
            continue
        add(view, name, found.events)
        starts = {**starts, name: found.end}
        bad_lines, newer_lines = bad_lines + found.bad_lines, newer_lines + found.newer_lines
    streams = Streams(folder, starts=starts)
    streams.skip(bad_lines, newer_lines)
    read = 0
    for name, events in streams.poll():
        add(view, name, events)
        read += len(events)
        if read > LONG_BYTES // 100:
            # A run that is written faster than it is read: what is left comes as what is new.
            break
    return streams


def add(view: RunView, name: str, events: list[Event]) -> None:
    """Adds events of one stream to a view."""
    if name == "events":
        view.take(events)
    elif name == "system":
        view.take_system(events)
    else:
        view.take_examples(events)
