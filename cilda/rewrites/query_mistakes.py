"""A mistake in a query, with the place where it stands."""

from __future__ import annotations

import unicodedata

from cilda.errors import UsageError

EXAMPLE = 'flip and kl>1 and step>5000 "not good"'
"""A query that shows what the language is like."""

_BEFORE, _AFTER = 50, 30
_LONGEST_WORDS = 200
_ELLIPSIS = "…"


def mistake(text: str, place: int, what: str, todo: str = f"for example: {EXAMPLE}") -> UsageError:
    """The error for what stands at a place, counted from 0: which letter it is, then the line with a caret below it."""
    begin, end = max(0, place - _BEFORE), place + _AFTER
    before = (_ELLIPSIS if begin else "") + _shown(text[begin:place])
    after = _shown(text[place:end]) + (_ELLIPSIS if end < len(text) else "")
    caret = " " * sum(map(_cells, before)) + "^"
    what = what if len(what) <= _LONGEST_WORDS else what[: _LONGEST_WORDS - 1] + _ELLIPSIS
    return UsageError(f"the filter, at letter {place + 1}: {what}", "\n".join((before + after, caret, todo)))


def _shown(text: str) -> str:
    # As the command line escapes it, so that the caret keeps its place.
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _cells(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
