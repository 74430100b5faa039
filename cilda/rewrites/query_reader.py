"""The words, signs and quoted texts of a query, read from left to right."""

from __future__ import annotations

import re
from typing import NamedTuple

from cilda.errors import UsageError
from cilda.rewrites.query_mistakes import EXAMPLE, mistake
from cilda.rewrites.query_terms import KEYWORDS

WORD = re.compile(r'(?:[^\s"():=<>!]|!(?!=))+')
SIGN = re.compile(r"!=|>=|<=|==|[:=<>]")
VALUE = re.compile(r'[^\s"(),]+')

_BLANKS = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_QUOTE_INSIDE = r"in quotes, \" is a quote"


class Value(NamedTuple):
    """What stands behind a sign, and where."""

    text: str
    place: int


class Reader:
    """A text and the place in it up to which it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def values(self, before: str) -> list[Value]:
        """One value, or several with commas between them, and the blanks behind."""
        values: list[Value] = []
        while True:
            self.skip_blanks()
            place = self.place
            if not values and self.sees(","):
                raise self.mistake("no value stands before the comma", f"write {before}VALUE")
            if self.sees('"'):
                values.append(Value(self.quoted(), place))
            elif match := VALUE.match(self.text, place):
                values.append(Value(match[0], place))
                self.place = match.end()
                self.refuse_glued_quote()
            else:
                after = "the comma" if values else before
                raise self.mistake(f"nothing stands after {after}", f"write {before}VALUE; for example: {EXAMPLE}")
            if not self.sees(","):
                self.skip_blanks()
                return values
            self.place += 1

    def filled(self, values: list[Value]) -> tuple[str, ...]:
        """The texts of values, none of which may be empty."""
        for value in values:
            if not value.text:
                raise mistake(self.text, value.place, "nothing stands between the quotes", "write what to look for")
        return tuple(value.text for value in values)

    def quoted(self) -> str:
        """The text between quotes; no word may go on right behind it."""
        match = _QUOTED.match(self.text, self.place)
        if match is None:
            raise self.mistake("this quote is never closed", _QUOTE_INSIDE)
        self.place = match.end()
        if not self.ended() and not re.match(r"[\s(),:=<>!]", self.text[self.place]):
            raise self.mistake("the text goes on right behind the quote", f"put a blank between; {_QUOTE_INSIDE}")
        return _ESCAPED.sub(r"\1", match[1])

    def refuse_glued_quote(self) -> None:
        """Refuses a quote that stands right behind a word."""
        if self.sees('"'):
            raise self.mistake(
                "a quote stands in the middle of a word", f"put a blank before it, or all in quotes; {_QUOTE_INSIDE}"
            )

    def keyword(self) -> str:
        """The keyword that stands here, in any case; empty where there is none, or where a sign makes it a column."""
        match = WORD.match(self.text, self.place)
        if match is None or match[0].casefold() not in KEYWORDS:
            return ""
        after = _BLANKS.match(self.text, match.end())
        return "" if after and SIGN.match(self.text, after.end()) else match[0].casefold()

    def takes(self, keyword: str) -> bool:
        """Whether this keyword stands here; it and the blanks behind it are read then."""
        if self.keyword() != keyword:
            return False
        self.step(len(keyword))
        return True

    def mistake(self, what: str, todo: str = f"for example: {EXAMPLE}") -> UsageError:
        """The error for what stands here."""
        return mistake(self.text, self.place, what, todo)

    def sees(self, letter: str) -> bool:
        """Whether this letter stands here."""
        return self.text.startswith(letter, self.place)

    def ended(self) -> bool:
        """Whether all is read."""
        return self.place >= len(self.text)

    def step(self, count: int) -> None:
        """Goes on by so many letters, and by the blanks behind them."""
        self.place += count
        self.skip_blanks()

    def skip_blanks(self) -> None:
        """Goes on behind the blanks that stand here."""
        match = _BLANKS.match(self.text, self.place)
        assert match is not None
        self.place = match.end()
