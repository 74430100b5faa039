"""Two runs side by side: whose generator drove teacher and student further apart, on the same texts and on all."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.summaries.rates import Rates, Rating, outcome_of
from cilda.rewrites.summaries.spread import Spread, Spreading

_EXAMPLES = 5


@dataclass(frozen=True)
class Side:
    """One of the two runs on its own."""

    rewrites: int
    texts: int
    """Different originals."""
    rates: Rates | None
    kl: Spread | None
    """On its rewrites, in nats; in regression the distance."""
    unchanged_share: float | None
    """Of the drawn places those to which the old token came back."""
    entropy: float | None
    """Of the generator at drawn places, in nats, on average."""
    surprise: float | None

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return {
            **self.__dict__,
            "rates": None if self.rates is None else self.rates.as_json(),
            "kl": None if self.kl is None else self.kl.as_json(),
        }


@dataclass(frozen=True)
class Example:
    """A text that both rewrote, with the rewrite of each that parted its teacher and student most."""

    real: str
    one: Rewrite
    other: Rewrite

    def as_json(self) -> dict[str, Any]:
        """By name."""
        sides = {"one": self.one, "other": self.other}
        return {"real": self.real, **{name: {"soft": one.soft, "kl": one.kl_soft} for name, one in sides.items()}}


@dataclass(frozen=True)
class Shared:
    """The texts that both runs rewrote; of each text the means over its rewrites."""

    texts: int
    kl_one: float
    kl_other: float
    difference: float
    """Mean of one's KL minus other's, in nats."""
    standard_error: float | None
    one_higher: int
    """Texts on which one's is higher; on `other_higher` the other's, on the rest both are the same."""
    other_higher: int
    p: float
    """Of the two-sided sign test: how likely so uneven a count is, were each as likely to be higher."""
    disagree_one: float | None
    disagree_other: float | None
    """How often teacher and student put a rewrite into different classes: of each text its share, and of all texts the
    mean, so that more rewrites of a text do not make it higher."""
    examples: tuple[Example, ...]
    """Those on which the two differ most."""

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return {**self.__dict__, "examples": [example.as_json() for example in self.examples]}


@dataclass(frozen=True)
class Comparison:
    """Both runs, and what they share."""

    one: Side
    other: Side
    shared: Shared | None
    """None where they have no text in common, or nobody said how far apart teacher and student are."""

    def as_json(self) -> dict[str, Any]:
        """By name."""
        shared = None if self.shared is None else self.shared.as_json()
        return {"one": self.one.as_json(), "other": self.other.as_json(), "shared": shared}


def compare(one: Iterable[Rewrite], other: Iterable[Rewrite]) -> Comparison:
    """Compares two runs' rewrites, in one pass over each; memory grows with the number of different texts.

    As in a summary, rewrites that were recorded because teacher and student disagree are left out: they would make
    every generator look strong. Where one run has no others, both are compared by those alone.
    """
    first, second = _Run(one), _Run(other)
    if first.only_chosen or second.only_chosen:
        first.take_chosen()
        second.take_chosen()
    return Comparison(first.side(), second.side(), _shared(first, second))


class _Text:
    """What one run made of one text."""

    __slots__ = ("best", "classes", "count", "disagreed", "kl")

    def __init__(self) -> None:
        self.count = 0
        self.kl = 0.0
        self.classes = self.disagreed = 0
        self.best: Rewrite | None = None

    def add(self, rewrite: Rewrite, kl: float) -> None:
        self.count += 1
        self.kl += kl
        if len(rewrite.teacher_soft) > 1 and len(rewrite.student_soft) > 1:
            self.classes += 1
            self.disagreed += rewrite.disagree
        if self.best is None or kl > (self.best.kl_soft or 0.0):
            self.best = rewrite

    @property
    def mean(self) -> float:
        return self.kl / self.count


class _Run:
    def __init__(self, rewrites: Iterable[Rewrite]) -> None:
        self._part, self._chosen = _Part(), _Part()
        for rewrite in rewrites:
            (self._chosen if rewrite.why == "disagreement" else self._part).add(rewrite)

    @property
    def only_chosen(self) -> bool:
        return self._chosen.count > 0 and not self._part.count

    @property
    def texts(self) -> dict[str, _Text]:
        return self._part.texts

    def take_chosen(self) -> None:
        """Goes by the rewrites that were recorded for their disagreement."""
        self._part = self._chosen

    def side(self) -> Side:
        part = self._part
        return Side(
            rewrites=part.count,
            texts=len(part.originals),
            rates=part.rating.rates(),
            kl=part.kl.spread(),
            unchanged_share=max(0.0, 1 - part.changed / part.drawn) if part.drawn else None,
            entropy=part.entropy[0] / part.entropy[1] if part.entropy[1] else None,
            surprise=part.surprise[0] / part.surprise[1] if part.surprise[1] else None,
        )


class _Part:
    def __init__(self) -> None:
        self.count = self.drawn = self.changed = 0
        self.rating = Rating()
        self.kl = Spreading()
        self.entropy = [0.0, 0]
        self.surprise = [0.0, 0]
        self.originals: set[int] = set()
        self.texts: dict[str, _Text] = {}

    def add(self, rewrite: Rewrite) -> None:
        self.count += 1
        self.drawn += len(rewrite.drawn)
        self.changed += len(rewrite.changed)
        if (outcome := outcome_of(rewrite)) is not None:
            self.rating.add(outcome)
        self.kl.add(rewrite.kl_soft)
        self.originals.add(hash(rewrite.real))
        for total, value in ((self.entropy, rewrite.entropy), (self.surprise, rewrite.surprise)):
            if value is not None and math.isfinite(value):
                total[0] += value
                total[1] += 1
        if rewrite.kl_soft is not None and math.isfinite(rewrite.kl_soft):
            self.texts.setdefault(rewrite.real, _Text()).add(rewrite, rewrite.kl_soft)


def _shared(first: _Run, second: _Run) -> Shared | None:
    pairs = [(real, text, second.texts[real]) for real, text in first.texts.items() if real in second.texts]
    if not pairs:
        return None
    difference = np.array([one.mean - other.mean for _, one, other in pairs])
    higher, lower = int((difference > 0).sum()), int((difference < 0).sum())
    widest = sorted(pairs, key=lambda pair: -abs(pair[1].mean - pair[2].mean))[:_EXAMPLES]
    answered = [(one, other) for _, one, other in pairs if one.classes and other.classes]
    return Shared(
        texts=len(pairs),
        kl_one=float(np.mean([one.mean for _, one, _ in pairs])),
        kl_other=float(np.mean([other.mean for _, _, other in pairs])),
        difference=float(difference.mean()),
        standard_error=float(difference.std(ddof=1) / math.sqrt(len(pairs))) if len(pairs) > 1 else None,
        one_higher=higher,
        other_higher=lower,
        p=sign_test(higher, lower),
        disagree_one=float(np.mean([one.disagreed / one.classes for one, _ in answered])) if answered else None,
        disagree_other=float(np.mean([other.disagreed / other.classes for _, other in answered])) if answered else None,
        examples=tuple(
            Example(real, one.best, other.best)
            for real, one, other in widest
            if one.best is not None and other.best is not None
        ),
    )


def sign_test(higher: int, lower: int) -> float:
    """The two-sided p of so uneven a count, were each side as likely: exact, from the binomial distribution."""
    total, fewer = higher + lower, min(higher, lower)
    if not total:
        return 1.0
    # ln of the number of ways, so that thousands do not overflow.
    ways = [
        math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1) - total * math.log(2)
        for count in range(fewer + 1)
    ]
    most = max(ways)
    return min(1.0, 2 * math.exp(most) * math.fsum(math.exp(way - most) for way in ways))
