"""What a chart shows, as plain data: lines, an axis, a window on it, and what lies across."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cilda_tui.columns import Window, whole
from cilda_tui.series import Series
from cilda_tui.track import Track


@dataclass(frozen=True)
class Line:
    """A series under its name."""

    name: str
    series: Series
    points: bool = False
    """Few values of which each counts, such as scores: they are marked, joined, and never smoothed."""
    track: Track | None = None
    """That of another run, if the line is laid over from there."""


@dataclass(frozen=True)
class Plot:
    """All that a chart needs."""

    title: str
    lines: tuple[Line, ...]
    track: Track
    axis: str = "step"
    """One of `track.AXES`."""
    window: Window | None = None
    """What is shown, in units of the axis; None: everything."""
    until: int | None = None
    """The playhead: what happened after this step is not drawn."""
    smoothing: float = 0.6
    """How much of the column before is in each, from 0 to less than 1."""
    log: bool = False
    band: bool = True
    """Whether the least and greatest values are shown."""
    cursor: float | None = None
    """Where on the axis the cursor stands."""
    references: tuple[tuple[str, float], ...] = ()
    """Names and values of lines across, such as the teacher's score."""
    seams: tuple[int, ...] = ()
    """Steps at which the run went on after a break."""

    @property
    def drawn_axis(self) -> str:
        """The axis, or steps where nothing is known of it."""
        return self.axis if self.track.has(self.axis) else "step"

    def until_of(self, line: Line) -> int | None:
        """The playhead for a line; another run's is always shown as a whole."""
        return self.until if line.track is None else None

    def whole(self) -> Window:
        """All of the axis that there is."""
        tracks = [line.track for line in self.lines if line.track is not None]
        stretches = [(self.track, self.track.first_step, self._seen(self.track.last_step))]
        stretches += [(track, track.first_step, track.last_step) for track in tracks]
        if self.track.last_step < 0:
            stretches += [
                (self.track, line.series.first_step, self._seen(line.series.last_step))
                for line in self.lines
                if line.track is None
            ]
        return whole(
            self.drawn_axis, [self._extent(*stretch) for stretch in stretches if 0 <= stretch[1] <= stretch[2]]
        )

    def shown(self) -> Window:
        """The window, or the whole where there is none that makes sense."""
        if self.window is None:
            return self.whole()
        low, high = self.window
        return (low, high) if abs(low) < _FAR and abs(high) < _FAR and low < high else self.whole()

    def _seen(self, step: int) -> int:
        return step if self.until is None else min(step, self.until)

    def _extent(self, track: Track, first: int, last: int) -> Window:
        # One step further than the last, which shall lie within.
        low, end, beyond = (float(value) for value in track.from_steps(self.drawn_axis, [first, last, last + 1]))
        # Before an axis was known of it may seem to have been below 0.
        return (max(0.0, low), max(beyond, math.nextafter(end, math.inf)))


_FAR = 1e18
