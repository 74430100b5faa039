"""What a generator did, in numbers: one pass over rewrites, in memory that hardly grows with them."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.summaries.rates import AllRates, ClassRates, LengthRates, Rates, StepRates
from cilda.rewrites.summaries.spread import Spread, Spreading
from cilda.rewrites.summaries.words import WordCounting, Words

Number = TypeVar("Number", int, float)

_MOST_NAMES = 100


@dataclass(frozen=True)
class Summary:
    """Figures of some rewrites. What nobody recorded is None or empty.

    Rewrites that were recorded because teacher and student disagree count among the words, but not in rates, KL and the
    generator's own numbers: they were chosen for what they show. Where there are no others, they do.
    """

    rewrites: int
    rated: int
    """Those that rates, KL and the generator's own numbers are taken of."""
    texts: int
    """Different originals."""
    distinct: int
    """Different rewrites, of whatever original."""
    alike: int
    """Originals with a rewrite that another original has, too, letter by letter."""
    players: dict[str, int]
    """Whose turns they come from; an empty name where nobody says."""
    why: dict[str, int]
    """What they were recorded for; an empty name where nobody says."""
    turns: tuple[int, int] | None
    """The first turn and the last."""
    epochs: tuple[float, float] | None
    regression: bool
    words: Words
    kl: Spread | None
    """KL(teacher ‖ student) on rewrites, in nats; in regression the distance."""
    kl_before: Spread | None
    """The same on the texts as they were."""
    contrast: Spread | None
    entropy: Spread | None
    """Of the generator at drawn places, in nats, the mean of each rewrite."""
    surprise: Spread | None
    """−log p of what it drew, in nats, the mean of each rewrite: how little it takes the rewrite for language."""
    unchanged_share: float | None
    """Of the drawn places those to which the old token came back; None where nothing was drawn."""
    rates: Rates | None
    by_class: tuple[ClassRates, ...]
    over_steps: tuple[StepRates, ...]
    by_length: tuple[LengthRates, ...]

    @property
    def perplexity(self) -> float | None:
        """Exp of the mean surprise: among so many equally likely tokens the generator chose, as it were."""
        return None if self.surprise is None else math.exp(min(700.0, self.surprise.mean))

    def as_json(self) -> dict[str, Any]:
        """Everything by name, for programs."""
        spreads = {
            "kl": self.kl, "kl_before": self.kl_before, "contrast": self.contrast, "entropy": self.entropy,
            "surprise": self.surprise,
        }  # fmt: skip
        return {
            "rewrites": self.rewrites,
            "rated": self.rated,
            "texts": self.texts,
            "distinct": self.distinct,
            "alike": self.alike,
            "players": self.players,
            "why": self.why,
            "turns": self.turns,
            "epochs": self.epochs,
            "regression": self.regression,
            "words": self.words.as_json(),
            **{name: None if spread is None else spread.as_json() for name, spread in spreads.items()},
            "perplexity": self.perplexity,
            "unchanged_share": self.unchanged_share,
            "rates": None if self.rates is None else self.rates.as_json(),
            "by_class": [{"label": one.label, **one.rates.as_json()} for one in self.by_class],
            "over_steps": [{"first": one.first, "last": one.last, **one.rates.as_json()} for one in self.over_steps],
            "by_length": [
                {"shortest": one.shortest, "longest": one.longest, **one.rates.as_json()} for one in self.by_length
            ],
        }


def summarise(rewrites: Iterable[Rewrite], labels: Sequence[str] = ()) -> Summary:
    """Sums rewrites up, in one pass; `labels` are the names of the classes. Some 16 bytes of memory a rewrite."""
    counting = _Counting()
    for rewrite in rewrites:
        counting.add(rewrite)
    return counting.summary(labels)


class _Measures:
    """Rates and spreads of some of the rewrites."""

    def __init__(self) -> None:
        self.count = 0
        self.drawn = 0
        self.changed = 0
        self.rates = AllRates()
        self.spreads = {name: Spreading() for name in ("kl_soft", "kl_real", "contrast", "entropy", "surprise")}

    def add(self, rewrite: Rewrite) -> None:
        self.count += 1
        self.drawn += len(rewrite.drawn)
        self.changed += len(rewrite.changed)
        self.rates.add(rewrite)
        for name, spreading in self.spreads.items():
            spreading.add(getattr(rewrite, name))


class _Counting:
    def __init__(self) -> None:
        self._count = 0
        self._words = WordCounting()
        self._drawn_by_lot = _Measures()
        self._chosen = _Measures()
        self._originals, self._rewrites = array("q"), array("q")
        self._players: Counter[str] = Counter()
        self._why: Counter[str] = Counter()
        self._turns: list[int] = []
        self._epochs: list[float] = []
        self._regression = False

    def add(self, rewrite: Rewrite) -> None:
        self._count += 1
        self._words.add(rewrite)
        (self._chosen if rewrite.why == "disagreement" else self._drawn_by_lot).add(rewrite)
        self._originals.append(hash(rewrite.real))
        self._rewrites.append(hash(rewrite.soft))
        for names, name in ((self._players, rewrite.player), (self._why, rewrite.why)):
            if name in names or len(names) < _MOST_NAMES:
                names[name] += 1
        self._turns = _widened(self._turns, rewrite.turn)
        if rewrite.epoch is not None and math.isfinite(rewrite.epoch):
            self._epochs = _widened(self._epochs, rewrite.epoch)
        self._regression = self._regression or rewrite.regression

    def summary(self, labels: Sequence[str]) -> Summary:
        measures = self._drawn_by_lot if self._drawn_by_lot.count else self._chosen
        spread = {name: spreading.spread() for name, spreading in measures.spreads.items()}
        return Summary(
            rewrites=self._count,
            rated=measures.count,
            texts=_different(self._originals),
            distinct=_different(self._rewrites),
            alike=_alike(self._originals, self._rewrites),
            players=dict(self._players),
            why=dict(self._why),
            turns=(self._turns[0], self._turns[1]) if self._turns else None,
            epochs=(self._epochs[0], self._epochs[1]) if self._epochs else None,
            regression=self._regression,
            words=self._words.words(),
            kl=spread["kl_soft"],
            kl_before=spread["kl_real"],
            contrast=spread["contrast"],
            entropy=spread["entropy"],
            surprise=spread["surprise"],
            unchanged_share=max(0.0, 1 - measures.changed / measures.drawn) if measures.drawn else None,
            rates=measures.rates.overall.rates(),
            by_class=measures.rates.by_class(labels),
            over_steps=measures.rates.over_steps(),
            by_length=measures.rates.by_length(),
        )


def _widened(extremes: list[Number], value: Number) -> list[Number]:
    """Least and most so far."""
    return [min(extremes[0], value), max(extremes[1], value)] if extremes else [value, value]


def _different(hashes: array[int]) -> int:
    return len(np.unique(np.frombuffer(hashes, dtype=np.int64))) if hashes else 0


def _alike(originals: array[int], rewrites: array[int]) -> int:
    """How many originals have a rewrite that another has."""
    if not originals:
        return 0
    pairs = np.unique(np.stack([np.frombuffer(rewrites, np.int64), np.frombuffer(originals, np.int64)]), axis=1)
    _, which, count = np.unique(pairs[0], return_inverse=True, return_counts=True)
    return len(np.unique(pairs[1][count[which] > 1]))
