"""Which turn comes when, and how large its learning rate is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cilda.methods.recipe import Player


@dataclass(frozen=True)
class Cycle:
    """The order of turns: `generator_turns` of the generator, then `student_turns` of the student, and again.

    It ends with student turn number `total`. Without a generator there are student turns only. Where the student reads
    no rewritten text any more from some turn on, `generator_until`, the generator has no turns from there on.
    Source of 10 and 100: Rashid et al. 2021, arXiv:2105.05912.
    """

    total: int
    generator_turns: int = 10
    student_turns: int = 100
    generator_until: int | None = None

    def player(self, generator_done: int, student_done: int) -> Player | None:
        """Whose turn it is after so many turns of each; None at the end."""
        if student_done >= self.total:
            return None
        cycles_begun = min(student_done // self.student_turns + 1, self._cycles)
        return "generator" if generator_done < cycles_begun * self.generator_turns else "student"

    @property
    def generator_total(self) -> int:
        """Generator turns in the whole run."""
        return self._cycles * self.generator_turns

    @property
    def _cycles(self) -> int:
        """Cycles in which the generator has turns."""
        played = self.total if self.generator_until is None else min(self.total, self.generator_until)
        return math.ceil(played / self.student_turns)


def linear_rate(turn: int, total: int, warmup_fraction: float) -> float:
    """The share of the full learning rate at a player's own turn (0-based): linear up, then linear down to 0.

    The first turn already moves, the last one still does.
    """
    warmup = math.ceil(total * warmup_fraction)
    if turn < warmup:
        return (turn + 1) / (warmup + 1)
    return (total - turn) / max(1, total - warmup)


def phased_rate(turn: int, total: int, warmup_fraction: float, phase_begins: int | None) -> float:
    """`linear_rate` of each of two phases by itself: it falls to 0 and rises again where the second one begins."""
    if phase_begins is None:
        return linear_rate(turn, total, warmup_fraction)
    if turn < phase_begins:
        return linear_rate(turn, phase_begins, warmup_fraction)
    return linear_rate(turn - phase_begins, total - phase_begins, warmup_fraction)


def default_epochs(turns_per_epoch: int) -> float:
    """Passes over the training rows when the user names none: about 6,000 turns, from 3 to 20 passes.

    So large tasks (SST-2, MNLI) get 3 and small ones (RTE, CoLA) 20. Chosen: the papers say 20 to 30 for all.
    """
    return float(min(20, max(3, math.ceil(6000 / turns_per_epoch))))


def default_learning_rate(width: int) -> float:
    """AdamW's rate for a model of this hidden width: 2e-5 at 768, growing as the square of the inverse width.

    1e-5 at least, 5e-4 at most. Chosen, to meet what the authors of wide and narrow encoders recommend.
    """
    return min(5e-4, max(1e-5, 2e-5 * (768 / width) ** 2))
