"""A curve in one row of letters."""

from __future__ import annotations

import numpy as np

from cilda_tui.columns import columns_for, whole
from cilda_tui.glyphs import Glyphs
from cilda_tui.scale import scale_of
from cilda_tui.series import Series


def spark(series: Series, steps_until: int | None, width: int, glyphs: Glyphs) -> str:
    """The means of a series up to a step (None: all), exactly so many letters.

    Letters stay where they are and as high as they are until room runs out or the values leave the bounds. A mean
    holds until the next; what is not finite is crossed.
    """
    last = series.last_step if steps_until is None else min(series.last_step, steps_until)
    if width <= 0 or not len(series) or last < series.first_step:
        return " " * max(0, width)
    columns = columns_for("step", whole("step", [(float(series.first_step), float(last + 1))]), width)
    edges = np.minimum(np.ceil(columns.edges()), last + 1).astype(np.int64)
    found = series.columns(edges)
    known = found.mean[found.count > 0]
    letters = [" "] * width
    if len(known):
        heights = len(glyphs.levels) - 1
        scale = scale_of(float(known.min()), float(known.max()))
        dots = np.clip(scale.dots(found.mean, heights), 0, heights - 1).tolist()
        held = " "
        # The last column that has begun; behind it nothing is known.
        end = min(width, columns.column(float(last)) + 1)
        for place, filled in enumerate((found.count > 0).tolist()[:end]):
            held = glyphs.levels[1 + dots[place]] if filled else held
            letters[place] = held
    for place in np.flatnonzero(found.bad).tolist():
        letters[place] = glyphs.cross
    return "".join(letters)
