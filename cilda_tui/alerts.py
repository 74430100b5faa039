"""What a person should look at now: one rule each, slow to rise and slow to fall, so that none flickers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cilda.runs.field import finite
from cilda_tui.notices import Level

if TYPE_CHECKING:
    from cilda_tui.view import RunView

PLATEAU_EVALUATIONS = 8
IDLE_SECONDS = 60.0
TRAINER_SECONDS = 600.0
"""For so long a warning of the trainer stands, by the run's own clock; an error until another process begins."""

_MOST_OF_TRAINER = 10
_IDLE, _BUSY = 0.05, 0.2
_DISK_MB, _DISK_FULL_MB, _ENOUGH = 5000.0, 1000.0, 1.5
_WORKING = ("running", "orphaned")
_SEVERITY = ("error", "warning", "info", "good")


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should look at. `what` stays the same while it stands; raw, panels make it harmless."""

    key: str
    level: Level
    what: str
    todo: str
    since: float
    """In Unix seconds by the run's clock."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says when it applies."""

    level: Level
    what: str
    todo: str = ""
    since: float | None = None
    """Where the run's files tell when it began; None: when the rule first applied."""


@dataclass(frozen=True)
class Rule:
    """A rule looks at a view, knowing whether its alert stands already: so it can let go later than it takes hold."""

    key: str
    look: Callable[[RunView, bool], Finding | None]
    rise_seconds: float = 0.0
    """For so long it must apply before the alert rises."""
    fall_seconds: float = 0.0
    """For so long it must not apply before the alert falls."""


class Alarms:
    """All rules over one run, with what they need to remember."""

    def __init__(self) -> None:
        self._latches = {rule.key: _Latch(rule) for rule in RULES}

    def judge(self, view: RunView) -> list[Alert]:
        """What stands now, the worst first."""
        now = view.now if view.now is not None else 0.0
        found = [alert for latch in self._latches.values() if (alert := latch.judge(view, now)) is not None]
        found += _of_trainer(view, now)
        return sorted(found, key=lambda alert: (_SEVERITY.index(alert.level), alert.since))


class _Latch:
    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._alert: Alert | None = None
        self._turned: float | None = None
        """Since when the rule has said otherwise than what stands."""

    def judge(self, view: RunView, now: float) -> Alert | None:
        rule, alert = self._rule, self._alert
        finding = rule.look(view, alert is not None)
        if (finding is not None) == (alert is not None):
            self._turned = None
            if finding is not None and alert is not None:
                since = alert.since if finding.since is None else finding.since
                if (finding.level, finding.what, since) != (alert.level, alert.what, alert.since):
                    self._alert = Alert(rule.key, finding.level, finding.what, finding.todo, since)
            return self._alert
        if self._turned is None or now < self._turned:
            self._turned = now
        # Of a run that has ended time stands still.
        patience = 0.0 if view.status.ended else rule.rise_seconds if finding is not None else rule.fall_seconds
        if now - self._turned >= patience:
            self._alert = None
            if finding is not None:
                since = self._turned if finding.since is None else finding.since
                self._alert = Alert(rule.key, finding.level, finding.what, finding.todo, since)
            self._turned = None
        return self._alert


def _end(view: RunView, stands: bool) -> Finding | None:  # noqa: ARG001
    word, why = view.status.word, view.status.why
    # Either may be an earlier attempt's.
    told = (finite(view.record.exit.get("t")), finite(view.record.state.get("heartbeat")))
    since = max((seconds for seconds in told if seconds is not None), default=None)
    if word == "failed":
        todo = view.record.state.get("todo")
        return Finding("error", why or "the run failed", todo if isinstance(todo, str) else "see: cilda logs", since)
    if word == "killed":
        todo = "make it smaller: batch_size, max_length" if "memory" in why else "go on with: cilda resume"
        return Finding("error", f"killed: {why}", todo, since)
    if word == "crashed":
        return Finding("error", f"crashed: {why}", "go on with: cilda resume", since)
    return None


def _silent(view: RunView, stands: bool) -> Finding | None:  # noqa: ARG001
    word, state = view.status.word, view.record.state
    heard = finite(state.get("heartbeat"))
    if word == "stalled":
        todo = "look at the log; stop it with X and go on with: cilda resume"
        if "sign" in view.status.why:
            return Finding("error", "stalled: no sign of life", todo, heard)
        return Finding("error", "stalled: nothing moves", todo, finite(state.get("moved")))
    if word == "lost":
        return Finding("warning", "contact lost: no sign of it", "look on the machine that it runs on", heard)
    if word == "orphaned":
        return Finding("warning", "its supervisor is gone: nobody will write down how it ends")
    return None


