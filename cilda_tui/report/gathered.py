"""All that a report tells of a run, read once from its folder; and what it cannot tell, in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda.rewrites.rewriting import rewrites_texts
from cilda.rewrites.summary import Summary, summarise
from cilda.runs.events import Event
from cilda.runs.field import mapping
from cilda.runs.layout import RunFolder
from cilda.runs.store import Follower
from cilda_tui.reading import bytes_before, bytes_of, sizes_of
from cilda_tui.report.chosen import Chooser, Examples
from cilda_tui.report.facts import Facts
from cilda_tui.report.words import counted
from cilda_tui.small_files import look
from cilda_tui.view import RunView

BATCH_EVENTS = 200
"""So many at once, as the dashboard takes them: alerts are judged in between."""

Tell = Callable[[str, float], None]
"""Takes what is being read, and how much of it has been."""


@dataclass(frozen=True)
class Wanted:
    """What of a run goes into its report."""

    labels: Sequence[str] = ()
    """Names of the classes in their order; empty where nobody knows them."""
    where: str = ""
    """In the words of whoever asked, which rewrites are told of; empty: all."""
    fits: Callable[[Rewrite], bool] | None = None
    """The same as a question to each."""
    examples: int = 12
    """So many for each list of them."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Every setting's default, as this version has it."""
    version: str = ""
    """Of the cilda that makes the report."""


@dataclass(frozen=True)
class Gathered:
    """A run at the moment when its report was made."""

    view: RunView
    facts: Facts
    wanted: Wanted
    summary: Summary
    """Of the rewrites that were asked for."""
    examples: Examples
    recorded: int
    """Rewrites that the run has written down."""
    missing: tuple[str, ...]
    """What could not be read, or was never written, a sentence each."""
    now: float

    @property
    def generates(self) -> bool:
        """Whether it has a generator that plays, or anything was rewritten."""
        return bool(self.recorded) or _plays(self.view)


def gather(folder: RunFolder, wanted: Wanted, clock: Callable[[], float], tell: Tell | None = None) -> Gathered:
    """Reads a run as far as it is written now. About 20,000 events or rewrites a second, in bounded memory."""
    now = clock()
    seen = look(folder, clock)
    view, facts = RunView(folder, seen.record, seen.status), Facts()
    view.refresh(seen.record, seen.status, seen.waiting)
    events, system = _Reading(folder.events, "events", tell), _Reading(folder.system, "machine", tell)
    for batch in events.batches():
        view.take(batch)
        facts.take(batch)
    for batch in system.batches():
        view.take_system(batch)
    texts = _Reading(folder.augmentations, "rewrites", tell)
    chooser, recorded = Chooser(wanted.examples), _Count()
    rewrites = recorded.passing(texts.rewrites())
    fitting = rewrites if wanted.fits is None else filter(wanted.fits, rewrites)
    summary = summarise(chooser.passing(fitting), wanted.labels)
    readings = (events, system, texts)
    view.tell(
        reading=None,
        bad_lines=sum(reading.follower.bad_lines for reading in readings),
        newer_lines=sum(reading.follower.newer_lines for reading in readings),
        trouble=seen.trouble or next((found.follower.trouble for found in readings if found.follower.trouble), None),
        gone=seen.gone,
    )
    missing = tuple(_missing(view, readings, recorded.number))
    return Gathered(view, facts, wanted, summary, chooser.examples, recorded.number, missing, now)


def _plays(view: RunView) -> bool:
    """Whether texts are rewritten: a teacher is trained without."""
    return rewrites_texts(view.record.run) is True


class _Count:
    """Counts what passes."""

    def __init__(self) -> None:
        self.number = 0

    def passing(self, rewrites: Iterator[Rewrite]) -> Iterator[Rewrite]:
        for rewrite in rewrites:
            self.number += 1
            yield rewrite


class _Reading:
    """Reads one folder of segments, up to where it ended when it was first looked at or a little further."""

    def __init__(self, path: Path, what: str, tell: Tell | None) -> None:
        self.what = what
        self.follower = Follower(path)
        self.events = 0
        self._path = path
        self._tell = tell

    def batches(self) -> Iterator[list[Event]]:
        whole = bytes_of(self._path)
        while True:
            events = self.follower.poll()
            self.events += len(events)
            for start in range(0, len(events), BATCH_EVENTS):
                yield events[start : start + BATCH_EVENTS]
            if self.follower.at_end:
                return
            done = self._done()
            if self._tell is not None:
                self._tell(self.what, min(1.0, done / whole) if whole else 1.0)
            # A writer that is faster than we read is left behind.
            if done > 2 * whole + 2**26:
                return

    def rewrites(self) -> Iterator[Rewrite]:
        for batch in self.batches():
            for event in batch:
                rewrite = rewrite_of(event) if event["kind"] == "augmentation" else None
                if rewrite is not None:
                    yield rewrite

    def _done(self) -> int:
        try:
            return bytes_before(sizes_of(self._path), self.follower.position)
        except OSError:
            return 0


def _missing(view: RunView, readings: Sequence[_Reading], recorded: int) -> Iterator[str]:
    """What a reader would look for in vain, and why."""
    folder, record = view.folder, view.record
    events, system, _ = readings
    if view.gone:
        yield "The run's folder is gone."
        return
    if not record.run:
        yield f"run.json {_absent(folder.run_json)}: settings, method, command line and versions are not known."
    if not record.state:
        yield f"state.json {_absent(folder.state_json)}: what the run was doing last is not known for sure."
    if not events.events:
        yield "There are no events: no losses, no scores."
    if not system.events:
        yield "The machine was not read: an older version, or a run that had hardly begun."
    if not recorded and _plays(view):
        yield "No rewrites were recorded, though the method has a generator."
    for reading in readings:
        bad, newer, trouble = reading.follower.bad_lines, reading.follower.newer_lines, reading.follower.trouble
        if bad:
            yield f"{counted(bad, 'damaged line')} of {reading.what} left out."
        if newer:
            yield f"{counted(newer, 'line')} of {reading.what} that only a newer cilda can read left out."
        if trouble:
            yield f"The {reading.what} could not be read to the end: {trouble}."
    if not view.status.ended:
        yield f"The run has not ended ({view.status.shown}): this is how far it was."
    elif view.outcome is None and view.status.word != "finished":
        yield f"The run did not finish ({view.status.shown}): there is no last word of its scores."
    elif view.outcome is None and mapping(record.run.get("config")):
        yield "There is no event of its end: scores are those of its evaluations."


def _absent(path: Path) -> str:
    return "is damaged" if os.path.lexists(path) else "is missing"
