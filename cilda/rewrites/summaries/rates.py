"""How often answers change and differ: overall, by class, over the run's steps, by length."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.tables import class_name
from cilda.runs.events import finite, number

Key = TypeVar("Key", int, float | str)

LENGTHS = (8, 16, 32, 64, 128)
"""Texts of at most so many tokens are counted together, and longer ones after them."""

_MOST_CLASSES = 200
_STEP_BINS = 16


@dataclass(frozen=True)
class Rates:
    """Of `count` rewrites whose answers are known: shares from 0 to 1, and the mean KL on them, in nats."""

    count: int
    teacher_flips: float | None
    """Of those whose teacher's answer before is known; None where nobody asked."""
    student_flips: float | None
    """Of those whose student's is."""
    disagree_before: float | None
    """Teacher and student on the text as it was, where both are known."""
    disagree: float
    """Teacher and student on the rewrite."""
    kl: float | None

    def as_json(self) -> dict[str, Any]:
        """By name."""
        found: dict[str, Any] = finite(dict(self.__dict__))
        return found


class Outcome(NamedTuple):
    """What is counted of one rewrite; None where nobody can say."""

    teacher_flips: bool | None
    student_flips: bool | None
    disagree_before: bool | None
    disagree: bool
    kl: float | None


def outcome_of(rewrite: Rewrite) -> Outcome | None:
    """What a rewrite counts as; None without two answers to it that have classes."""
    teacher, student = len(rewrite.teacher_soft), len(rewrite.student_soft)
    if teacher < 2 or student < 2:
        return None
    teacher_known, student_known = len(rewrite.teacher_real) == teacher, len(rewrite.student_real) == student
    kl = rewrite.kl_soft
    return Outcome(
        rewrite.teacher_flips if teacher_known else None,
        rewrite.student_flips if student_known else None,
        rewrite.disagree_real if teacher_known and student_known else None,
        rewrite.disagree,
        kl if kl is not None and math.isfinite(kl) else None,
    )


class Rating:
    """Takes outcomes, one by one."""

    def __init__(self) -> None:
        self._count = self._after = 0
        self._teacher = self._asked_teacher = 0
        self._student = self._asked_student = 0
        self._before = self._asked_before = 0
        self._kl = 0.0
        self._kl_count = 0

    def add(self, outcome: Outcome) -> None:
        """Counts an outcome."""
        teacher, student, before, after, kl = outcome
        self._count += 1
        self._after += after
        if teacher is not None:
            self._teacher += teacher
            self._asked_teacher += 1
        if student is not None:
            self._student += student
            self._asked_student += 1
        if before is not None:
            self._before += before
            self._asked_before += 1
        if kl is not None:
            self._kl += kl
            self._kl_count += 1

    def merge(self, other: Rating) -> None:
        """Takes all that another has taken."""
        for name, value in other.__dict__.items():
            setattr(self, name, getattr(self, name) + value)

    def rates(self) -> Rates | None:
        """What was taken; None where nothing was."""
        if not self._count:
            return None
        return Rates(
            count=self._count,
            teacher_flips=self._teacher / self._asked_teacher if self._asked_teacher else None,
            student_flips=self._student / self._asked_student if self._asked_student else None,
            disagree_before=self._before / self._asked_before if self._asked_before else None,
            disagree=self._after / self._count,
            kl=self._kl / self._kl_count if self._kl_count else None,
        )


@dataclass(frozen=True)
class ClassRates:
    """Of the texts of one gold label."""

    label: str
    rates: Rates


@dataclass(frozen=True)
class StepRates:
    """Of the rewrites from step `first` to step `last`; in runs of older versions these are the student's turns."""

    first: int
    last: int
    rates: Rates


@dataclass(frozen=True)
class LengthRates:
    """Of texts of `shortest` to `longest` tokens; None where there is no limit."""

    shortest: int
    longest: int | None
    rates: Rates


class AllRates:
    """Takes rewrites and keeps their rates by every measure."""

    def __init__(self) -> None:
        self.overall = Rating()
        self._classes: dict[float | str, Rating] = {}
        self._lengths = [Rating() for _ in range(len(LENGTHS) + 1)]
        self._steps: dict[int, Rating] = {}
        self._width = 1

    def add(self, rewrite: Rewrite) -> None:
        """Counts a rewrite; one without two classes to tell apart is passed over."""
        outcome = outcome_of(rewrite)
        if outcome is None:
            return
        self.overall.add(outcome)
        label = rewrite.label if isinstance(rewrite.label, str) else number(rewrite.label)
        of_class = isinstance(label, str) or (label is not None and math.isfinite(label) and not rewrite.regression)
        if label is not None and of_class and (label in self._classes or len(self._classes) < _MOST_CLASSES):
            _of(self._classes, label).add(outcome)
        # Without its tokens nobody knows how long a text is.
        if rewrite.real_tokens:
            self._lengths[bisect_left(LENGTHS, len(rewrite.real_tokens))].add(outcome)
        step = (rewrite.turn if rewrite.step is None else rewrite.step) // self._width
        _of(self._steps, step).add(outcome)
        while len(self._steps) > _STEP_BINS:
            self._widen()

    def _widen(self) -> None:
        """Makes bins of steps twice as wide."""
        self._width *= 2
        wider: dict[int, Rating] = {}
        for step, rating in self._steps.items():
            _of(wider, step // 2).merge(rating)
        self._steps = wider

    def by_class(self, labels: Sequence[str]) -> tuple[ClassRates, ...]:
        """By gold label, in the order of the classes."""
        known = sorted(self._classes.items(), key=_by_class)
        found = []
        for label, rating in known:
            name = label if isinstance(label, str) else class_name(label, labels)
            rates = rating.rates()
            if rates is not None:
                found.append(ClassRates(name if isinstance(name, str) else f"{name:g}", rates))
        return tuple(found)

    def over_steps(self) -> tuple[StepRates, ...]:
        """Over the run, in at most sixteen bins of the same width."""
        return tuple(
            StepRates(step * self._width, (step + 1) * self._width - 1, rates)
            for step, rating in sorted(self._steps.items())
            if (rates := rating.rates()) is not None
        )

    def by_length(self) -> tuple[LengthRates, ...]:
        """By the length of the text in tokens."""
        begins, ends = (1, *(limit + 1 for limit in LENGTHS)), (*LENGTHS, None)
        return tuple(
            LengthRates(begin, end, rates)
            for begin, end, rating in zip(begins, ends, self._lengths, strict=True)
            if (rates := rating.rates()) is not None
        )


def _of(ratings: dict[Key, Rating], key: Key) -> Rating:
    """The rating under a key, a new one where there is none."""
    if key not in ratings:
        ratings[key] = Rating()
    return ratings[key]


def _by_class(item: tuple[float | str, Rating]) -> tuple[bool, float, str]:
    """Numbers in their order, then names in theirs."""
    label = item[0]
    return (True, 0.0, label) if isinstance(label, str) else (False, label, "")
