"""One stage of a run as its events tell it: a series for each quantity of each player, scores, and how far it is."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cilda.runs.events import Event, number
from cilda.runs.field import count, finite, mapping, name, numbers
from cilda.runs.stages import StageView
from cilda_tui.loss_level import LossLevel
from cilda_tui.pace import Pace
from cilda_tui.series import Series
from cilda_tui.track import Track

LEARNER = "student"
"""Whoever is trained, the teacher in its own stage included, plays the student's part."""

PARTS = ("data", "generator", "teacher", "student", "optimizer", "evaluation")
"""Where a turn's time goes."""

MOST_CURVES = 128
# A recipe has some forty curves. Those beyond keep fewer points, so that strange names cost little.
_USUAL_CURVES, _FEW_BUCKETS = 64, 2048
_MOST_PLAYERS = 8
_MOST_EVALUATIONS = 10_000
_MOST_SEAMS = 1000
# The newest place is known at the end of what is read at once; of so many lines in between, one more.
_LINES_A_PLACE = 64
_LARGEST_N = 1_000_000
_LATEST_STEP = 2**60
_SHARE_STEPS = 2000
_SETTLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores on one split of held-out texts."""

    t: float
    turn: int
    """The learner's."""
    step: int
    """Of all players."""
    epoch: float | None
    split: str
    scores: dict[str, float]
    metric: str
    """The one that decides."""
    best: bool
    seconds: float | None
    """What it took, of all splits together; only the first of them says it."""

    @property
    def score(self) -> float | None:
        """By the metric that decides."""
        return self.scores.get(self.metric)


@dataclass(frozen=True, slots=True)
class NotFinite:
    """Values of a curve that were not finite."""

    t: float
    """When the newest was."""
    step: int
    """That of the first in a row."""


