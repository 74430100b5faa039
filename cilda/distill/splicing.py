"""New tokens in the place of old ones in an author's own text: its letters, capitals and blanks stay as they were.

What a tokenizer decodes is another text than the one it was given: lower case, other blanks. Here only the replaced
tokens change, and everybody can be told where in the text they stand.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from cilda.rewrites.rewrite import SEPARATOR, Span
from cilda.rewrites.tokens import reading


@dataclass(frozen=True)
class Placed:
    """A token of a text, or of a pair of texts, and where it stands."""

    token: str
    column: int
    span: Span
    """In characters of its column."""


@dataclass(frozen=True)
class Spliced:
    """Texts before and after, and by the position of each token that was asked for its place in both, joined."""

    real: tuple[str, ...]
    soft: tuple[str, ...]
    real_spans: dict[int, Span]
    soft_spans: dict[int, Span]


def splice(
    columns: Sequence[str], tokens: Mapping[int, Placed], drawn: Mapping[int, str], blank: str | None
) -> Spliced:
    """The columns with drawn tokens (by position) put in the place of those that stand there.

    `tokens` has every token of the columns by its position, in order; `blank` is the vocabulary's mark of a blank,
    None for WordPiece. A token that came back as itself changes nothing.
    """
    soft: list[str] = []
    in_real: dict[int, Span] = {}
    in_soft: dict[int, Span] = {}
    starts = [*accumulate((len(text) + len(SEPARATOR) for text in columns), initial=0)]
    written = 0
    for column, text in enumerate(columns):
        units = _units(text, {place: token for place, token in tokens.items() if token.column == column})
        pieces = _Pieces(text, blank)
        for unit in units:
            begin, end = pieces.put(unit, tokens, drawn)
            for place in unit.places:
                if place in drawn:
                    in_real[place] = (starts[column] + unit.begin, starts[column] + unit.end)
                    in_soft[place] = (written + begin, written + end)
        soft.append(pieces.whole())
        written += len(soft[-1]) + len(SEPARATOR)
    return Spliced(tuple(columns), tuple(soft), in_real, in_soft)


@dataclass
class _Unit:
    """Tokens that stand in the same place: the bytes of one letter."""

    places: list[int]
    begin: int
    end: int


def _units(text: str, tokens: Mapping[int, Placed]) -> list[_Unit]:
    units: list[_Unit] = []
    for place, token in tokens.items():
        begin, end = token.span
        # Some tokenizers count the blank before a word in.
        begin = min(end, begin + len(text[begin:end]) - len(text[begin:end].lstrip()))
        if units and begin < units[-1].end:
            units[-1].places.append(place)
            units[-1].end = max(units[-1].end, end)
        else:
            units.append(_Unit([place], begin, end))
    return units


class _Pieces:
    """A text in the making: what stood there up to a place, and what came instead."""

    def __init__(self, text: str, blank: str | None) -> None:
        self._text = text
        self._blank = blank
        self._made: list[str] = []
        self._length = 0
        self._read = 0
        self._replaced_last = False

    def put(self, unit: _Unit, tokens: Mapping[int, Placed], drawn: Mapping[int, str]) -> Span:
        """Goes on by the blanks before a unit and the unit itself; where that stands now."""
        old = "".join(tokens[place].token for place in unit.places)
        new = "".join(drawn.get(place, tokens[place].token) for place in unit.places)
        replaced = new != old
        word, glued = reading(new, self._blank)
        if not replaced:
            word = self._text[unit.begin : unit.end]
        gap = self._text[self._read : unit.begin]
        if self._length and (replaced or self._replaced_last):
            gap = self._fitting(gap, word, glued=glued, replaced=replaced)
        self._add(gap)
        begin = self._length
        self._add(word)
        self._read, self._replaced_last = unit.end, replaced
        return begin, self._length

    def whole(self) -> str:
        """The text, with what follows the last token."""
        return "".join([*self._made, self._text[self._read :]])

    def _add(self, text: str) -> None:
        if text:
            self._made.append(text)
            self._length += len(text)

    def _fitting(self, gap: str, word: str, *, glued: bool, replaced: bool) -> str:
        """What stands before a word of which it or the one before it is new."""
        if glued:
            # Letters that no token stands for stay: marks of direction, for one.
            return "".join(letter for letter in gap if not letter.isspace()) if replaced else gap
        if gap:
            return gap
        # A mark of a blank means a blank. WordPiece has none: there it is what two words need.
        marked = self._blank is not None and replaced
        return " " if marked or _two_words(self._made[-1][-1], word[:1]) else ""


def _two_words(left: str, right: str) -> bool:
    """Whether two letters belong to different words; scripts without blanks need none."""
    return all(letter.isalnum() and unicodedata.east_asian_width(letter) not in "WF" for letter in (left, right or " "))
