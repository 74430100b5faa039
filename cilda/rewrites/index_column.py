"""The columns that were asked for last, in memory: growing with the index, and given without a copy."""

from __future__ import annotations

import bisect
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

MOST_COLUMNS = 6
"""So many are kept: 8 MB each for a million rewrites."""


class ColumnCache:
    """Columns by name. What was given is never written to again, but for the values that stood there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[np.ndarray, int]] = OrderedDict()

    def get(
        self, name: str, kind: type[np.generic], firsts: Sequence[int], section: Callable[[int], bytes]
    ) -> np.ndarray:
        """The column of all parts: `firsts` are their first places and, last, the number of all."""
        count = firsts[-1]
        with self._lock:
            values, known = self._known.pop(name, (np.empty(0, kind), 0))
            if len(values) < count:
                grown = np.empty(count if known == 0 else count + count // 4, kind)
                grown[:known] = values[:known]
                values = grown
            number = max(bisect.bisect_right(firsts, known) - 1, 0)
            while known < count:
                part = np.frombuffer(section(number), kind)
                values[known : firsts[number + 1]] = part[known - firsts[number] :]
                number += 1
                known = firsts[number]
            self._known[name] = values, known
            while len(self._known) > MOST_COLUMNS:
                self._known.popitem(last=False)
            given = values[:count]
            given.flags.writeable = False
            return given
