"""Which tokens a generator replaces, by which others, and from which parts of the vocabulary into which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.summaries.counts import Counts
from cilda.rewrites.token_kinds import KINDS, TokenKind, kind_of, named
from cilda.rewrites.tokens import blank_of, is_special

_SHOWN = 20
_PARTNERS = 5


@dataclass(frozen=True)
class Word:
    """A token that was replaced, or that came, how often, and its most frequent partners on the other side."""

    token: str
    count: int
    partners: tuple[tuple[str, int], ...]

    def as_json(self, partners: str) -> dict[str, Any]:
        """By name."""
        return {"token": self.token, "count": self.count, partners: [list(pair) for pair in self.partners]}


@dataclass(frozen=True)
class Words:
    """Of all drawn places: how many have another token now, and which."""

    drawn: int
    changed: int
    replaced: tuple[Word, ...]
    """The most replaced, with what came instead."""
    inserted: tuple[Word, ...]
    """The most inserted, with what stood there."""
    kinds: dict[TokenKind, dict[TokenKind, int]]
    """Changed places by the part of the vocabulary before and after."""
    error: int
    """By so much counts of tokens may be too low; 0 where they are exact."""
    doubled: int
    """Rewrites in which a word follows itself that did not before."""
    doubled_words: tuple[tuple[str, int], ...]

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return {
            "drawn": self.drawn,
            "changed": self.changed,
            "replaced": [{**word.as_json("by"), "share": word.count / self.changed} for word in self.replaced],
            "inserted": [{**word.as_json("instead_of"), "share": word.count / self.changed} for word in self.inserted],
            "kinds": self.kinds,
            "counts_too_low_by_at_most": self.error,
            "doubled": self.doubled,
            "doubled_words": [list(pair) for pair in self.doubled_words],
        }


class WordCounting:
    """Takes rewrites, one by one."""

    def __init__(self) -> None:
        self._drawn = 0
        self._changed = 0
        self._replaced: Counts[str] = Counts()
        self._inserted: Counts[str] = Counts()
        self._pairs: Counts[tuple[str, str]] = Counts(200_000)
        self._kinds: defaultdict[tuple[TokenKind, TokenKind], int] = defaultdict(int)
        self._doubled = 0
        self._doubled_words: Counts[str] = Counts()

    def add(self, rewrite: Rewrite) -> None:
        """Counts a rewrite's tokens."""
        real, soft = rewrite.real_tokens, rewrite.soft_tokens
        changed = [place for place in rewrite.changed if place < min(len(real), len(soft))]
        # A position may be missing among the drawn ones of a damaged record.
        self._drawn += len({*rewrite.drawn, *changed})
        self._changed += len(changed)
        blank = _blank(real, soft)
        if blank is not None:
            real, soft = _firsts_marked(real, blank), _firsts_marked(soft, blank)
        for place in changed:
            old, new = named(real[place], blank), named(soft[place], blank)
            self._replaced.add(old)
            self._inserted.add(new)
            self._pairs.add((old, new))
            self._kinds[kind_of(real[place], blank), kind_of(soft[place], blank)] += 1
        self._add_doubled(real, soft, changed, blank)

    def words(self) -> Words:
        """What was taken."""
        by: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        instead_of: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for (old, new), count in self._pairs.top(200_000):
            by[old].append((new, count))
            instead_of[new].append((old, count))
        return Words(
            drawn=self._drawn,
            changed=self._changed,
            replaced=_top(self._replaced, by),
            inserted=_top(self._inserted, instead_of),
            kinds={old: row for old in KINDS if (row := self._row(old))},
            error=max(self._replaced.error, self._inserted.error, self._pairs.error),
            doubled=self._doubled,
            doubled_words=tuple(self._doubled_words.top(_SHOWN)),
        )

    def _row(self, old: TokenKind) -> dict[TokenKind, int]:
        return {new: count for new in KINDS if (count := self._kinds.get((old, new), 0))}

    def _add_doubled(self, real: Sequence[str], soft: Sequence[str], changed: list[int], blank: str | None) -> None:
        """A word that follows itself, at a place that was changed, or next to one."""
        touched = {place + step for place in changed for step in (0, 1)}
        found = {
            word
            for place in touched
            if 0 < place < len(soft)
            and (word := named(soft[place], blank)) == named(soft[place - 1], blank)
            and word[-1].isalnum()
            and not (place < len(real) and named(real[place], blank) == named(real[place - 1], blank))
        }
        self._doubled += bool(found)
        for word in found:
            self._doubled_words.add(word)


def _blank(real: Sequence[str], soft: Sequence[str]) -> str | None:
    """The mark of a blank, as in `blank_of`; most tokenizers have none, which one look at all letters tells."""
    letters = "".join(real) + "".join(soft)
    return (blank_of(real) or blank_of(soft)) if "Ġ" in letters or "▁" in letters else None


def _firsts_marked(tokens: tuple[str, ...], blank: str) -> tuple[str, ...]:
    """The tokens, the first of each text with the mark of a blank: it begins a word, though no blank stands there."""
    framed = (True, *map(is_special, tokens))
    return tuple(
        blank + token if after_frame and not is_special(token) and not token.startswith(blank) else token
        for token, after_frame in zip(tokens, framed, strict=False)
    )


def _top(counts: Counts[str], partners: dict[str, list[tuple[str, int]]]) -> tuple[Word, ...]:
    return tuple(Word(token, count, tuple(partners.get(token, [])[:_PARTNERS])) for token, count in counts.top(_SHOWN))
