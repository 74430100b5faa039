"""Time that may go into a look ahead."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

START_SECONDS = 15.0
"""Of a run that begins, what may go into measuring it: on a busy CPU few texts must tell what many will take."""


class Budget:
    """So many seconds from now on; `tell` gets in words what each of them goes into, before it does."""

    def __init__(
        self,
        seconds: float = math.inf,
        *,
        tell: Callable[[str], None] = lambda _: None,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._stopwatch = stopwatch
        self._end = stopwatch() + seconds
        self._stage = ""

    def enter(self, stage: str) -> None:
        """Names the stage that is looked at from here on."""
        self._stage = stage

    def tell(self, what: str) -> None:
        """Says what is measured next."""
        self._tell(f"measuring the {self._stage}'s stage: {what}" if self._stage else f"measuring {what}")

    def allows(self, seconds: float) -> bool:
        """Whether something that takes about so long may still begin."""
        return self._stopwatch() + seconds <= self._end
