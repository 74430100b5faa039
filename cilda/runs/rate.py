"""How fast a stage has lately gone, by its events, and so how long the rest will take: working time only."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from cilda.runs.events import Event

RATE_SECONDS = 180.0
"""The past that a rate is taken from: long enough to hold an evaluation."""

_GAP_SECONDS = 60.0
_GAP_FACTOR = 8


class Rate:
    """Steps by time over the last minutes; what was no work (see `interrupts`, and a gap) is forgotten with all before.

    A gap is a minute or more that nothing explains and that is far longer than any other time between two marks: the
    machine slept, or somebody held the process.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()
        self._turns: dict[str, int] = {}
        self._explained = False

    @property
    def step(self) -> int:
        """The newest; 0 while there is none."""
        return self._marks[-1][1] if self._marks else 0

    def mark(self, seconds: float, step: int, player: str, turn: int) -> None:
        """Takes how far the stage is, as a line of metrics says; lines of two players may come in either order."""
        again = turn < self._turns.get(player, turn)
        self._turns[player] = turn
        if self._marks:
            last_seconds, last_step = self._marks[-1]
            if again or seconds < last_seconds or self._is_gap(seconds - last_seconds):
                self._marks.clear()
            elif step < last_step:
                return
        self._explained = False
        self._marks.append((seconds, step))
        while len(self._marks) > 2 and self._marks[1][0] < seconds - RATE_SECONDS:
            self._marks.popleft()

    def worked(self) -> None:
        """Says that the time since the last mark was work without turns: an evaluation, a checkpoint."""
        self._explained = True

    def interrupted(self) -> None:
        """Says that time passed without work, so that the rate begins anew."""
        self._marks.clear()
        self._turns.clear()
        self._explained = False

    def seconds_for(self, steps: int) -> float | None:
        """How long so many steps will take; None while there is no rate."""
        if len(self._marks) < 2:
            return None
        (first_seconds, first_step), (last_seconds, last_step) = self._marks[0], self._marks[-1]
        if last_step <= first_step or last_seconds <= first_seconds:
            return None
        return max(0, steps) * (last_seconds - first_seconds) / (last_step - first_step)

    def _is_gap(self, seconds: float) -> bool:
        if self._explained or seconds < _GAP_SECONDS or len(self._marks) < 2:
            return False
        return seconds > _GAP_FACTOR * max(later - earlier for (earlier, _), (later, _) in pairwise(self._marks))


def interrupts(event: Event) -> bool:
    """Whether time without work lies before or behind an event: a process began, a run was paused or goes on."""
    kind = event["kind"]
    paused = kind == "request" and event.get("what") in ("pause", "resume") and event.get("answer") == "done"
    return paused or kind in ("started", "stage")
