"""What is listed and what is hit, found in threads while the viewer goes on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cilda_tui.browser.finding import Hits, Listed, Wanted, find_hits, list_on
from cilda_tui.browser.latest import Latest
from cilda_tui.browser.library import Library
from cilda_tui.browser.sight import NOTHING
from cilda_tui.browser.state import State


class Finder:
    """Has found what a state wants; `changed` is called in other threads when there is more."""

    def __init__(self, library: Library, changed: Callable[[], None]) -> None:
        self.listed = Listed(NOTHING, whole=False, known=0)
        """The newest list; that of before until there is anything of the one wanted."""
        self._library = library
        self._list = Latest[Listed]("list", changed)
        self._hits = Latest[Hits]("search", changed)
        self._wanted: Wanted | None = None
        self._phrase = ""
        self._rows: tuple[Hits | None, Listed | None, np.ndarray] = (None, None, NOTHING)

    def want(self, state: State) -> None:
        """Has listed and searched what the state wants."""
        only = state.marks | {place for place, _ in state.notes} if state.only_marked else None
        wanted = Wanted(
            where=state.where if state.through is None else "",
            order=state.order,
            through=state.through,
            only=only if state.through is None else None,
            labels=self._library.labels if state.where else (),
        )
        if wanted != self._wanted:
            self._wanted = wanted
            index = self._library.index
            self._list.ask(lambda job: list_on(index, wanted, job))
        found = self._list.found
        if found is not None:
            self.listed = found
        self._search(state.phrase.strip())

    @property
    def whole(self) -> bool:
        """Whether the list is all that is wanted, as far as it is known."""
        return self._list.found is not None and self.listed.whole

    @property
    def searching(self) -> bool:
        """Whether more hits may come."""
        return bool(self._phrase) and (self._hits.found is None or not self._hits.found.whole)

    @property
    def hits(self) -> np.ndarray:
        """The rows of the list that hold the phrase, rising."""
        found = self._hits.found if self._phrase else None
        if found is None:
            return NOTHING
        if self._rows[0] is not found or self._rows[1] is not self.listed:
            listed = self.listed.places
            mask = np.zeros(1 + max(_largest(listed), _largest(found.places)), np.bool_)
            mask[found.places] = True
            self._rows = (found, self.listed, np.flatnonzero(mask[listed]))
        return self._rows[2]

    def stop(self) -> None:
        """Finds no more."""
        self._list.stop()
        self._hits.stop()

    def _search(self, phrase: str) -> None:
        """Searches the texts of all rewrites, whatever is listed of them: lists change more often than phrases."""
        found, index = self._hits.found, self._library.index
        if phrase != self._phrase:
            self._phrase = phrase
            self._hits.ask(lambda job: find_hits(index, phrase, job) if phrase else None)
        elif phrase and found is not None and found.whole and found.known < len(index):
            self._hits.ask(lambda job: find_hits(index, phrase, job, found), keep=True)


def _largest(places: np.ndarray) -> int:
    return int(places.max()) if len(places) else 0
