"""Which rewrites of an index fit a query: the same meaning as in plain Python, from columns and texts in the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from cilda.rewrites.index import Index, Where
from cilda.rewrites.query_terms import Both, ClassIn, Compare, Either, Flag, Not, Phrase, Swapped, Term, Text

_READ_AT_ONCE = 512

_COMPARISONS = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal, "=": np.equal, "!=": np.not_equal,
}  # fmt: skip


def fitting(term: Term, index: Index, among: np.ndarray) -> np.ndarray:
    """Which of these places fit, rising, as they are given.

    Numbers are compared first, then texts are searched, and records are read of what is left alone.
    """
    match term:
        case Both():
            for inner in sorted(term.terms, key=_cost):
                if len(among):
                    among = fitting(inner, index, among)
            return among
        case Either():
            left, found = among, [among[:0]]
            for inner in sorted(term.terms, key=_cost):
                found.append(fitting(inner, index, left))
                left = np.setdiff1d(left, found[-1], assume_unique=True)
            return np.sort(np.concatenate(found))
        case Not():
            return np.setdiff1d(among, fitting(term.term, index, among), assume_unique=True)
        case Flag():
            return _where(among, index.column(term.column)[among] > 0)
        case Compare():
            return _where(among, _compared(term, index, among))
        case ClassIn():
            values = index.column(term.column)[among]
            return _where(among, ~np.isnan(values) & (np.isin(values, term.classes) != term.other))
        case Phrase():
            return _joined([*index.containing(term.phrase, among, newest_first=False)], among)
        case Text():
            return _with_text(term, index, among)
        case Swapped():
            return _read(term, index, among)


def _compared(term: Compare, index: Index, among: np.ndarray) -> np.ndarray:
    values = index.column(term.column)[among]
    limits = index.column(term.limit)[among] if isinstance(term.limit, str) else np.full(len(among), term.limit)
    known = ~np.isnan(values) & ~np.isnan(limits)
    return np.asarray(known & _COMPARISONS[term.sign](values, limits), np.bool_)


def _with_text(term: Text, index: Index, among: np.ndarray) -> np.ndarray:
    where = cast("Where", term.column)
    found: list[np.ndarray] = []
    for text in term.texts:
        found += index.containing(text, among, where=where, newest_first=False, whole=term.sign != ":")
    places = np.unique(_joined(found, among))
    if term.sign == "!=":
        return np.setdiff1d(among, places, assume_unique=True)
    # Of an id whole parts are meant: the few that contain the text are looked at.
    return _read(term, index, places) if where == "id" and term.sign == ":" else places


def _read(term: Term, index: Index, among: np.ndarray) -> np.ndarray:
    """Which of these fit, by reading each."""
    kept: list[int] = []
    for first in range(0, len(among), _READ_AT_ONCE):
        places = among[first : first + _READ_AT_ONCE].tolist()
        kept += [place for place, rewrite in zip(places, index.rewrites(places), strict=True) if term.fits(rewrite)]
    return np.asarray(kept, among.dtype)


def _where(among: np.ndarray, mask: np.ndarray) -> np.ndarray:
    found: np.ndarray = among[mask]
    return found


def _joined(found: Sequence[np.ndarray], among: np.ndarray) -> np.ndarray:
    return np.concatenate((among[:0], *found))


def _cost(term: Term) -> int:
    match term:
        case Both() | Either():
            return max((_cost(inner) for inner in term.terms), default=0)
        case Not():
            return _cost(term.term)
        case Flag() | Compare() | ClassIn():
            return 0
        case Text():
            return 2 if term.column == "id" else 1
        case Phrase():
            return 1
        case Swapped():
            return 3
