"""Which texts of a section hold a phrase: a search over the bytes of all of them at once."""

from __future__ import annotations

import numpy as np

from cilda.rewrites.index_part import AFTER, BEFORE


def rows_with(section: bytes, phrase: bytes, *, whole: bool = False) -> np.ndarray:
    """The places of the texts that contain the folded phrase, rising; with `whole`, of those that are it."""
    if whole:
        phrase = BEFORE + phrase + AFTER
    if not phrase:
        return np.arange(section.count(AFTER))
    first = section.find(phrase)
    if first < 0:
        return np.empty(0, np.int64)
    # Found one after the other, never overlapping: one that overlaps another lies in the same text.
    lengths = np.fromiter(map(len, section[first:].split(phrase)[1:]), np.int64)
    found = first + np.concatenate(([0], np.cumsum(lengths[:-1] + len(phrase))))
    ends = np.flatnonzero(np.frombuffer(section, np.uint8) == AFTER[0])
    return np.unique(np.searchsorted(ends, found))
