"""What a method is: two short lists of weighted terms, one for each player."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from cilda.errors import UsageError, unknown

Player = Literal["generator", "student"]
Sight = Literal["real", "soft"]

PLAYERS: tuple[Player, ...] = ("generator", "student")
SIGHTS: tuple[Sight, ...] = ("real", "soft")
LOSS_NAMES = ("hard_label", "logit_kl", "layer_contrast")


@dataclass(frozen=True)
class Term:
    """One loss on one view of the text, with its weight.

    `on` is "real" for the text as it stands or "soft" for the generator's rewrite of it. With `per_log_batch` the
    loss is divided by ln B, its value when all similarities are equal, so that it weighs the same at any batch size.
    """

    loss: str
    on: Sight
    weight: float
    per_log_batch: bool = False

    @property
    def key(self) -> str:
        """The one name of this term in events, charts, options and tests, such as `layer_contrast.soft`."""
        return f"{self.loss}.{self.on}"


@dataclass(frozen=True)
class Method:
    """How to learn: the terms that the generator climbs and the terms that the student descends.

    A method without generator terms has no generator turns; without soft terms it needs no generator at all.
    """

    name: str
    title: str
    source: str
    generator: tuple[Term, ...] = ()
    student: tuple[Term, ...] = ()

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
        return any(term.loss != "hard_label" for term in (*self.generator, *self.student))


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
    if not kept["student"]:
        raise UsageError(
            f"no term of {method.name} is left for the student", "give at least one student term a weight above 0"
        )
    return replace(method, generator=kept["generator"], student=kept["student"])


def _find(name: str, lists: Mapping[Player, Mapping[str, Term]]) -> tuple[Player, str]:
    """The player and the key that a weight's name stands for."""
    head, _, rest = name.partition(".")
    named = next((player for player in PLAYERS if player == head), None)
    key = rest if named else name
    loss, _, on = key.partition(".")
    if loss not in LOSS_NAMES or on not in SIGHTS:
        raise unknown("term", name, [f"{loss}.{sight}" for loss in LOSS_NAMES for sight in SIGHTS])
    if named == "generator" and (on == "real" or loss == "hard_label"):
        raise UsageError(
            f"the generator cannot climb {key}",
            "its terms compare teacher and student on the rewritten text: logit_kl.soft, layer_contrast.soft",
        )
    if named:
        return named, key
    holders = [player for player in PLAYERS if key in lists[player]]
    if len(holders) > 1:
        raise UsageError(f"both players have the term {key}", f"say whose: generator.{key} or student.{key}")
    return (holders[0] if holders else "student"), key
