"""From the text of a query to its terms. The grammar stands in docs/inspect.md."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from cilda.errors import UsageError, unknown
from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.query_mistakes import EXAMPLE, mistake
from cilda.rewrites.query_reader import SIGN, VALUE, WORD, Reader, Value
from cilda.rewrites.query_terms import (
    ALL,
    SWAPPED,
    Both,
    ClassIn,
    Compare,
    Either,
    Flag,
    Not,
    Phrase,
    Swapped,
    Term,
    Text,
)

LONGEST_QUERY = 10_000
DEEPEST = 40

_NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf)", re.ASCII)
_ANSWERS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_IN_QUOTES = "a text that looks like one stands in quotes"


def parsed(text: str, labels: Sequence[str]) -> Term:
    """The terms of a query; `labels` are the names of the classes in their order, none where nobody knows them.

    Raises:
        UsageError: the text is no query; with the place.
    """
    if len(text) > LONGEST_QUERY:
        raise UsageError(
            f"the filter is {len(text):,} characters long", f"use at most {LONGEST_QUERY:,}; for example: {EXAMPLE}"
        )
    return _Parser(text, labels).query()


class _Parser(Reader):
    """Reads one text from left to right."""

    def __init__(self, text: str, labels: Sequence[str]) -> None:
        super().__init__(text)
        self._labels = labels
        self._depth = 0

    def query(self) -> Term:
        self.skip_blanks()
        if self.ended():
            return ALL
        term = self._either()
        if not self.ended():
            raise self.mistake("this parenthesis was never opened", "take it away, or open one before")
        return term

    def _either(self) -> Term:
        terms = [self._both()]
        while self.takes("or"):
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else Either(tuple(terms))

    def _both(self) -> Term:
        terms = [self._term()]
        while not (self.ended() or self.sees(")") or self.keyword() == "or"):
            self.takes("and")
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else Both(tuple(terms))

    def _term(self) -> Term:
        """One term, and the blanks behind it."""
        if self.ended():
            raise self.mistake("the filter ends where a term should stand")
        keyword = self.keyword()
        if keyword in ("and", "or"):
            raise self.mistake(f"nothing stands before this {keyword}", "a text that is such a word stands in quotes")
        if keyword == "not":
            return Not(self._deeper())
        if self.sees("("):
            return self._parenthesis()
        if self.sees(")"):
            raise self.mistake("a term is missing before this parenthesis")
        if self.sees('"'):
            return self._phrase()
        return self._word()

    def _deeper(self) -> Term:
        """The term behind a `not`."""
        self._enter()
        self.takes("not")
        term = self._term()
        self._depth -= 1
        return term

    def _parenthesis(self) -> Term:
        opened = self.place
        self._enter()
        self.step(1)
        term = self._either()
        if self.ended():
            raise mistake(self.text, opened, "this parenthesis is never closed", "close it, or take it away")
        self.step(1)
        self._depth -= 1
        return term

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.mistake(f"more than {DEEPEST} parentheses or nots inside each other", "ask in a simpler way")

    def _phrase(self) -> Term:
        start = self.place
        phrase = self.quoted()
        self.skip_blanks()
        if SIGN.match(self.text, self.place):
            raise self.mistake("a text stands before the sign, where a column should", f"for example: {EXAMPLE}")
        if not phrase:
            raise mistake(self.text, start, "nothing stands between the quotes", "write the text to look for")
        return Phrase(phrase)

    def _word(self) -> Term:
        start = self.place
        match = WORD.match(self.text, start)
        if match is None:
            raise self.mistake("no column stands before the sign", f"for example: {EXAMPLE}; {_IN_QUOTES}")
        word = match[0]
        self.place = match.end()
        self.refuse_glued_quote()
        self.skip_blanks()
        sign = SIGN.match(self.text, self.place)
        if sign is None:
            return self._bare(word, start)
        name = word.casefold()
        if name not in COLUMNS and name not in SWAPPED:
            raise self._unknown_column(word, start)
        self.step(len(sign[0]))
        said = "=" if sign[0] == "==" else sign[0]
        values = self.values(f"{word}{sign[0]}")
        if name in SWAPPED:
            return self._swapped(name, said, values, start)
        kind = COLUMNS[name].kind
        if kind == "flag":
            return self._about_flag(name, said, values, start)
        if kind == "text":
            return self._about_text(name, said, values, start)
        if kind == "class" and said in (":", "=", "!="):
            return self._about_class(name, said, values)
        return self._about_number(name, said, values, start)

    def _bare(self, word: str, start: int) -> Term:
        """A word without a sign: a flag, or a text to look for."""
        name = word.casefold()
        if name in SWAPPED:
            raise mistake(self.text, start, f"{name} stands alone", f'write {name}:WORD; in quotes, "{name}" is a text')
        if name not in COLUMNS:
            return Phrase(word)
        kind = COLUMNS[name].kind
        if kind == "flag":
            return Flag(name)
        example = {"number": f"compare it, such as {name}>1", "class": f"compare it, such as {name}:{self._label()}"}
        todo = example.get(kind, f"write {name}:TEXT")
        raise mistake(self.text, start, f"{name} stands alone", f'{todo}; in quotes, "{name}" is a text')

    def _swapped(self, name: str, sign: str, values: list[Value], start: int) -> Term:
        if sign not in (":", "="):
            raise mistake(self.text, start, f"{name} asks for words, and not with {sign}", f"write {name}:WORD")
        return Swapped(name, self.filled(values))

    def _about_flag(self, name: str, sign: str, values: list[Value], start: int) -> Term:
        answer = _ANSWERS.get(values[0].text.casefold())
        if sign not in (":", "=", "!=") or len(values) > 1 or answer is None:
            raise mistake(self.text, start, f"{name} is a flag: yes or no", f"write {name}, or not {name}")
        return Flag(name) if answer is (sign != "!=") else Not(Flag(name))

    def _about_text(self, name: str, sign: str, values: list[Value], start: int) -> Term:
        if sign == ":":
            return Text(name, ":", self.filled(values))
        texts = tuple(value.text for value in values)
        if sign == "=":
            return Text(name, "=", texts)
        if sign == "!=":
            return Text(name, "!=", texts)
        raise mistake(self.text, start, f"{name} is a text, and is not compared with {sign}", f"write {name}:TEXT")

    def _about_class(self, name: str, sign: str, values: list[Value]) -> Term:
        if len(values) == 1:
            other = values[0].text.casefold()
            if self._class(values[0].text) is None and other in COLUMNS and COLUMNS[other].kind == "class":
                return Compare(name, "!=" if sign == "!=" else "=", other)
        classes: list[float] = []
        for value in values:
            found = self._class(value.text)
            if found is None:
                raise self._unknown_class(name, value)
            classes.append(found)
        return ClassIn(name, tuple(value.text for value in values), tuple(classes), sign == "!=")

    def _about_number(self, name: str, sign: str, values: list[Value], start: int) -> Term:
        if sign == ":":
            raise mistake(
                self.text,
                start,
                f"{name} is a number, and is not asked for with a colon",
                f"compare it, such as {name}>1",
            )
        if len(values) > 1:
            raise mistake(self.text, values[1].place, f"{name} is compared with one number", f"such as {name}>1")
        text, place = values[0]
        found = self._number(text, place)
        if found is not None:
            return Compare(name, sign, found)
        kind = COLUMNS[name].kind
        others = [other for other in COLUMNS.values() if other.kind == kind]
        if any(other.name == text.casefold() for other in others):
            return Compare(name, sign, text.casefold())
        error = unknown(kind, text, [other.name for other in others])
        what = f"{text!r} is neither a number nor a column that {name} is compared with"
        raise mistake(self.text, place, what, f"such as {name}>1; {error.todo}")

    def _class(self, text: str) -> float | None:
        """The place of a class among the labels, by its name as it is, in any case, or by its number."""
        if text in self._labels:
            return float(self._labels.index(text))
        folded = [label.casefold() for label in self._labels]
        if text.casefold() in folded:
            return float(folded.index(text.casefold()))
        return self._number(text, None)

    def _number(self, text: str, place: int | None) -> float | None:
        if not _NUMBER.fullmatch(text):
            return None
        value = float(text)
        if math.isinf(value) and "inf" not in text:
            if place is None:
                return None
            raise mistake(self.text, place, "the number is too large", "the largest is 1.7e308; inf is beyond it")
        return value

    def _unknown_column(self, word: str, start: int) -> UsageError:
        if _NUMBER.fullmatch(word):
            return mistake(self.text, start, "a number stands before the sign", "the column comes first, such as kl>1")
        error = unknown("column", word, (*COLUMNS, *SWAPPED))
        return mistake(self.text, start, error.what, f"{error.todo}; {_IN_QUOTES}")

    def _unknown_class(self, name: str, value: Value) -> UsageError:
        if not self._labels:
            what = f"{value.text!r} is no number, and the names of the classes are not known"
            return mistake(self.text, value.place, what, f"name them by number, such as {name}:0")
        error = unknown("class", value.text, self._labels)
        return mistake(self.text, value.place, error.what, f"{error.todo}; or by number, such as {name}:0")

    def _label(self) -> str:
        return next((label for label in self._labels if VALUE.fullmatch(label)), "1")
