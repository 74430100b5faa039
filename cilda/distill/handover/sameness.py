"""Whether two models say the same: label by label, and how far their logits are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cilda.distill.evaluate import Array, predicted
from cilda.tasks.task import Task

# float32 sums in another order differ by a millionth of what they add up; labels of a regression are amounts.
AMOUNT_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Sameness:
    """One model held against another on the same rows."""

    rows: int
    different: tuple[int, ...]
    """The rows of which they do not say the same, rising."""
    largest_difference: float
    """Of any logit; NaN where one of them is no number."""

    @property
    def same(self) -> int:
        """Rows of which both say the same."""
        return self.rows - len(self.different)


def sameness(task: Task, expected_NC: Array, found_NC: Array) -> Sameness:
    """Holds `found_NC` against `expected_NC`, logits of the same rows.

    Rows are the same when their label is, or all labels of a row that may have several. Amounts, of a regression, are
    the same when they are no further apart than a ten-thousandth of the largest. A logit that is no number is never
    the same.
    """
    assert expected_NC.shape == found_NC.shape, f"{expected_NC.shape} against {found_NC.shape}"
    with np.errstate(invalid="ignore"):
        distance_NC = np.abs(expected_NC.astype(np.float64) - found_NC.astype(np.float64))
    if task.regression:
        largest = float(np.abs(expected_NC).max(initial=0.0))
        equal_N = distance_NC[:, 0] <= AMOUNT_TOLERANCE * largest
    else:
        equal = predicted(task, expected_NC) == predicted(task, found_NC)
        equal_N = equal if equal.ndim == 1 else equal.all(axis=1)
    equal_N = equal_N & np.isfinite(distance_NC).all(axis=1)
    different = tuple(int(row) for row in np.flatnonzero(~equal_N))
    return Sameness(len(expected_NC), different, float(distance_NC.max(initial=0.0)))
