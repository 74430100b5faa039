"""How fast turns have lately been, and so how long the rest will take, with how sure that is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

WINDOW_SECONDS = 900.0
"""The past that counts."""

_MARKS = 240
_PIECES = 8
# Lines of two players that were written at once may come in either order.
_INTERLEAVED = 1000


@dataclass(frozen=True)
class Left:
    """Seconds that the rest will take: as of late, and at the fast and slow ends of it."""

    soonest: float
    likely: float
    latest: float


class Pace:
    """Steps by time over the last quarter of an hour."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=_MARKS)
        self._next = 0.0

    def add(self, seconds: float, step: int) -> None:
        """Takes the newest step; one that came again begins anew."""
        last_seconds, last_step = self._marks[-1] if self._marks else (seconds, step)
        if seconds < last_seconds or step < last_step - _INTERLEAVED:
            self._marks.clear()
        elif step < last_step:
            return
        # The newest mark moves along until its time is over.
        if len(self._marks) > 1 and seconds < self._next:
            self._marks[-1] = (seconds, step)
            return
        self._marks.append((seconds, step))
        self._next = seconds + WINDOW_SECONDS / _MARKS

    def interrupted(self) -> None:
        """Says that time passed without turns."""
        self._marks.clear()

    @property
    def steps_per_second(self) -> float | None:
        """Over the whole window; None while unknown."""
        rates = self._rates(1)
        return rates[0] if rates else None

    def left(self, steps: int) -> Left | None:
        """How long so many steps will take; None while unknown.

        The band holds the window's pieces but for the fastest and the slowest, an eighth each.
        """
        likely, rates = self.steps_per_second, sorted(self._rates(_PIECES))
        if likely is None or likely <= 0:
            return None
        rates = [rate for rate in rates if rate > 0] or [likely]
        if len(rates) > 4:
            rates = rates[1:-1]
        steps = max(0, steps)
        return Left(steps / max(likely, rates[-1]), steps / likely, steps / min(likely, rates[0]))

    def _rates(self, pieces: int) -> list[float]:
        marks = [mark for mark in self._marks if mark[0] >= self._marks[-1][0] - WINDOW_SECONDS]
        if len(marks) < 2:
            return []
        pieces = min(pieces, len(marks) - 1)
        bounds = [marks[round(place * (len(marks) - 1) / pieces)] for place in range(pieces + 1)]
        return [
            (step - before_step) / (seconds - before_seconds)
            for (before_seconds, before_step), (seconds, step) in pairwise(bounds)
            if seconds > before_seconds
        ]
