"""Classes by their names, and numbers in a few letters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cilda.rewrites.rewrite import Rewrite


def class_named(place: int, labels: Sequence[str], kind: str = "class ") -> str:
    """A class by its name where that is known, else by its number: `class 1`."""
    return labels[place] if 0 <= place < len(labels) else f"{kind}{place}"


def gold_label(rewrite: Rewrite, labels: Sequence[str]) -> str:
    """The gold label by its name where that is known, else as it was written; empty where there is none."""
    label = rewrite.label
    if label is None:
        return ""
    named = (
        not rewrite.regression and not isinstance(label, str) and math.isfinite(label) and label in range(len(labels))
    )
    return labels[int(label)] if named else str(label)


def in_short(value: float | None) -> str:
    """A number in a few letters; a question mark where nobody said it."""
    if value is None:
        return "?"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.1e}"
