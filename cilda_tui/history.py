"""Ways to read a long history into a view of its own, a slice at a time, while another view is shown."""

from __future__ import annotations

from typing import Protocol

from cilda.runs.events import KINDS, Event, EventReader
from cilda.runs.layout import RunFolder
from cilda.runs.segments import segment_path
from cilda.runs.store import Position
from cilda_tui.reading import TAIL_BYTES, sizes_of
from cilda_tui.streams import Streams, add, followed_from
from cilda_tui.view import RunView

SKIM_BYTES = 64 * 1024 * 1024
"""Events beyond this are skimmed before they are read."""

SAMPLES = 20_000
"""Lines of metrics that a skim keeps."""

_SLICE_BYTES = 64 * 1024
_CHUNK_BYTES = 512 * 1024
# Writers put the kind at the beginning of a line.
_METRICS, _WHERE = b'"kind":"metrics"', 64


class Reader(Protocol):
    """Reads a history into `view`, which nobody draws before `read_on` has said that it has met the end."""

    view: RunView

    def read_on(self) -> bool:
        """Reads a slice; whether it has met the end."""

    @property
    def streams(self) -> Streams:
        """What follows from there."""

    @property
    def fraction(self) -> float:
        """How much of all was read with everything that is in it."""


class Whole:
    """Reads everything. Some 20,000 events a second of a processor."""

    def __init__(self, folder: RunFolder, view: RunView) -> None:
        self.view = view
        self.streams = Streams(folder, _SLICE_BYTES)

    def read_on(self) -> bool:
        """Reads a slice; whether it has met the end."""
        return self.streams.read_into(self.view)

    @property
    def fraction(self) -> float:
        """How much was read."""
        return self.streams.fraction


class Skim:
    """Reads all events but the metrics, and of those an even sample: twenty times as fast as all.

    So scores, stages, seams and what people should read are all there long before the curves are whole.
    """

    fraction = 0.0

    def __init__(self, folder: RunFolder, view: RunView, *, samples: int = SAMPLES) -> None:
        self.view = view
        self.streams = Streams(folder)
        self._folder = folder
        self._reader = EventReader()
        try:
            self._left = sizes_of(folder.events)
        except OSError:
            # Who follows it meets that as well, and tells.
            self._left = []
        if self._left:
            # The newest lines are read all, as what follows.
            number, size = self._left.pop()
            self._left.append((number, max(0, size - TAIL_BYTES)))
        self._spacing = max(1.0, sum(size for _, size in self._left) / max(1, samples))
        self._position = Position(self._left[0][0], 0) if self._left else None
        self._rest = b""

    def read_on(self) -> bool:
        """Reads a slice; whether it has met the end."""
        if not self._left:
            self._end()
            return True
        number, size = self._left[0]
        position = self._position
        offset = position.offset if position is not None and position.number == number else 0
        data = self._chunk(number, offset, size)
        # Of a line longer than a chunk nothing is read; one that is unfinished at the end is left for its end.
        read = data.rfind(b"\n") + 1 or (len(data) if len(data) == _CHUNK_BYTES else 0)
        self._position = Position(number, offset + read)
        if read:
            add(self.view, "events", self._chosen(data[: data.rfind(b"\n") + 1]))
        else:
            self._left.pop(0)
        return False

    def _chunk(self, number: int, offset: int, size: int) -> bytes:
        try:
            with segment_path(self._folder.events, number).open("rb") as file:
                file.seek(offset)
                return file.read(min(_CHUNK_BYTES, size - offset))
        except OSError:
            return b""

    def _chosen(self, data: bytes) -> list[Event]:
        samples = max(1, round(len(data) / self._spacing))
        if data.count(_METRICS) == data.count(b"\n"):
            # Nothing but metrics, as nearly always: no line is looked at but those that are kept.
            kept = _sample(data, samples)
        else:
            lines = data.splitlines(keepends=True)
            every = max(1, len(lines) // samples)
            kept = [line for place, line in enumerate(lines) if not place % every or _METRICS not in line[:_WHERE]]
        return [event for event in self._reader.feed(b"".join(kept)) if event["kind"] in KINDS]

    def _end(self) -> None:
        self.streams = followed_from(self._folder, self.view, {"events": self._position})


def _sample(data: bytes, count: int) -> list[bytes]:
    """So many whole lines, evenly."""
    starts = {data.rfind(b"\n", 0, len(data) * place // count) + 1 for place in range(count)}
    return [data[start : data.find(b"\n", start) + 1] for start in sorted(starts)]
