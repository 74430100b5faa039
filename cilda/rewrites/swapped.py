"""Which words were replaced in a rewrite, and which came instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.tokens import words_of


def words_from(rewrite: Rewrite) -> frozenset[str]:
    """Words of the original, casefolded, whose token is another one now; of a longer word also the piece alone."""
    return _changed(rewrite.real_tokens, rewrite.changed)


def words_to(rewrite: Rewrite) -> frozenset[str]:
    """Words of the rewrite, casefolded, whose token was another one; of a longer word also the piece alone."""
    return _changed(rewrite.soft_tokens, rewrite.changed)


def _changed(tokens: Sequence[str], changed: Iterable[int]) -> frozenset[str]:
    found: set[str] = set()
    whole, touched = "", False
    for word in words_of(tokens, frozenset(changed)):
        if not word.glued:
            if touched:
                found.add(whole)
            whole, touched = "", False
        whole += word.text.casefold()
        touched = touched or word.changed
        if word.changed:
            found.add(word.text.casefold())
    return frozenset({*found, whole} if touched else found)
