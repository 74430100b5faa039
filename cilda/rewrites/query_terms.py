"""What a query is made of: each term says in plain Python which rewrites fit it, and prints as it is written."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.swapped import words_from, words_to

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip

KEYWORDS = ("and", "or", "not")

SWAPPED: dict[str, tuple[Callable[[Rewrite], frozenset[str]], str]] = {
    "from": (words_from, "a word that was replaced, or the piece of it that was"),
    "to": (words_to, "a word that came instead, or the piece of it that did"),
}
"""Names of no column: what can be asked of the tokens that are others now."""

_PLAIN = re.compile(r"[\w'.-]+")
_BREAKS_VALUE = re.compile(r'[\s"(),]')


@dataclass(frozen=True, slots=True)
class Both:
    """Every one of its terms; without any it fits whatever there is."""

    terms: tuple[Term, ...]

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether all terms do."""
        return all(term.fits(rewrite) for term in self.terms)

    def __str__(self) -> str:
        return " and ".join(_inside(term, (Both, Either)) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of its terms."""

    terms: tuple[Term, ...]

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether any term does."""
        return any(term.fits(rewrite) for term in self.terms)

    def __str__(self) -> str:
        return " or ".join(_inside(term, (Either,)) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever its term does not fit, missing values with it."""

    term: Term

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether the term does not."""
        return not self.term.fits(rewrite)

    def __str__(self) -> str:
        return f"not {_inside(self.term, (Both, Either))}"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that is up."""

    column: str

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether it is; where nobody said it, it is not."""
        value = _number(self.column, rewrite)
        return value is not None and value > 0

    def __str__(self) -> str:
        return self.column


@dataclass(frozen=True, slots=True)
class Compare:
    """A number or a class against a number, or against another column of its kind."""

    column: str
    sign: str
    limit: float | str

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether both sides are known, and the comparison holds."""
        value = _number(self.column, rewrite)
        limit = _number(self.limit, rewrite) if isinstance(self.limit, str) else self.limit
        return value is not None and limit is not None and COMPARISONS[self.sign](value, limit)

    def __str__(self) -> str:
        limit = self.limit if isinstance(self.limit, str) else written_number(self.limit)
        return f"{self.column}{self.sign}{limit}"


@dataclass(frozen=True, slots=True)
class ClassIn:
    """A class that is one of some, or known and none of them."""

    column: str
    names: tuple[str, ...]
    """As they were written: a number, or a name."""
    classes: tuple[float, ...]
    """Their places among the classes; of amounts the amounts."""
    other: bool = False

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether the class is known, and is one of them; with `other` none of them."""
        value = _number(self.column, rewrite)
        return value is not None and (value in self.classes) is not self.other

    def __str__(self) -> str:
        return f"{self.column}{'!=' if self.other else ':'}{_values(self.names)}"


@dataclass(frozen=True, slots=True)
class Text:
    """A text that contains one of some (`:`), is one of them (`=`), or is none of them (`!=`). Case counts nowhere."""

    column: str
    sign: Literal[":", "=", "!="]
    texts: tuple[str, ...]

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether the text does; an id contains its parts between colons, so that `17` is not in `train:170`."""
        said = str(COLUMNS[self.column].value(rewrite) or "").casefold()
        wanted = [text.casefold() for text in self.texts]
        if self.sign == ":":
            return any(f":{text}:" in f":{said}:" if self.column == "id" else text in said for text in wanted)
        return (said in wanted) is not (self.sign == "!=")

    def __str__(self) -> str:
        return f"{self.column}{self.sign}{_values(self.texts)}"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text that the original or the rewrite contains. Case counts nowhere."""

    phrase: str

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether one of the two does."""
        wanted = self.phrase.casefold()
        return wanted in rewrite.real.casefold() or wanted in rewrite.soft.casefold()

    def __str__(self) -> str:
        return self.phrase if _is_plain(self.phrase) else quoted(self.phrase)


@dataclass(frozen=True, slots=True)
class Swapped:
    """A changed token whose word was (`from`) or is (`to`) one of some. Case counts nowhere."""

    side: str
    words: tuple[str, ...]

    def fits(self, rewrite: Rewrite) -> bool:
        """Whether one of the words is among those that were replaced, or that came."""
        said = SWAPPED[self.side][0](rewrite)
        return any(word.casefold() in said for word in self.words)

    def __str__(self) -> str:
        return f"{self.side}:{_values(self.words)}"


Term = Both | Either | Not | Flag | Compare | ClassIn | Text | Phrase | Swapped

ALL = Both(())
"""What an empty query says."""


def simple_terms(term: Term) -> Iterator[Term]:
    """The terms that hold no others, from left to right."""
    match term:
        case Both() | Either():
            for inner in term.terms:
                yield from simple_terms(inner)
        case Not():
            yield from simple_terms(term.term)
        case _:
            yield term


def quoted(text: str) -> str:
    """A text in double quotes; quotes and backslashes in it get a backslash."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written_number(value: float) -> str:
    """A number as it is read again, and without a decimal point where it is whole."""
    return repr(value).removesuffix(".0")


def _number(column: str, rewrite: Rewrite) -> float | None:
    """What a column of numbers says; None where nobody said it, NaN included."""
    value = COLUMNS[column].value(rewrite)
    return None if value is None or isinstance(value, str) or math.isnan(value) else value


def _inside(term: Term, ambiguous: tuple[type, ...]) -> str:
    return f"({term})" if isinstance(term, ambiguous) else str(term)


def _values(texts: tuple[str, ...]) -> str:
    return ",".join(text if text and not _BREAKS_VALUE.search(text) else quoted(text) for text in texts)


def _is_plain(text: str) -> bool:
    """Whether a text alone is read as a phrase, and not as anything else."""
    return bool(_PLAIN.fullmatch(text)) and text.casefold() not in (*KEYWORDS, *COLUMNS, *SWAPPED)
