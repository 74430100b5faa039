"""How far a stage is, folded from its events: pure arithmetic and words, no screen."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from cilda.runs.events import Event, number
from cilda.runs.rate import Rate
from cilda.runs.words import duration, one_line, short, whole

# Whoever is trained, the teacher in its own stage included, plays the student's part: the stage is as far as it is.
_LEARNER = "student"
# Metrics that are no losses; of the rest, `total` comes first.
NO_LOSSES = (
    "gradient_norm",
    "seconds.",
    "learning_rate",
    "texts_per_second",
    "drawn_fraction",
    "changed_fraction",
    "agreement.",
)


class StageView:
    """One stage, the teacher's or the student's, as its events tell it.

    With `generator_turns` the turns of all players count for how far it is and how long the rest takes, as in
    state.json; else the learner's alone.
    """

    def __init__(
        self, name: str, total_turns: int, began_seconds: float, *, generator_turns: int | None = None
    ) -> None:
        self.name = name
        self.total_turns = max(1, total_turns)
        self.turn = 0
        self.step = 0
        """Turns of all players."""
        self.epoch: float | None = None
        self.texts_per_second: float | None = None
        self.losses: dict[str, dict[str, float]] = {}
        """The last means by player and term."""
        self.best: tuple[str, float, int] | None = None
        """Metric, score and turn of the best evaluation so far."""
        self.generator_turn = 0
        self.ended = False
        self._began_seconds = began_seconds
        self._now_seconds = began_seconds
        self._generator_turns = None if generator_turns is None else max(0, generator_turns)
        self._rate = Rate()

    def take_metrics(self, event: Event) -> None:
        """Takes an event `metrics` of this stage."""
        self._now_seconds = event["t"]
        values = {key: _mean(summary) for key, summary in _mapping(event.get("values")).items()}
        player = str(event.get("player"))
        self.losses[player] = {
            key: value for key, value in values.items() if value is not None and not key.startswith(NO_LOSSES)
        }
        turn = whole(event.get("turn"))
        if self._generator_turns is not None:
            self._rate.mark(event["t"], whole(event.get("step")), player, turn)
            self.step = self._rate.step
        elif player == _LEARNER:
            self._rate.mark(event["t"], turn, player, turn)
        if player == _LEARNER:
            self.turn = turn
            self.epoch = number(event.get("epoch"))
            self.texts_per_second = values.get("texts_per_second")
        else:
            self.generator_turn = turn

    def take_evaluation(self, event: Event) -> None:
        """Takes an event `evaluation` of this stage."""
        self._now_seconds = event["t"]
        self._rate.worked()
        scores = _mapping(event.get("scores"))
        metric = str(event.get("metric") or next(iter(scores), ""))
        score = number(scores.get(metric))
        if event.get("best") and score is not None:
            self.best = (metric, score, whole(event.get("turn")))

    def resumed_from(self, checkpoint: object) -> None:
        """Takes the step from the name of the checkpoint that the stage goes on from: `step-student-00001260`."""
        found = re.search(r"-(\d{1,18})$", checkpoint) if isinstance(checkpoint, str) else None
        self.step = int(found[1]) if found else self.turn

    def worked(self) -> None:
        """Says that the time since the last turn was work: a checkpoint."""
        self._rate.worked()

    def interrupted(self) -> None:
        """Says that time passed without work, so that the rate begins anew."""
        self._rate.interrupted()

    def end(self, seconds: float) -> None:
        """Says that nothing more comes."""
        self.ended = True
        self._now_seconds = max(seconds, self._now_seconds)

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1."""
        done, total = self._place
        return min(1.0, max(0.0, done / total))

    @property
    def took_seconds(self) -> float:
        """From the stage's beginning to its last event."""
        return max(0.0, self._now_seconds - self._began_seconds)

    @property
    def left_seconds(self) -> float | None:
        """How long the rest will take at the rate of the last minutes; None while there is no rate."""
        done, total = self._place
        return self._rate.seconds_for(total - done)

    @property
    def turns_words(self) -> str:
        """`1840/6000`; while the generator plays first, `generator turn 3`."""
        if not self.turn and self.generator_turn and not self.ended:
            return f"generator turn {self.generator_turn}"
        return f"{self.turn}/{self.total_turns}"

    @property
    def percent_words(self) -> str:
        """`30%`; 100 only when all is done."""
        return f"{int(100 * self.fraction)}%"

    @property
    def time_words(self) -> str:
        """`ETA 3 m 12 s` on the way, `took 9 m 2 s` at the end."""
        if self.ended:
            return f"took {duration(self.took_seconds)}"
        return "" if self.left_seconds is None else f"ETA {duration(self.left_seconds)}"

    @property
    def rate_words(self) -> str:
        """`412 texts/s`."""
        rate = self.texts_per_second
        return "" if rate is None or not math.isfinite(rate) else f"{rate:.0f} texts/s"

    @property
    def best_words(self) -> str:
        """`best accuracy 0.8710 at turn 300`."""
        if self.best is None:
            return ""
        metric, score, turn = self.best
        return f"best {one_line(metric)} {score:.4f} at turn {turn}"

    @property
    def epoch_words(self) -> str:
        """`epoch 1.25`."""
        return "" if self.epoch is None else f"epoch {self.epoch:.2f}"

    @property
    def loss_groups(self) -> list[tuple[str, list[str]]]:
        """By player, one cell a term, the total first: whom the stage trains (under its name), then the others."""
        players = sorted(self.losses, key=lambda player: player != _LEARNER)
        names = {player: self.name if player == _LEARNER else one_line(player) for player in players}
        return [(names[player], _loss_cells(self.losses[player])) for player in players]

    def line(self) -> str:
        """All of it in one line of text."""
        facts = (
            self.turns_words, self.percent_words, self.time_words, self.rate_words, self.epoch_words, self.best_words,
        )  # fmt: skip
        cells = [self.name, *filter(None, facts)]
        for name, losses in self.loss_groups:
            cells += [*([] if name == self.name else [f"{name}:"]), *losses]
        return "  ".join(cells)

    @property
    def _place(self) -> tuple[int, int]:
        """What is done, and all that there is."""
        if self._generator_turns is None:
            return self.turn, self.total_turns
        return self.step, self.total_turns + self._generator_turns


def _loss_cells(losses: Mapping[str, float]) -> list[str]:
    ordered = sorted(losses.items(), key=lambda item: item[0] != "total")
    return [f"{one_line(key)} {short(value)}" for key, value in ordered]


def _mean(summary: object) -> float | None:
    return number(_mapping(summary).get("mean"))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
