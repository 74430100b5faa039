"""Choosing among rewrites in a few words: `flip and kl>1 label:entailment "not good"`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from cilda.rewrites.index import Index
from cilda.rewrites.query_mistakes import EXAMPLE
from cilda.rewrites.query_parser import parsed
from cilda.rewrites.query_places import fitting
from cilda.rewrites.query_terms import ALL, Both, Term
from cilda.rewrites.rewrite import Rewrite

__all__ = ["EXAMPLE", "Query", "all_of", "parse"]

_FIRST_BLOCK, _BLOCK = 1024, 65_536
"""So many rewrites are looked at at once: few at first, so that the first that fit come early."""


@dataclass(frozen=True)
class Query:
    """What a filter says: in plain Python of one rewrite, or of all in an index, where numbers are asked first."""

    text: str
    term: Term = field(default=ALL)

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether a rewrite does."""
        return self.term.fits(rewrite)

    def places(self, index: Index, *, start: int = 0, newest_first: bool = False) -> Iterator[np.ndarray]:
        """The places that fit, from `start` on, in blocks, rising throughout; of those that are indexed by now.

        With `newest_first` they fall throughout. Blocks without any are left out.
        """
        first, end, size = start, len(index), _FIRST_BLOCK
        while first < end:
            stop = min(end, first + size)
            block = np.arange(end - (stop - first), end) if newest_first else np.arange(first, stop)
            found = fitting(self.term, index, block)
            if len(found):
                yield found[::-1] if newest_first else found
            first, end = (first, end - len(block)) if newest_first else (stop, end)
            size = min(2 * size, _BLOCK)

    def mask(self, index: Index) -> np.ndarray:
        """For each rewrite of an index whether it fits."""
        mask = np.zeros(len(index), np.bool_)
        for places in self.places(index):
            # More may be there by now.
            mask[places[places < len(mask)]] = True
        return mask


def parse(text: str, labels: Sequence[str] = ()) -> Query:
    """What a filter means; `labels` are the names of the classes, in their order.

    Raises:
        UsageError: it is no filter; it says where, and gives an example.
    """
    return Query(text, parsed(text, labels))


def all_of(queries: Sequence[Query]) -> Query:
    """Several filters as one, which asks for all of them."""
    if len(queries) == 1:
        return queries[0]
    term = Both(tuple(query.term for query in queries if query.term != ALL))
    return Query(str(term), term)
