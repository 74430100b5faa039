"""Texts out of data as letters that a reader sees: nothing in them hides, reorders what stands beside, or piles up."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

LONGEST = 4000
"""Letters of one text that a page shows; behind them it says how many there were."""

_UNKNOWN = "�"
_ALONE = "◌"
_MARKS = 4
"""So many marks a letter keeps: Vietnamese, Thai and Hindi need three."""

_JOINERS = {"\u200c": "⟨ZWNJ⟩", "\u200d": "⟨ZWJ⟩"}
_NAMED = {
    "\n": "⏎", "\u2028": "⏎", "\u2029": "⏎", "\t": "␉", "\x7f": "␡", "\xad": "⟨SHY⟩", "\u061c": "⟨ALM⟩",
    "\u200b": "⟨ZWSP⟩", "\u200e": "⟨LRM⟩", "\u200f": "⟨RLM⟩", "\u202a": "⟨LRE⟩", "\u202b": "⟨RLE⟩", "\u202c": "⟨PDF⟩",
    "\u202d": "⟨LRO⟩", "\u202e": "⟨RLO⟩", "\u2060": "⟨WJ⟩", "\u2066": "⟨LRI⟩", "\u2067": "⟨RLI⟩", "\u2068": "⟨FSI⟩",
    "\u2069": "⟨PDI⟩", "\ufeff": "⟨BOM⟩",
}  # fmt: skip
# Letters that nobody sees, though Unicode calls them letters.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")


def visible(text: str, limit: int = LONGEST) -> str:
    """A text of at most so many letters, each of them seen.

    Line ends become ⏎; controls, marks of direction and letters without width become visible stand-ins; a letter keeps
    four combining marks at most. Joiners stay between letters of the scripts and pictures that need them.
    """
    length = len(text)
    if length > limit:
        text = text[:limit]
    if not (text.isascii() and text.isprintable()):
        text = "".join(_letters(text.replace("\r\n", "\n")))
    return text if length <= limit else f"{text} … ({length:,} letters in all)"


def _letters(text: str) -> list[str]:
    found: list[str] = []
    marks = 0
    for place, letter in enumerate(text):
        if letter in _JOINERS:
            around = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
            needed = len(around) == 2 and not any(_plain(other) for other in around)
            found.append(letter if needed else _JOINERS[letter])
            marks = 0
            continue
        stand_in = _stand_in(letter)
        if stand_in is None:
            if not found:
                found.append(_ALONE)
            marks += 1
            if marks <= _MARKS:
                found.append(letter)
        else:
            found.append(stand_in)
            marks = 0
    return found


def _plain(letter: str) -> bool:
    """Whether a letter is of those that no joiner changes: ASCII, or no letter at all."""
    return letter.isascii() or unicodedata.category(letter)[0] in "CZP"


@lru_cache(maxsize=8192)
def _stand_in(letter: str) -> str | None:
    """What a letter is shown as: itself, or something visible; None for a mark on the letter before."""
    if letter in _NAMED:
        return _NAMED[letter]
    code, category = ord(letter), unicodedata.category(letter)
    if code < 0x20:
        return chr(0x2400 + code)
    if category[0] == "C" or letter in _BLANK_LETTERS or letter == "\u034f":
        return _UNKNOWN
    return None if category[0] == "M" else letter
