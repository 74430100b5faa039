"""A rewritten text with what is another token now in marks of its own, cut where it is very long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cilda.rewrites.rewrite import Rewrite, Side, Span
from cilda.rewrites.tokens import Word, words_of
from cilda_tui.report.letters import visible
from cilda_tui.report.markup import Element, Nodes, element

_LONGEST_WORD = 60
_MARK_COST = 8
"""What a mark costs of a text's room, beside its letters."""

_MARKS = {"real": ("del", "was"), "soft": ("ins", "is")}


def marked(rewrite: Rewrite, side: Side, longest: int) -> Element:
    """One of both texts, about so many letters of it: as written where its spans are known, else by its tokens."""
    text, tokens, places = rewrite.side(side)
    if places is not None:
        return element("bdi", list(_by_spans(text, _joined(places), side, longest)))
    words = words_of(tokens, set(rewrite.changed)) if tokens else []
    return element("bdi", list(_by_words(words, text, side, longest)) if words else visible(text, longest))


def _joined(places: Sequence[Span]) -> list[Span]:
    """In order, and as one where they touch: pieces of one word."""
    found: list[Span] = []
    for start, end in places:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def _by_spans(text: str, places: Sequence[Span], side: Side, longest: int) -> Iterator[Nodes]:
    at, room = 0, longest
    for start, end in places:
        if end > room:
            break
        yield text[at:start]
        yield _mark(text[start:end], side)
        at = end
        room -= _MARK_COST
    rest = text[at : max(at, room)]
    yield rest
    if at + len(rest) < len(text):
        yield _more(text)


def _by_words(words: Sequence[Word], text: str, side: Side, longest: int) -> Iterator[Nodes]:
    used = 0
    for place, word in enumerate(words):
        used += min(_LONGEST_WORD, len(word.text)) + (_MARK_COST if word.changed else 1)
        if used > longest:
            yield _more(text)
            return
        if place and not word.glued:
            yield " "
        shown = visible(word.text, _LONGEST_WORD)
        yield _mark(shown, side) if word.changed else shown


def _mark(text: str, side: Side) -> Element:
    tag, class_ = _MARKS[side]
    return element(tag, text, class_=class_)


def _more(text: str) -> Element:
    return element("small", f" … ({len(text):,} letters in all)")
