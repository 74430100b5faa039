"""What a report tells of a run's events beside what the dashboard's view keeps: every warning once, notes, the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cilda.runs.events import Event
from cilda.runs.field import count, mapping, name, numbers, text
from cilda_tui.notices import Notice, notice_of

MOST_WARNINGS = 200
MOST_NOTES = 200
_LONGEST_TRACEBACK = 20_000
_MOST_LAYERS = 200


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning or an error of the trainer, said once or again and again."""

    notice: Notice
    """As it was said last."""
    first: float
    times: int = 1


class Facts:
    """Folds the events of a run, in order; memory stays bounded."""

    def __init__(self) -> None:
        self.teacher_scores: dict[str, dict[str, float]] = {}
        """By split and metric."""
        self.layers: tuple[tuple[int, int], ...] = ()
        """Student's layer and the teacher's that it was cut from, counted from 1."""
        self.layers_described = ""
        self.failed: Notice | None = None
        self.traceback = ""
        self.stopped: Notice | None = None
        self.attempts = 0
        """Processes that have worked on it."""
        self.checkpoints = 0
        self.notes: deque[Notice] = deque(maxlen=MOST_NOTES)
        self.notes_seen = 0
        self.warnings_left_out = 0
        self._warnings: dict[tuple[str, str], Warned] = {}

    @property
    def warnings(self) -> list[Warned]:
        """What was warned of, each once, in the order of the first time."""
        return list(self._warnings.values())

    def take(self, events: Iterable[Event]) -> None:
        """Takes what lies in `events/`, in order."""
        for event in events:
            kind = event["kind"]
            if kind == "metrics":
                continue
            if kind == "teacher":
                splits = list(mapping(event.get("scores")).items())[:20]
                self.teacher_scores = {name(split): numbers(scores) for split, scores in splits}
            elif kind == "layer_map":
                self._take_layers(event)
            elif kind == "started":
                self.attempts += 1
                self.failed, self.stopped, self.traceback = None, None, ""
            elif kind == "checkpoint":
                self.checkpoints += 1
            else:
                self._take_said(kind, event)

    def _take_said(self, kind: str, event: Event) -> None:
        notice = notice_of(event)
        if notice is None:
            return
        if kind == "failed":
            self.failed, self.traceback = notice, text(event.get("traceback"), _LONGEST_TRACEBACK)
        elif kind == "stopped":
            self.stopped = notice
        elif kind == "note":
            self.notes.append(notice)
            self.notes_seen += 1
        if notice.level in ("warning", "error") and kind in ("alert", "request"):
            self._warn(notice)

    def _warn(self, notice: Notice) -> None:
        key = (notice.level, notice.what)
        before = self._warnings.get(key)
        if before is not None:
            self._warnings[key] = replace(before, notice=notice, times=before.times + 1)
        elif len(self._warnings) < MOST_WARNINGS:
            self._warnings[key] = Warned(notice, notice.t)
        else:
            self.warnings_left_out += 1

    def _take_layers(self, event: Event) -> None:
        self.layers_described = text(event.get("description"), 500)
        pairs = event.get("layers")
        found = []
        for pair in pairs[:_MOST_LAYERS] if isinstance(pairs, list) else ():
            ends = [count(end) for end in pair[:2]] if isinstance(pair, list) else []
            if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
                found.append((ends[0], ends[1]))
        self.layers = tuple(found)
