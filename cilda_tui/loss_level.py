"""Where a loss stands against where it has been: a fast mean, a slow one, and how much it usually dances."""

from __future__ import annotations

import math

_FAST, _SLOW = 1 / 20, 1 / 100
WARM = 100
"""Lines before anything can be said."""


class LossLevel:
    """Exponential means over the lines of one objective that should fall."""

    def __init__(self) -> None:
        self.lines = 0
        self.fast = math.nan
        self.lowest = math.nan
        """The lowest that the fast mean has been since it was warm."""
        self.dance = 0.0
        """The usual distance of a value from the fast mean."""

    def add(self, value: float) -> None:
        """Takes a line's mean; one that is not finite, or beyond all reason, is left out."""
        if not -1e30 < value < 1e30:
            return
        self.lines += 1
        if self.lines == 1:
            self.fast = value
            return
        off = value - self.fast
        if self.lines > WARM:
            # One spike is no climb.
            off = max(-2 * self._scale, min(2 * self._scale, off))
        self.fast += max(_FAST, 1 / self.lines) * off
        # A value far outside must not make all that follows look usual.
        self.dance += max(_SLOW, 1 / self.lines) * (
            min(abs(off), 5 * self.dance if self.lines > WARM else math.inf) - self.dance
        )
        if self.lines >= WARM and not self.fast >= self.lowest:
            self.lowest = self.fast

    @property
    def excess(self) -> float | None:
        """How far it stands above its lowest, in units of that or of its dance, whichever is more; None: too early."""
        if self.lines < WARM or math.isnan(self.lowest):
            return None
        return (self.fast - self.lowest) / self._scale

    @property
    def _scale(self) -> float:
        return max(6 * self.dance, abs(self.lowest), 1e-12)
