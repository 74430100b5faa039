"""Texts out of data, made harmless for one line of a screen: nothing in them moves the cursor, hides or reorders."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len

LONGEST = 2000
"""Letters that are looked at: what no screen shows costs nothing."""

_ELLIPSIS = "…"
_UNKNOWN = "�"
_ALONE = "◌"
"""What a combining mark stands on that came without a letter."""

_MARKS = 2
_TWINS = {
    "‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "‹": "<", "›": ">", "«": '"', "»": '"', "‐": "-",
    "–": "-", "—": "-", "−": "-", "…": ".", "•": "*", "·": ".", "×": "x", "→": ">", "⏎": " ", "␉": " ", "▁": "_",
}  # fmt: skip
# Letters that nobody sees, though Unicode calls them letters.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
_REGIONS = range(0x1F1E6, 0x1F200)
# The joiner, and the five colours of skin.
_SEQUENCE = frozenset("\u200d\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")


def shown(text: str, *, ascii: bool = False, limit: int = LONGEST) -> str:  # noqa: A002  as str.isascii names it
    """A text as one line of visible letters, at most `limit` of them.

    Line ends become ⏎ and tabs ␉; controls, marks of direction, letters without width and what no font knows become
    visible stand-ins; a letter keeps two combining marks at most; of an emoji sequence its single pictures remain. So
    `cell_len` of the whole is the sum of its letters' cells. With `ascii`, what is not ASCII becomes its nearest twin
    or a question mark for each cell.
    """
    if len(text) > limit:
        text = text[: max(0, limit - 1)] + _ELLIPSIS
    if not (text.isascii() and text.isprintable()):
        text = "".join(_letters(text.replace("\r\n", "\n")))
    if ascii and not text.isascii():
        text = "".join(letter if letter.isascii() else _ascii(letter) for letter in text)
    return text


def cut(text: str, cells: int, ellipsis: str = _ELLIPSIS) -> str:
    """As much of a text as fits into so many cells; where something is missing it ends with the ellipsis."""
    if cells <= 0:
        return ""
    if (text.isascii() and len(text) <= cells) or cell_len(text) <= cells:
        return text
    room = cells - cell_len(ellipsis)
    return text[: _fitting(text, room)] + ellipsis if room > 0 else text[: _fitting(text, cells)]


def cut_inside(text: str, cells: int, ellipsis: str) -> str:
    """A harmless text in at most so many cells, its middle left out where it is longer: names differ at their ends.

    In fewer than eight cells its beginning says more.
    """
    if cell_len(text) <= cells or cells < 8:
        return cut(text, cells, ellipsis)
    end = text[len(text) - _fitting(text[::-1], (cells - cell_len(ellipsis)) // 2 + (cells - cell_len(ellipsis)) % 2) :]
    return text[: _fitting(text, cells - cell_len(ellipsis) - cell_len(end))] + ellipsis + end


def wrapped(text: str, cells: int) -> list[str]:
    """A text in lines of at most so many cells, broken at blanks where there are any; always at least one line."""
    lines: list[str] = []
    while cells > 0:
        count = _fitting(text, cells)
        if count >= len(text):
            break
        # A wide letter where there is one cell: it goes nowhere, and the lines end.
        if count == 0:
            return [*lines, ""]
        blank = text.rfind(" ", 0, count + 1)
        if blank > 0:
            lines.append(text[:blank].rstrip(" "))
            text = text[blank + 1 :]
        else:
            lines.append(text[:count])
            text = text[count:]
    return [*lines, text] if cells > 0 else [""]


def _fitting(text: str, cells: int) -> int:
    """How many letters of a text fit, the marks on the last one with it."""
    used = 0
    for place, letter in enumerate(text):
        used += cell_len(letter)
        if used > cells:
            return place
    return len(text)


def _letters(text: str) -> list[str]:
    """The text letter by letter, each visible."""
    found: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", text):
        stand_in = _stand_in(letter)
        if stand_in is None:
            # A mark, or a part of a sequence: it belongs to the letter before.
            if not found:
                found.append(_ALONE)
            marks += 1
            if marks <= _MARKS:
                found.append(letter)
        elif letter in _SEQUENCE and found and unicodedata.category(found[-1]) == "So":
            # It joins or colours the picture before it, which is shown by itself.
            continue
        elif stand_in:
            found.append(stand_in)
            marks = 0
    return found


@lru_cache(maxsize=4096)
def _stand_in(letter: str) -> str | None:
    """What a letter is shown as: itself, something visible, or nothing; None for a mark on the letter before."""
    code, category = ord(letter), unicodedata.category(letter)
    if letter == "\n":
        return "⏎"
    if letter == "\t":
        return "␉"
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return ""
    if code in _REGIONS:
        return chr(ord("A") + code - _REGIONS.start)
    if category == "Zs":
        return " " * max(1, cell_len(letter))
    if category in {"Zl", "Zp"}:
        return "⏎"
    if category[0] == "C" or letter in _BLANK_LETTERS:
        return _UNKNOWN
    if cell_len(letter) == 0:
        return None if category[0] == "M" and letter != "\u034f" else _UNKNOWN
    return letter


@lru_cache(maxsize=4096)
def _ascii(letter: str) -> str:
    return _TWINS.get(letter, "?" * cell_len(letter))
