"""How often answers change and differ: overall, by class, over the run's steps, by length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.tables import class_name
from cilda.runs.events import finite, number

LENGTHS = (8, 16, 32, 64, 128)
"""Texts of at most so many tokens are counted together, and longer ones after them."""

_MOST_CLASSES = 200
_STEP_BINS = 16


@dataclass(frozen=True)
class Rates:
    """Of `count` rewrites whose answers are known: shares from 0 to 1, and the mean KL on them, in nats."""

    count: int
    teacher_flips: float | None
    """Of those whose answers before are known, as in the next two; None where nobody asked."""
    student_flips: float | None
    disagree_before: float | None
    """Teacher and student on the text as it was."""
    disagree: float
    """Teacher and student on the rewrite."""
    kl: float | None

    def as_json(self) -> dict[str, Any]:
        """By name."""
        found: dict[str, Any] = finite(dict(self.__dict__))
        return found


class Rating:
    """Takes rewrites, one by one; those without two classes to tell apart are passed over."""

    def __init__(self) -> None:
        self._count = self._teacher = self._student = self._before = self._asked_before = self._after = 0
        self._kl = 0.0
        self._kl_count = 0

    def add(self, rewrite: Rewrite) -> None:
        """Counts a rewrite."""
        if len(rewrite.student_soft) < 2 or len(rewrite.teacher_soft) < 2:
            return
        self._count += 1
        self._teacher += rewrite.teacher_flips
        self._student += rewrite.student_flips
        if rewrite.teacher_real and rewrite.student_real:
            self._asked_before += 1
            self._before += rewrite.disagree_real
        self._after += rewrite.disagree
        if rewrite.kl_soft is not None and math.isfinite(rewrite.kl_soft):
            self._kl += rewrite.kl_soft
            self._kl_count += 1

    def merge(self, other: Rating) -> None:
        """Takes all that another has taken."""
        for name, value in other.__dict__.items():
            setattr(self, name, getattr(self, name) + value)

    def rates(self) -> Rates | None:
        """What was taken; None where nothing was."""
        if not self._count:
            return None
        asked = self._asked_before
        return Rates(
            count=self._count,
            teacher_flips=self._teacher / asked if asked else None,
            student_flips=self._student / asked if asked else None,
            disagree_before=self._before / asked if asked else None,
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
        """Counts a rewrite."""
        self.overall.add(rewrite)
        label = rewrite.label if isinstance(rewrite.label, str) else number(rewrite.label)
        of_class = isinstance(label, str) or (label is not None and math.isfinite(label) and not rewrite.regression)
        if label is not None and of_class and (label in self._classes or len(self._classes) < _MOST_CLASSES):
            self._classes.setdefault(label, Rating()).add(rewrite)
        self._lengths[sum(len(rewrite.real_tokens) > limit for limit in LENGTHS)].add(rewrite)
        step = (rewrite.turn if rewrite.step is None else rewrite.step) // self._width
        self._steps.setdefault(step, Rating()).add(rewrite)
        while len(self._steps) > _STEP_BINS:
            self._widen()

    def _widen(self) -> None:
        """Makes bins of steps twice as wide."""
        self._width *= 2
        wider: dict[int, Rating] = {}
        for step, rating in self._steps.items():
            wider.setdefault(step // 2, Rating()).merge(rating)
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


def _by_class(item: tuple[float | str, Rating]) -> tuple[bool, float, str]:
    """Numbers in their order, then names in theirs."""
    label = item[0]
    return (True, 0.0, label) if isinstance(label, str) else (False, label, "")