class StageCurves:
    """A stage's quantities by step, `curves["student/total"]`; scores are `curves["score/validation.accuracy"]`.

    Where a run goes on from a checkpoint, what came after that is forgotten, and `seams` has the step. Memory is
    bounded, whatever comes.
    """

    def __init__(self, name: str, began: float) -> None:
        self.name = name
        self.began = began
        self.progress = StageView(name, 0, began)
        self.curves: dict[str, Series] = {}
        self.track = Track()
        self.pace = Pace()
        self.level = LossLevel()
        """Where the learner's objective stands against where it was."""
        self.seams: list[int] = []
        self.batch_size: int | None = None
        self.batches_per_epoch: int | None = None
        self.learning_rate: float | None = None
        self.generator_turns: int | None = None
        self.total_turns: int | None = None
        self.metric = ""
        self.evaluations: list[Evaluation] = []
        self.player = ""
        """Whose turn it was last."""
        self.not_finite: dict[str, NotFinite] = {}
        """By curve, when its values were last not finite, and from which step on."""
        self._of_player: dict[str, dict[str, Series]] = {}
        self._last: dict[str, int] = {}
        self._unsettled: dict[str, Event] = {}
        self._settled = began
        self._place: tuple[int, Event] | None = None
        self._since_placed = 0

    @property
    def last_step(self) -> int:
        """The newest step; -1 before the first."""
        return max(self._last.values(), default=-1)

    @property
    def total_steps(self) -> int | None:
        """Turns of all players that the stage will have; None where nobody has said it."""
        return None if self.total_turns is None else self.total_turns + (self.generator_turns or 0)

    def enter(self, event: Event) -> None:
        """Takes an event `stage` of this name: it begins, or goes on from a checkpoint."""
        self.settle()
        self._take_settings(event)
        best, turn = finite(event.get("best")), count(event.get("turn")) or 0
        # A checkpoint may be from before the learner's first turn.
        step = _step_of(event.get("resumed_from")) if turn or event.get("resumed_from") else 0
        if self._last and step is not None:
            self._go_back(step + 1)
            self._mark_seam(step)
        self.progress.interrupted()
        self.progress.ended = False
        self.progress.turn = turn
        self.pace.interrupted()
        if best is not None:
            self.progress.best = (self.metric, best, count(event.get("best_turn")) or 0)
        elif not turn or (self.progress.best is not None and self.progress.best[2] > turn):
            self.progress.best = None

    def know(self, turns: int | None, steps: int | None, best: float | None, best_turn: int | None) -> None:
        """Takes what state.json says of the stage's length and its best score, where no event has said it."""
        if self.total_turns is None and turns:
            self.total_turns, self.progress.total_turns = turns, turns
            self.generator_turns = max(0, steps - turns) if steps else None
        if self.progress.best is None and best is not None:
            self.progress.best = (self.metric or "score", best, best_turn or 0)

    def take_metrics(self, event: Event) -> None:
        """Takes an event `metrics` of this stage."""
        step, values, player = event.get("step"), event.get("values"), event.get("player")
        if type(step) is not int or not 0 <= step <= _LATEST_STEP:
            step = count(step)
        if step is None or type(player) is not str or type(values) is not dict:
            return
        series_of = self._of_player.get(player)
        if series_of is None:
            player = name(player)
            if player not in self._of_player and len(self._of_player) >= _MOST_PLAYERS:
                return
            series_of = self._of_player.setdefault(player, {})
        last = self._last.get(player, -1)
        if step <= last:
            self._play_again(step, event)
        self._last[player] = step
        self.player = player
        seconds: float = event["t"]
        for key, summary in values.items():
            series = series_of.get(key)
            if series is None:
                series = self._new_curve(player, key)
                if series is None:
                    continue
            try:
                mean, low, high, n = summary["mean"], summary["min"], summary["max"], summary["n"]
                plain = low <= mean <= high and 0 < n <= _LARGEST_N
            except (KeyError, TypeError):
                plain = False
            if plain and type(mean) is float and type(low) is float and type(high) is float and type(n) is int:
                series.add(step, mean, low, high, n)
            else:
                self._add_strange(series, player, key, step, seconds, summary)
        self._place = (step, event)
        self._since_placed += 1
        if self.track.last_step < 0 or self._since_placed >= _LINES_A_PLACE:
            # All lines of a short run may come at once.
            self._track()
        self.pace.add(seconds, step)
        if player == LEARNER:
            total = series_of.get("total")
            if total is not None and total.last_step == step and total.last is not None:
                self.level.add(total.last)
        self._unsettled[player] = event
        if not 0 <= seconds - self._settled < _SETTLE_SECONDS:
            # The rate, and when a step was, are taken from what is seen on the way.
            self._settled = seconds
            self.settle()

    def take_evaluation(self, event: Event) -> None:
        """Takes an event `evaluation` of this stage; where the turns of earlier ones come again, it replaces them."""
        self.settle()
        scores, split = numbers(event.get("scores")), name(event.get("split"))
        turn, step = count(event.get("turn")) or 0, max(0, self.last_step)
        metric = name(event.get("metric")) or next(iter(scores), "")
        evaluation = Evaluation(
            t=event["t"],
            turn=turn,
            step=step,
            epoch=finite(event.get("epoch")),
            split=split,
            scores=scores,
            metric=metric,
            best=event.get("best") is True,
            seconds=finite(event.get("seconds")),
        )
        self.metric = self.metric or metric
        self._keep(evaluation)
        for key, score in scores.items():
            series = self._of_player.setdefault("score", {}).get(f"{split}.{key}")
            series = series or self._new_curve("score", f"{split}.{key}"[:400])
            if series is not None:
                series.add(step, score, score, score, 1)
        told = {"t": evaluation.t, "scores": scores, "metric": metric, "best": evaluation.best, "turn": turn}
        self.progress.take_evaluation(told)

    def settle(self) -> None:
        """Brings `progress` and `track` up to the newest metrics: called once for many events."""
        for event in self._unsettled.values():
            values = event["values"]
            if len(values) > MOST_CURVES:
                values = dict(list(values.items())[:MOST_CURVES])
            told = {
                "player": name(event["player"]),
                "turn": count(event.get("turn")),
                "epoch": finite(event.get("epoch")),
            }
            self.progress.take_metrics({**event, **told, "values": values})
        self._unsettled.clear()
        self._track()

    def interrupted(self) -> None:
        """Says that another process has begun: the time between is no turn's."""
        self.settle()
        self.progress.interrupted()
        self.pace.interrupted()

    def end(self, seconds: float) -> None:
        """Says that nothing more comes."""
        self.settle()
        self.progress.end(seconds)

    def shares(self, until_step: int | None = None) -> dict[str, float]:
        """Which fraction of the time of the last turns (2,000, or a tenth of all) went where; empty while unknown."""
        end = self.last_step if until_step is None else min(until_step, self.last_step)
        start = max(0, end - max(_SHARE_STEPS, end // 10))
        seconds = dict.fromkeys(PARTS, 0.0)
        for curves in self._of_player.values():
            for part in PARTS[:-1]:
                series = curves.get(f"seconds.{part}")
                if series is not None:
                    found = series.columns(np.array([start, end + 1]))
                    if found.count[0]:
                        seconds[part] += max(0.0, float(found.mean[0]) * int(found.count[0]))
        first = bisect_left(self.evaluations, start, key=lambda evaluation: evaluation.step)
        for evaluation in self.evaluations[first:]:
            if evaluation.step <= end:
                seconds["evaluation"] += max(0.0, evaluation.seconds or 0.0)
        whole = sum(seconds.values())
        return {part: value / whole for part, value in seconds.items()} if 0 < whole < math.inf else {}

    def _track(self) -> None:
        if self._place is not None:
            step, event = self._place
            self._place, self._since_placed = None, 0
            texts = self.batch_size * step if self.batch_size else None
            self.track.add(step, finite(event.get("epoch")), event["t"], texts)

    def _take_settings(self, event: Mapping[str, Any]) -> None:
        self.total_turns = count(event.get("total_turns")) or self.total_turns
        self.progress.total_turns = max(1, self.total_turns or 1)
        self.generator_turns = count(event.get("generator_turns"))
        self.batch_size = count(event.get("batch_size")) or None
        self.batches_per_epoch = count(event.get("batches_per_epoch")) or None
        self.learning_rate = finite(event.get("learning_rate"))
        self.metric = name(event.get("metric")) or self.metric

    def _new_curve(self, player: str, key: str) -> Series | None:
        key = key[:400]
        series_of = self._of_player[player]
        if key in series_of:
            return series_of[key]
        if len(self.curves) >= MOST_CURVES:
            return None
        series = Series() if len(self.curves) < _USUAL_CURVES else Series(_FEW_BUCKETS)
        series_of[key] = self.curves[f"{player}/{key}"] = series
        return series

    def _add_strange(self, series: Series, player: str, key: str, step: int, seconds: float, summary: object) -> None:
        """A value that is not finite, or is told in another way than writers do."""
        told = mapping(summary)
        mean = number(told.get("mean"))
        if mean is None:
            return
        low, high = (number(told.get(end)) for end in ("min", "max"))
        n = min(max(1, count(told.get("n")) or 1), _LARGEST_N)
        if not math.isfinite(mean):
            called = f"{player}/{key[:400]}"
            before = self.not_finite.get(called)
            # One that lasts keeps the step at which it began.
            lasting = before is not None and series.last is not None and not math.isfinite(series.last)
            self.not_finite[called] = replace(before, t=seconds) if before and lasting else NotFinite(seconds, step)
        series.add(step, mean, mean if low is None else low, mean if high is None else high, n)

    def _play_again(self, step: int, event: Event) -> None:
        """Turns come again though nobody said so: from the first of this line on, all is forgotten."""
        first = max(0, step + 1 - max(1, count(event.get("turns")) or 1))
        self._go_back(first)
        if first > 1:
            self._mark_seam(first - 1)

    def _go_back(self, first: int) -> None:
        for series in self.curves.values():
            series.forget_from(first)
        self._track()
        self.track.forget_from(first)
        self._last = {player: min(last, first - 1) for player, last in self._last.items()}
        self.seams = [seam for seam in self.seams if seam < first]
        self.not_finite = {key: found for key, found in self.not_finite.items() if found.step < first}
        self.evaluations = [evaluation for evaluation in self.evaluations if evaluation.step < first]
        self.level = LossLevel()

    def _mark_seam(self, step: int) -> None:
        if step > 0 and step not in self.seams[-1:]:
            self.seams = [*self.seams[-_MOST_SEAMS:], step]

    def _keep(self, evaluation: Evaluation) -> None:
        self.evaluations.append(evaluation)
        if len(self.evaluations) > _MOST_EVALUATIONS:
            half = len(self.evaluations) // 2
            older = self.evaluations[:half]
            kept = [found for place, found in enumerate(older) if place % 2 == 0 or (found.best and place > half // 2)]
            self.evaluations = kept[-_MOST_EVALUATIONS // 2 :] + self.evaluations[half:]


def _step_of(checkpoint: object) -> int | None:
    """The step that a checkpoint's name ends with: `step-student-00001260`."""
    found = re.search(r"-(\d{1,18})$", checkpoint) if isinstance(checkpoint, str) and len(checkpoint) < 500 else None
    return None if found is None else int(found[1])
