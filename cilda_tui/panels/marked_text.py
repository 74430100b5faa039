"""A text of a rewrite in lines, with what is another token now marked, and what was searched for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from cilda.rewrites.rewrite import Rewrite, Side, Span
from cilda.rewrites.tokens import Word, words_of
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.pane import Piece, safe
from cilda_tui.safe import cut

SIDES: tuple[Side, Side] = ("real", "soft")

_MOST_WORDS = 3000
_WORD_CELLS = 60
"""A single word longer than this is cut: it would be the whole text."""


def words_in(rewrite: Rewrite, side: Side, most: int = _MOST_WORDS) -> list[Word]:
    """The words of one of both texts: as written where the places of its tokens are known, else by the tokens."""
    text, tokens, places = rewrite.side(side)
    if places is not None:
        return _by_spans(text[: 20 * most], places)[:most]
    words = words_of(tokens[: 4 * most], set(rewrite.changed))[:most]
    return words or [Word(word) for word in text[: 20 * most].split(" ")[:most]]


def _by_spans(text: str, changed: Sequence[Span]) -> list[Word]:
    words: list[Word] = []
    glued = False
    for stretch, is_changed in _stretches(text, changed):
        for place, piece in enumerate(stretch.split(" ")):
            glued = glued and not place
            if piece:
                words.append(Word(piece, is_changed, glued))
                glued = True
    return words


def _stretches(text: str, changed: Sequence[Span]) -> Iterator[tuple[str, bool]]:
    at = 0
    for start, end in changed:
        yield text[at:start], False
        yield text[max(at, start) : end], True
        at = max(at, end)
    yield text[at:], False


def laid(words: Sequence[Word], cells: int, glyphs: Glyphs, wanted: str = "") -> list[list[Piece]]:
    """Words in lines; a changed one keeps its mark, whatever line it comes to stand in."""
    lines: list[list[Piece]] = [[]]
    used = 0
    found = _found(words, wanted)
    for place, word in enumerate(words):
        text = safe(word.text, glyphs, _WORD_CELLS)
        if word.changed:
            text = f"{glyphs.changed_open}{text}{glyphs.changed_close}"
        text = cut(text, cells, glyphs.ellipsis)
        gap = 0 if word.glued or not lines[-1] else 1
        length = cell_len(text)
        if used + gap + length > cells and lines[-1]:
            lines.append([])
            used, gap = 0, 0
        if gap:
            lines[-1].append((" ", ""))
        lines[-1].append((text, "selected" if place in found else "changed" if word.changed else ""))
        used += gap + length
    return lines


def first_changed(lines: Sequence[Sequence[Piece]]) -> int:
    """The first line that something changed in."""
    return next((place for place, line in enumerate(lines) if any(role == "changed" for _, role in line)), 0)


def window(lines: list[list[Piece]], rows: int, first: int, glyphs: Glyphs, cells: int) -> list[list[Piece]]:
    """So many lines, from the first changed one on where not all fit; an ellipsis tells of what is left out."""
    if rows <= 0 or len(lines) <= rows:
        return lines[: max(0, rows)]
    start = min(first, len(lines) - rows)
    found = [list(line) for line in lines[start : start + rows]]
    if start + rows < len(lines):
        last = found[-1]
        while last and sum(cell_len(text) for text, _ in last) + 2 > cells:
            last.pop()
        last.append((f" {glyphs.ellipsis}", "dim"))
    return found


def _found(words: Sequence[Word], wanted: str) -> set[int]:
    """The words that a phrase touches, whatever their case."""
    phrase = " ".join(wanted.casefold().split())
    if not phrase:
        return set()
    text, owners = "", list[int]()
    for place, word in enumerate(words):
        piece = word.text.casefold() if word.glued or not place else f" {word.text.casefold()}"
        text += piece
        owners += [place] * len(piece)
    found: set[int] = set()
    at = text.find(phrase)
    while at >= 0:
        found.update(owners[at : at + len(phrase)])
        at = text.find(phrase, at + len(phrase))
    return found
