"""Everything known of one run, folded from its events: pure arithmetic that every panel is drawn from."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from cilda.runs.events import Event, number
from cilda.runs.field import count, finite, mapping, name, numbers
from cilda.runs.layout import RunFolder
from cilda.runs.rate import interrupts
from cilda.runs.status import Status
from cilda.runs.store import RunRecord
from cilda_tui.alerts import Alarms, Alert
from cilda_tui.examples import Examples
from cilda_tui.machine_view import MachineView
from cilda_tui.notices import MOST_NOTICES, Notice, notice_of
from cilda_tui.requests import Asked, Requests
from cilda_tui.stage_curves import StageCurves

MOST_STAGES = 8
_MOST_TERMS = 100
_LATEST_SECONDS = 1e12
_ENDS = ("finished", "stopped", "failed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished run came to: scores by split and metric, sizes in parameters."""

    metric: str
    teacher: dict[str, dict[str, float]]
    student: dict[str, dict[str, float]]
    teacher_parameters: int | None
    student_parameters: int | None
    turns: int | None
    best_turn: int | None


class RunView:
    """One run as its events, its readings of the machine, its rewritten texts and its small files tell it.

    Only what is added here changes it; nothing is read. Whatever an event holds, it is taken as far as it makes sense,
    and memory stays bounded.
    """

    def __init__(self, folder: RunFolder, record: RunRecord | None = None, status: Status | None = None) -> None:
        self.folder = folder
        self.record = record or RunRecord(folder, {}, {}, {})
        self.status = status or Status("starting")
        self.stages: dict[str, StageCurves] = {}
        self.machine = MachineView()
        self.examples = Examples()
        self.labels: tuple[str, ...] = ()
        """Names of the classes, in their order; none while nobody knows them."""
        self.notices: list[Notice] = []
        self.warnings: deque[Notice] = deque(maxlen=50)
        """The trainer's own warnings and errors since the last process began."""
        self.requests = Requests()
        self.alerts: list[Alert] = []
        self.teacher: tuple[str, str, float] | None = None
        """Name, metric and score."""
        self.outcome: Outcome | None = None
        self.terms: dict[str, tuple[str, ...]] = {}
        """Keys of the recipe's terms by player."""
        self.device = ""
        self.host = ""
        self.attempt = 0
        """Which process works on it, from 1; 0 before one has begun."""
        self.began: float | None = None
        self._rested = 0.0
        """Seconds between the end of one process and the beginning of the next, added up."""
        self.ended: float | None = None
        """When the run came to its end; None while it goes on, or if it ended without a word."""
        self.now: float | None = None
        """The time of the newest event or reading, by the run's clock."""
        self.reading: float | None = None
        """Which fraction of the history has been read; None when all is."""
        self.bad_lines = 0
        self.newer_lines = 0
        self.trouble: str | None = None
        self.gone = False
        self.events_taken = 0
        self._stage = ""
        self._alarms = Alarms()
        self._event_seconds: float | None = None
        self._system_seconds: float | None = None
        if record is not None:
            self._take_record()

    @property
    def stage(self) -> StageCurves | None:
        """The newest stage; None before the first."""
        return self.stages.get(self._stage)

    def take(self, events: Sequence[Event]) -> None:
        """Takes what lies in `events/`, in order."""
        for event in events:
            kind, seconds = event.get("kind"), event.get("t")
            if type(seconds) is not float and type(seconds) is not int:
                continue
            if not -_LATEST_SECONDS < seconds < _LATEST_SECONDS:
                continue
            before, self._event_seconds = self._event_seconds, seconds
            if kind == "started" and self.began is not None and before is not None:
                self._rested += max(0.0, seconds - (before if self.ended is None else self.ended))
            if kind == "metrics":
                stage = self._stage_of(event)
                if stage is not None:
                    stage.take_metrics(event)
            elif type(kind) is str:
                self._take_rare(kind, event)
        self.events_taken += len(events)
        for stage in self.stages.values():
            stage.settle()
        self._look()

    def take_system(self, events: Sequence[Event]) -> None:
        """Takes what lies in `system/`, in order."""
        for event in events:
            if event.get("kind") == "system" and _timed(event):
                self._system_seconds = event["t"]
                self.machine.take(event)
        self._look()

    def take_examples(self, events: Sequence[Event]) -> None:
        """Takes what lies in `augmentations/`, in order."""
        for event in events:
            if event.get("kind") == "augmentation" and _timed(event):
                self.examples.take(event)

    def refresh(
        self,
        record: RunRecord,
        status: Status,
        waiting: Sequence[Asked] | None = None,
        labels: tuple[str, ...] = (),
    ) -> None:
        """Takes what the small files say, what the run is doing, and the requests that wait (None: nobody looked)."""
        self.record, self.status = record, status
        self.labels = labels or self.labels
        self._take_record()
        if waiting is not None:
            self.requests.asked(waiting)
        self._look()

    @property
    def took(self) -> float | None:
        """Seconds that processes have worked on it, until its end or its newest sign of life; None where none began."""
        # What came after the end, such as a note, took the run no time.
        end = self.now if self.ended is None else self.ended
        return None if self.began is None or end is None else max(0.0, end - self.began - self._rested)

    def tell(self, *, reading: float | None, bad_lines: int, newer_lines: int, trouble: str | None, gone: bool) -> None:
        """Takes what the reader of the run's files has to say of itself."""
        self.reading, self.bad_lines, self.newer_lines = reading, bad_lines, newer_lines
        self.trouble, self.gone = trouble, gone
        self._look()

    def _look(self) -> None:
        known = [seconds for seconds in (self._event_seconds, self._system_seconds) if seconds is not None]
        self.now = max(known, default=None)
        self.alerts = self._alarms.judge(self)

    def _stage_of(self, event: Event) -> StageCurves | None:
        called = event.get("stage")
        stage = self.stages.get(called) if type(called) is str else None
        if stage is None:
            if not isinstance(called, str):
                return None
            called = name(called)
            stage = self.stages.get(called)
            if stage is None:
                stage = self.stages[called] = StageCurves(called, event["t"])
                config = mapping(self.record.run.get("config"))
                stage.batch_size = count(config.get("batch_size")) or None
                if len(self.stages) > MOST_STAGES:
                    del self.stages[next(iter(self.stages))]
            self._stage = called
            self._know_state()
        elif called != self._stage:
            self._stage = stage.name
        return stage

    def _take_rare(self, kind: str, event: Event) -> None:
        if kind == "stage":
            before = self.stage
            stage = self._stage_of(event)
            if stage is None:
                return
            if before is not None and before is not stage:
                before.end(event["t"])
            stage.enter(event)
        elif kind == "evaluation":
            stage = self._stage_of(event)
            if stage is None:
                return
            stage.take_evaluation(event)
        elif kind == "started":
            self._take_started(event)
        elif kind == "teacher":
            score = finite(event.get("score"))
            if score is not None:
                self.teacher = (name(event.get("name")), name(event.get("metric")), score)
        elif kind == "request":
            self.requests.take(event)
            if interrupts(event) and self.stage is not None:
                self.stage.interrupted()
        elif kind in _ENDS:
            self.ended = event["t"]
            if self.stage is not None:
                self.stage.end(event["t"])
            if kind == "finished":
                self.outcome = _outcome(event)
        notice = notice_of(event)
        if notice is not None:
            self._keep(notice)

    def _take_started(self, event: Event) -> None:
        self.attempt = count(event.get("attempt")) or self.attempt + 1
        self.device, self.host = name(event.get("device")), name(event.get("host"))
        self.began = event["t"] if self.began is None else self.began
        self.outcome = self.ended = None
        self.warnings.clear()
        for stage in self.stages.values():
            stage.interrupted()

    def _keep(self, notice: Notice) -> None:
        self.notices.append(notice)
        if len(self.notices) > MOST_NOTICES * 3 // 2:
            del self.notices[:-MOST_NOTICES]
        if notice.kind == "alert" and notice.level in ("warning", "error"):
            self.warnings.append(notice)

    def _take_record(self) -> None:
        terms = mapping(self.record.run.get("terms"))
        self.terms = {
            name(player): tuple(name(mapping(term).get("key")) for term in of_player[:_MOST_TERMS])
            for player, of_player in list(terms.items())[:MOST_STAGES]
            if isinstance(of_player, list)
        }
        self._know_state()

    def _know_state(self) -> None:
        state = self.record.state
        stage = self.stage
        if stage is not None and state.get("stage") == stage.name:
            best, best_turn = finite(state.get("best")), count(state.get("best_turn"))
            stage.know(count(state.get("total_turns")), count(state.get("total")), best, best_turn)


def _timed(event: Event) -> bool:
    seconds = number(event.get("t"))
    return seconds is not None and type(event["t"]) is not str and -_LATEST_SECONDS < seconds < _LATEST_SECONDS


def _outcome(event: Event) -> Outcome:
    return Outcome(
        metric=name(event.get("metric")),
        teacher=_scores(event.get("teacher")),
        student=_scores(event.get("student")),
        teacher_parameters=count(event.get("teacher_parameters")),
        student_parameters=count(event.get("student_parameters")),
        turns=count(event.get("turns")),
        best_turn=count(event.get("best_turn")),
    )


def _scores(value: object) -> dict[str, dict[str, float]]:
    return {name(split): numbers(scores) for split, scores in list(mapping(value).items())[:20]}
