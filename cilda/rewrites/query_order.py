"""Rewrites that fit a query, in an order: of writing, or by a column; all of them, or so many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cilda.errors import unknown
from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.index import Index
from cilda.rewrites.query import Query
from cilda.rewrites.rewrite import Rewrite

_READ_AT_ONCE = 256
_COMPARED_LETTERS = 100


@dataclass(frozen=True)
class Order:
    """A column to sort by; where nobody said it comes last in either direction."""

    column: str
    falling: bool = False


def order_of(text: str) -> Order:
    """What `kl` or `-kl` says: rising, or with a minus falling.

    Raises:
        UsageError: there is no such column.
    """
    name = text.removeprefix("-").strip().casefold()
    if name not in COLUMNS:
        raise unknown("column", name, COLUMNS)
    return Order(name, falling=text.startswith("-"))


def sorted_places(
    index: Index, places: np.ndarray, order: Order, looking: Callable[[], None] = lambda: None
) -> np.ndarray:
    """These places in an order; equals as they were written.

    Texts are compared by their first 100 letters, whatever the case. To sort by a text, each rewrite is read, and
    `looking` is called for each: it may raise to end that.
    """
    column = COLUMNS[order.column]
    if column.kind != "text":
        values = index.column(order.column)[places]
        # NaN comes last, however the rest is turned.
        by_number: np.ndarray = places[np.argsort(-values if order.falling else values, kind="stable")]
        return by_number
    keys: list[str] = []
    for rewrite in read(index, places):
        looking()
        keys.append(str(column.value(rewrite) or "")[:_COMPARED_LETTERS].casefold())
    ranks = sorted(range(len(keys)), key=keys.__getitem__, reverse=order.falling)
    by_text: np.ndarray = places[np.asarray(ranks, np.intp)]
    return by_text


def chosen_places(index: Index, query: Query, order: Order | None, limit: int | None) -> Iterator[np.ndarray]:
    """The places that fit, in blocks: in the order of writing, or sorted; at most so many.

    Without an order the newest are taken, and the newest is the last; with one the first of it.
    """
    if order is not None:
        yield sorted_places(index, np.flatnonzero(query.mask(index)), order)[:limit]
    elif limit is None:
        yield from query.places(index)
    else:
        yield _newest(index, query, limit)


def read(index: Index, places: np.ndarray) -> Iterator[Rewrite]:
    """The rewrites at these places, some hundreds in memory at a time.

    Raises:
        CildaError: a line is no longer there.
    """
    for first in range(0, len(places), _READ_AT_ONCE):
        yield from index.rewrites(places[first : first + _READ_AT_ONCE].tolist())


def _newest(index: Index, query: Query, limit: int) -> np.ndarray:
    found: list[np.ndarray] = [np.empty(0, np.intp)]
    left = limit
    if left > 0:
        for block in query.places(index, newest_first=True):
            found.append(block[:left])
            left -= len(block)
            if left <= 0:
                break
    return np.concatenate(found)[::-1]
