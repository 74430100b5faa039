"""What was true at the moment that is shown: the present, or wherever the playhead stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cilda_tui.pace import Left
from cilda_tui.stage_curves import LEARNER, Evaluation, StageCurves
from cilda_tui.ui import Ui
from cilda_tui.view import RunView


@dataclass(frozen=True)
class Moment:
    """A stage, and how far it was. `seconds` and `until` are None in the present."""

    stage: StageCurves | None
    seconds: float | None = None
    """Of the playhead, in Unix seconds by the run's clock."""
    until: int | None = None
    """The newest step at the playhead."""

    @property
    def step(self) -> int:
        """Turns of all players so far."""
        if self.stage is None:
            return 0
        return max(0, self.stage.last_step if self.until is None else self.until)

    @property
    def total(self) -> int | None:
        """Turns of all players that there will be."""
        return None if self.stage is None else self.stage.total_steps

    @property
    def fraction(self) -> float | None:
        """How much of the stage is done; 1 only when all is."""
        return None if not self.total else min(1.0, self.step / self.total)

    @property
    def epoch(self) -> float | None:
        """Passes over the training rows."""
        if self.stage is None or self.step < 1 or not self.stage.track.has("epoch"):
            return None
        return float(self.stage.track.from_steps("epoch", [self.step])[0])

    @property
    def best(self) -> Evaluation | None:
        """The best evaluation so far."""
        return next((found for found in reversed(self.evaluations) if found.best), None)

    @property
    def evaluations(self) -> list[Evaluation]:
        """All evaluations so far."""
        if self.stage is None:
            return []
        return [found for found in self.stage.evaluations if self.seconds is None or found.t <= self.seconds]

    @property
    def left(self) -> Left | None:
        """How long the rest takes; None at a playhead, and while it is unknown."""
        if self.stage is None or self.until is not None or self.total is None or self.stage.progress.ended:
            return None
        return self.stage.pace.left(self.total - self.step)

    def value(self, curve: str) -> float | None:
        """The newest value of a curve, such as `student/total`; NaN if it is not finite, None if there is none."""
        series = None if self.stage is None else self.stage.curves.get(curve)
        if series is None:
            return None
        value = series.last if self.until is None else series.at(self.until)
        return value if value is None or math.isfinite(value) else math.nan

    @property
    def texts_per_second(self) -> float | None:
        """Of whoever is trained."""
        return self.value(f"{LEARNER}/texts_per_second")


def moment_of(view: RunView, ui: Ui) -> Moment:
    """The stage that the viewer chose, or the one that was on, and how far it was at the playhead."""
    stage = view.stages.get(ui.stage or "")
    if ui.playhead is None:
        return Moment(stage or view.stage)
    if stage is None:
        begun = [one for one in view.stages.values() if one.began <= ui.playhead]
        stage = begun[-1] if begun else next(iter(view.stages.values()), None)
    return Moment(stage, ui.playhead, None if stage is None else stage.track.step_at(ui.playhead))
