"""Marks and notes between sessions: found again when their rewrites are indexed, kept when they change."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cilda.errors import CildaError
from cilda.rewrites.index import Index
from cilda.rewrites.rewrite import Rewrite
from cilda_tui.browser.kept_marks import Kept, identity, keep_marks, recalled_marks
from cilda_tui.browser.state import State


@dataclass(frozen=True)
class Refound:
    """Of what was kept, what was looked for and what is still there."""

    looked_for: tuple[Kept, ...]
    there: tuple[Kept, ...]


class Shelf:
    """The marks of a run; what is not indexed yet waits, and is kept as it was."""

    def __init__(self, folder: Path | None, run: str) -> None:
        self._folder = folder
        self._run = run
        self._waiting = recalled_marks(folder, run)
        self._identities: dict[int, str] = {}

    def ready(self, index: Index) -> list[Kept]:
        """Those that wait and can be looked for by now."""
        count = len(index) if self._waiting else 0
        return [one for one in self._waiting if one.place < count]

    def refind(self, index: Index, ready: list[Kept]) -> Refound:
        """Which of them are still those rewrites; reads each."""
        there: list[Kept] = []
        for one in ready:
            with suppress(CildaError, IndexError):
                if one.fits(index.rewrite(one.place)):
                    there.append(one)
        return Refound(tuple(ready), tuple(there))

    def put_back(self, state: State, refound: Refound) -> State:
        """The state with the marks and notes that are still there."""
        self._waiting = [one for one in self._waiting if one not in refound.looked_for]
        self._identities |= {one.place: one.key for one in refound.there}
        marks = state.marks | {one.place for one in refound.there if one.marked}
        noted = {place for place, _ in state.notes}
        notes = [(one.place, one.note) for one in refound.there if one.note and one.place not in noted]
        lost = len(refound.looked_for) - len(refound.there)
        state = state.with_(marks=marks, notes=(*state.notes, *notes))
        return state.saying(f"{lost:,} marked before are no longer there", "warn") if lost else state

    def learn(self, rows: Mapping[int, Rewrite | str]) -> None:
        """Remembers which rewrites these are, so that their marks can be kept."""
        for place, row in rows.items():
            if isinstance(row, Rewrite):
                self._identities[place] = identity(row)

    def keep(self, state: State) -> None:
        """Writes marks and notes down.

        Raises:
            OSError: the disk refused.
        """
        notes = dict(state.notes)
        places = sorted(state.marks | notes.keys())
        rows = [
            Kept(place, self._identities[place], place in state.marks, notes.get(place, ""))
            for place in places
            if place in self._identities
        ]
        keep_marks(self._folder, self._run, [*rows, *self._waiting])