def _not_finite(view: RunView, stands: bool) -> Finding | None:  # noqa: ARG001
    stage = view.stage
    if stage is None:
        return None
    lasting = {
        key: found
        for key, found in stage.not_finite.items()
        if (series := stage.curves.get(key)) is not None and series.last is not None and not math.isfinite(series.last)
    }
    if not lasting:
        return None
    # A term says more than its total, and both more than a norm.
    key = min(lasting, key=lambda key: (lasting[key].step, "gradient_norm" in key, key.endswith("/total"), key))
    more = f" and {len(lasting) - 1} more" if len(lasting) > 1 else ""
    return Finding(
        "error",
        f"{key}{more} not finite since step {lasting[key].step:,}",
        "stop it; a smaller learning rate or clip_norm, or precision=float32, may help",
    )


def _diverging(view: RunView, stands: bool) -> Finding | None:
    excess = None if view.stage is None else view.stage.level.excess
    if excess is None or excess < (0.5 if stands else 1.0):
        return None
    return Finding("warning", "the student's objective climbs away from its lowest", "lower the learning rate")


def _plateau(view: RunView, stands: bool) -> Finding | None:  # noqa: ARG001
    stage = view.stage
    if stage is None or stage.progress.ended or not stage.evaluations:
        return None
    split = stage.evaluations[0].split
    of_split = [evaluation for evaluation in stage.evaluations[-1000:] if evaluation.split == split]
    since = next((place for place, evaluation in enumerate(reversed(of_split)) if evaluation.best), len(of_split))
    if since < PLATEAU_EVALUATIONS or since < len(of_split) / 4:
        return None
    best = stage.progress.best
    at = f" than at turn {best[2]:,}" if best else ""
    return Finding("info", f"no better {stage.metric or 'score'}{at}, evaluation after evaluation")


def _gpu_idle(view: RunView, stands: bool) -> Finding | None:
    if view.status.word not in _WORKING:
        return None
    gpus = [gpu for gpu in view.machine.gpus if gpu.ours]
    if not gpus and view.device.startswith("cuda"):
        # In a container the driver tells other process ids than ours.
        number = view.device.rpartition(":")[2]
        gpus = [gpu for gpu in view.machine.gpus if str(gpu.number) == (number if number.isdigit() else "0")]
    idle = [gpu for gpu in gpus if gpu.busy_fraction is not None and gpu.busy_fraction < (_BUSY if stands else _IDLE)]
    if not idle or len(idle) < len(gpus):
        return None
    names = ", ".join(str(gpu.number) for gpu in idle)
    return Finding("warning", f"GPU {names} idles", "see where a turn's time goes")


def _disk_low(view: RunView, stands: bool) -> Finding | None:
    latest = view.machine.latest
    free = None if latest is None else latest.disk_free_mb
    if view.status.ended or free is None or free >= _DISK_MB * (_ENOUGH if stands else 1):
        return None
    todo = "free some space: events wait in memory, checkpoints cannot be kept"
    if free < _DISK_FULL_MB:
        return Finding("error", "less than 1 GB is left on the disk of the run", todo)
    return Finding("warning", "less than 5 GB is left on the disk of the run", todo)


def _unreadable(view: RunView, stands: bool) -> Finding | None:  # noqa: ARG001
    if view.gone:
        return Finding("error", "the run's folder is gone", "what is shown is what was read before")
    if view.trouble:
        return Finding("warning", f"the run cannot be read: {view.trouble}", "it is tried again all the time")
    return None


def _newer(view: RunView, stands: bool) -> Finding | None:  # noqa: ARG001
    if not view.newer_lines:
        return None
    return Finding("warning", "a newer cilda has written to this run: what it wrote is left out", "update cilda")


RULES = (
    Rule("end", _end),
    Rule("silent", _silent),
    Rule("not finite", _not_finite, fall_seconds=30),
    Rule("diverging", _diverging, rise_seconds=30, fall_seconds=60),
    Rule("plateau", _plateau),
    Rule("gpu idle", _gpu_idle, rise_seconds=IDLE_SECONDS, fall_seconds=10),
    Rule("disk low", _disk_low, fall_seconds=30),
    Rule("unreadable", _unreadable),
    Rule("newer", _newer),
)


def _of_trainer(view: RunView, now: float) -> list[Alert]:
    """What the trainer itself warned of, the newest of each once."""
    said: dict[str, Alert] = {}
    for notice in view.warnings:
        if notice.level == "error" or now - notice.t < TRAINER_SECONDS:
            key = f"trainer: {notice.what[:200]}"
            since = said.pop(key).since if key in said else notice.t
            said[key] = Alert(key, notice.level, notice.what, notice.todo, since)
    return list(said.values())[-_MOST_OF_TRAINER:]
