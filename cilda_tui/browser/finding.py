"""Which rewrites are listed, in which order: found in pieces while the run goes on, and while others are indexed."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from cilda.errors import CildaError
from cilda.rewrites.index import Index
from cilda.rewrites.query import Query, parse
from cilda.rewrites.query_order import Order, sorted_places
from cilda_tui.browser.latest import Job

MOST_SORTED_TEXTS = 200_000
"""Texts are read one by one to sort them: more would take minutes."""

_LOOK_SECONDS, _FIRST_LOOK_SECONDS = 0.25, 0.02
_TELL_SECONDS = 0.2
_REST = 9.0
"""A list is made anew no sooner than after so many times what it took to make."""


@dataclass(frozen=True)
class Wanted:
    """What is to be listed."""

    where: str = ""
    order: Order | None = None
    """None: the newest first."""
    through: int | None = None
    """The place whose text's rewrites are listed, the oldest first."""
    only: frozenset[int] | None = None
    """Only these places."""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Listed:
    """A list, or as much of it as is found."""

    places: np.ndarray
    whole: bool
    known: int
    """How many rewrites it was made from."""
    trouble: str = ""
    course: tuple[float, ...] = ()
    """Of a text through time the KL, where it is known."""


def list_on(index: Index, wanted: Wanted, job: Job[Listed]) -> None:
    """Lists what is wanted, and goes on as the index grows, until the job ends."""
    try:
        query = parse(wanted.where, wanted.labels)
    except CildaError as error:
        job.say(Listed(np.empty(0, np.intp), whole=True, known=len(index), trouble=f"{error.what}: {error.todo}"))
        return
    _Lister(index, wanted, query, job).work()


class _Lister:
    def __init__(self, index: Index, wanted: Wanted, query: Query, job: Job[Listed]) -> None:
        self._index = index
        self._wanted = wanted
        self._query = query
        self._job = job
        self._fitting = np.empty(0, np.intp)
        """Rising."""
        self._known = 0
        self._count = 0
        self._told = 0.0

    def work(self) -> None:
        first = True
        while True:
            self._job.check()
            count, began = len(self._index), time.monotonic()
            self._count = count
            if count > self._known or first:
                try:
                    self._look_at(count)
                except CildaError as error:
                    # A line that is gone: the index finds out when it is opened anew.
                    self._tell(self._fitting, whole=True, trouble=f"{error.what}: {error.todo}")
                first = False
                self._known = max(self._known, count)
            look = _LOOK_SECONDS if self._known else _FIRST_LOOK_SECONDS
            self._job.wait(max(look, _REST * (time.monotonic() - began)))

    def _look_at(self, count: int) -> None:
        wanted = self._wanted
        if wanted.through is not None:
            there = 0 <= wanted.through < count
            places = self._index.same_text(wanted.through) if there else np.empty(0, np.intp)
            values = self._index.column("kl")[places]
            course = tuple(values[np.isfinite(values)].tolist())
            self._job.say(Listed(places, whole=True, known=count, course=course))
        elif wanted.only is not None:
            places = np.array(sorted(place for place in wanted.only if 0 <= place < count), np.intp)
            if wanted.where:
                fits = [self._query.fits(rewrite) for rewrite in self._index.rewrites(places.tolist())]
                places = places[np.array(fits, np.bool_)]
            self._tell(self._ordered(places), whole=True)
        elif not wanted.where:
            # Half as wide: a million of them are held a few times over while they are sorted.
            self._fitting = np.arange(count, dtype=np.int32)
            self._tell(self._ordered(self._fitting), whole=True)
        else:
            self._filter(count)

    def _filter(self, count: int) -> None:
        before, known = self._fitting, self._known
        newest_first = self._wanted.order is None
        found: list[np.ndarray] = []
        self._told = time.monotonic()
        for block in self._query.places(self._index, start=known, newest_first=newest_first):
            self._job.check()
            found.append(block[block < count])
            since = time.monotonic() - self._told
            few = sum(map(len, found)) < 200
            # The first screenful at once; what takes long is shown from time to time.
            if known == 0 and (since > _TELL_SECONDS or (few and newest_first)):
                together = np.concatenate(found)
                self._tell(together if newest_first else self._ordered(np.sort(together)), whole=False)
        if newest_first:
            found = [block[::-1] for block in reversed(found)]
        self._fitting = np.concatenate([before, *found])
        self._tell(self._ordered(self._fitting), whole=True)

    def _ordered(self, rising: np.ndarray) -> np.ndarray:
        order = self._wanted.order
        if order is None:
            return rising[::-1]
        if order == Order("time"):
            # As they were written, which is the same but for clocks that went back.
            return rising
        if order.column in ("id", "real", "soft", "why") and len(rising) > MOST_SORTED_TEXTS:
            raise CildaError(
                f"{len(rising):,} are too many to sort by {order.column}", f"f filters: at most {MOST_SORTED_TEXTS:,}"
            )
        return sorted_places(self._index, rising, order, self._job.check)

    def _tell(self, places: np.ndarray, *, whole: bool, trouble: str = "") -> None:
        self._told = time.monotonic()
        self._job.say(Listed(places, whole, self._count, trouble))


@dataclass(frozen=True, eq=False)
class Hits:
    """The places whose texts hold a phrase, in no order, or as many as are found."""

    places: np.ndarray
    whole: bool
    known: int
    """How many rewrites were searched, or are being."""


def find_hits(index: Index, phrase: str, job: Job[Hits], before: Hits | None = None) -> None:
    """Searches all texts, the newest first, and tells what is found from time to time: the first at once.

    After a search `before` only those that have come since.
    """
    count = len(index)
    found = [np.empty(0, np.intp) if before is None else before.places]
    among = None if before is None else np.arange(before.known, count)
    told = 0.0
    for block in index.containing(phrase, among):
        job.check()
        found.append(block[block < count])
        now = time.monotonic()
        if now - told > _TELL_SECONDS:
            told = now
            found = [np.concatenate(found)]
            job.say(Hits(found[0], whole=False, known=count))
    job.say(Hits(np.concatenate(found), whole=True, known=count))
