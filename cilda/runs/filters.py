"""Words that choose among runs, such as `status:running task:sst2 best>0.9 age<2d`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import get_args

from cilda.errors import UsageError, unknown
from cilda.runs.status import Word
from cilda.runs.summary import Summary

Filter = Callable[[Summary], bool]

EXAMPLE = "for example: status:running task:sst2 'best>0.9' 'age<2d'"

_WORD = re.compile(r"([A-Za-z_]+)(!=|>=|<=|==|[:=<>])(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}

_TEXTS: dict[str, Callable[[Summary], str]] = {
    "id": lambda summary: summary.id,
    "status": lambda summary: summary.status.word,
    "stage": lambda summary: summary.stage,
    "job": lambda summary: summary.job,
    "task": lambda summary: summary.task,
    "method": lambda summary: summary.method,
    "teacher": lambda summary: summary.teacher,
    "student": lambda summary: summary.student,
    "host": lambda summary: summary.host,
}
_NUMBERS: dict[str, tuple[Callable[[Summary, float], float | None], str]] = {
    "best": (lambda summary, _: summary.best, "best>0.9"),
    "turn": (lambda summary, _: summary.turn, "turn>=100"),
    "progress": (lambda summary, _: summary.progress, "progress<0.5"),
    "age": (lambda summary, now: max(0.0, now - summary.created), "age<2d"),
}
_STATUSES = (*get_args(Word), "live", "ended")


def parse(words: Sequence[str], now: float) -> Filter:
    """What several words choose together: runs that every one of them fits.

    `key:value` asks for a text, `a,b` for either; `!=` for any other. `best`, `turn`, `progress` (0 to 1, or in %) and
    `age` (s, m, h, d, w) are compared as numbers, which a run without one never fits. `status:live` is everything that
    has not ended. A word without a key is a part of the run's id. Letter case counts nowhere.

    Raises:
        UsageError: an unknown key, or what cannot be compared; it names the word.
    """
    filters = [_filter(word, place, now) for place, word in enumerate(words, 1)]
    return lambda summary: all(fits(summary) for fits in filters)


def _filter(word: str, place: int, now: float) -> Filter:
    match = _WORD.fullmatch(word)
    if match is None:
        if re.search(r"[:<>!]", word):
            raise _mistake(word, place, "has no key before its sign", EXAMPLE)
        part = word.casefold()
        return lambda summary: part in summary.id.casefold()
    key, sign, value = match[1].lower(), match[2], match[3].strip()
    if key in _TEXTS:
        return _text_filter(word, place, key, sign, value)
    if key in _NUMBERS:
        return _number_filter(word, place, key, sign, value, now)
    error = unknown("filter", key, (*_TEXTS, *_NUMBERS))
    raise UsageError(f"word {place}, {word!r}: {error.what}", f"{error.todo}; {EXAMPLE}")


def _text_filter(word: str, place: int, key: str, sign: str, value: str) -> Filter:
    if sign not in (":", "=", "==", "!="):
        raise _mistake(word, place, f"compares a text with {sign}", f"write {key}:{value or 'VALUE'}")
    wanted = frozenset(part.strip().casefold() for part in value.split(","))
    if "" in wanted:
        raise _mistake(word, place, "has nothing after its sign", f"write {key}:VALUE; {EXAMPLE}")
    if key == "status":
        wanted = frozenset("lost" if part == "lost contact" else part for part in wanted)
        for status in sorted(wanted.difference(_STATUSES)):
            error = unknown("status", status, _STATUSES)
            raise UsageError(f"word {place}, {word!r}: {error.what}", error.todo)
    read, negated = _TEXTS[key], sign == "!="

    def fits(summary: Summary) -> bool:
        found = read(summary).casefold()
        # Models are named by paths and hub ids as well: the last part is enough.
        names = {found, PurePath(found).name}
        if key == "status":
            names.add("ended" if summary.status.ended else "live")
        said = any(part in found for part in wanted) if key == "id" else not wanted.isdisjoint(names)
        return said is not negated

    return fits


def _number_filter(word: str, place: int, key: str, sign: str, value: str, now: float) -> Filter:
    read, example = _NUMBERS[key]
    if sign == ":":
        raise _mistake(word, place, f"asks for {key} with a colon", f"compare it: '{example}'")
    limit = _seconds(value) if key == "age" else _amount(value, percent=key == "progress")
    if limit is None:
        kind = "an age" if key == "age" else "a number"
        raise _mistake(word, place, f"{value!r} is not {kind}", f"for example '{example}'")
    compare = _COMPARISONS[sign]

    def fits(summary: Summary) -> bool:
        found = read(summary, now)
        return found is not None and compare(found, limit)

    return fits


def _amount(value: str, *, percent: bool) -> float | None:
    bare = value.removesuffix("%") if percent else value
    if not _NUMBER.fullmatch(bare):
        return None
    return float(bare) / (100 if bare != value else 1)


def _seconds(value: str) -> float | None:
    match = re.fullmatch(r"(.*?)\s*([a-z]+)", value)
    if match is None or match[2] not in _UNITS or not _NUMBER.fullmatch(match[1]):
        return None
    return float(match[1]) * _UNITS[match[2]]


def _mistake(word: str, place: int, what: str, todo: str) -> UsageError:
    return UsageError(f"word {place}, {word!r}: {what}", todo)
