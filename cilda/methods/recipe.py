"""What a method is: two short lists of weighted terms, one for each player."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cilda.errors import UsageError, unknown

Player = Literal["generator", "student"]
Sight = Literal["real", "soft"]

PLAYERS: tuple[Player, ...] = ("generator", "student")
SIGHTS: tuple[Sight, ...] = ("real", "soft")


@dataclass(frozen=True)
class Kind:
    """What recipes must know of a loss."""

    compares: bool = True
    """Whether it compares the student with a teacher."""
    climbed: bool = False
    """Whether a generator can climb it: its gradient reaches the rewritten tokens."""
    on: tuple[Sight, ...] = SIGHTS
    """The views on which it means something."""


LOSS_KINDS: dict[str, Kind] = {
    "hard_label": Kind(compares=False),
    "logit_kl": Kind(climbed=True),
    "logit_mse": Kind(climbed=True),
    "annealed_mse": Kind(),
    "layer_contrast": Kind(climbed=True),
    "layer_distance": Kind(),
    # Its memory holds one vector a training text, and a rewrite is none.
    "crd_memory": Kind(on=("real",)),
    "hidden_mse": Kind(),
    "attention_mse": Kind(),
}
LOSS_NAMES = tuple(LOSS_KINDS)


@dataclass(frozen=True)
class Term:
    """One loss on one view of the text, with its weight.

    `on` is "real" for the text as it stands or "soft" for the generator's rewrite of it. With `per_log_batch` the
    loss is divided by ln B, its value when all similarities are equal, so that it weighs the same at any batch size.
    `phase` is the only phase of the student's turns in which the term counts, 1 or 2; None for all turns.
    """

    loss: str
    on: Sight
    weight: float
    per_log_batch: bool = False
    phase: int | None = None

    @property
    def key(self) -> str:
        """The one name of this term in events, charts, options and tests, such as `layer_contrast.soft`."""
        return f"{self.loss}.{self.on}"


@dataclass(frozen=True)
class Method:
    """How to learn: the terms that the generator climbs and the terms that the student descends.

    A method without generator terms has no generator turns; without soft terms it needs no generator at all. `settings`
    are those that the method brings along; the user's own stand above them.
    """

    name: str
    title: str
    source: str
    generator: tuple[Term, ...] = ()
    student: tuple[Term, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def terms(self, player: Player) -> tuple[Term, ...]:
        """The terms of one player."""
        return self.generator if player == "generator" else self.student

    @property
    def needs_generator(self) -> bool:
        """Whether any term looks at rewritten text."""
        return any(term.on == "soft" for term in (*self.generator, *self.student))

    @property
    def needs_teacher(self) -> bool:
        """Whether any term compares the student with a teacher."""
        return any(LOSS_KINDS[term.loss].compares for term in (*self.generator, *self.student))

    @property
    def phases(self) -> int:
        """How many phases the student's turns have: 1, or 2 where terms belong to one of two."""
        return max((term.phase or 1 for term in self.student), default=1)

    def student_in(self, phase: int) -> tuple[Term, ...]:
        """What the student descends in a phase, counted from 1."""
        return tuple(term for term in self.student if term.phase in (None, phase))


def with_weights(method: Method, weights: Mapping[str, float]) -> Method:
    """The method with other weights: `{"logit_kl.real": 0.5}` or, with the player, `{"student.logit_kl.soft": 0.2}`.

    A weight of 0 takes the term out. A term that the recipe lacks is added to the player named, or to the student
    when no player is named.

    Raises:
        UsageError: a key that names no loss or view, a key that both players have, a weight that is not a finite
            number of at least 0, or a student left with nothing to learn.
    """
    lists = {player: {term.key: term for term in method.terms(player)} for player in PLAYERS}
    for name, weight in weights.items():
        player, key = _find(name, lists)
        if not math.isfinite(weight) or weight < 0:
            raise UsageError(
                f"the weight of {name} is {weight}", "give a finite number of at least 0; 0 takes the term out"
            )
        loss, _, on = key.partition(".")
        term = lists[player].get(key) or Term(loss, "soft" if on == "soft" else "real", weight)
        lists[player][key] = replace(term, weight=weight)
    kept = {player: tuple(term for term in terms.values() if term.weight > 0) for player, terms in lists.items()}
    changed = replace(method, generator=kept["generator"], student=kept["student"])
    for phase in range(1, method.phases + 1):
        if not changed.student_in(phase):
            when = f" in phase {phase} of {method.phases}" if method.phases > 1 else ""
            raise UsageError(
                f"no term of {method.name} is left for the student{when}",
                "give at least one student term a weight above 0",
            )
    return changed


def _find(name: str, lists: Mapping[Player, Mapping[str, Term]]) -> tuple[Player, str]:
    """The player and the key that a weight's name stands for."""
    head, _, rest = name.partition(".")
    named = next((player for player in PLAYERS if player == head), None)
    key = rest if named else name
    loss, _, on = key.partition(".")
    if loss not in LOSS_NAMES or on not in SIGHTS:
        raise unknown("term", name, [f"{loss}.{sight}" for loss in LOSS_NAMES for sight in SIGHTS])
    if on not in LOSS_KINDS[loss].on:
        raise UsageError(f"{key} means nothing: {loss} looks at the text as it stands", f"say {loss}.real")
    if named == "generator" and (on == "real" or not LOSS_KINDS[loss].climbed):
        climbed = ", ".join(f"{name}.soft" for name, kind in LOSS_KINDS.items() if kind.climbed)
        raise UsageError(
            f"the generator cannot climb {key}",
            f"its terms compare teacher and student on the rewritten text: {climbed}",
        )
    if named:
        return named, key
    holders = [player for player in PLAYERS if key in lists[player]]
    if len(holders) > 1:
        raise UsageError(f"both players have the term {key}", f"say whose: generator.{key} or student.{key}")
    return (holders[0] if holders else "student"), key
