"""What stands before the viewer: as much of the list and the screen as keys and drawing need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cilda.rewrites.rewrite import Rewrite

NOTHING = np.empty(0, np.intp)


@dataclass(frozen=True, eq=False)
class Sight:
    """Plain facts, gathered anew for each key and each frame."""

    run: str = ""
    places: np.ndarray = field(default_factory=lambda: NOTHING)
    """What is listed, in the order of the list."""
    at: int = 0
    """Which row of the list the bar stands on; 0 where the list holds nothing."""
    whole: bool = True
    """Whether the list is all that fits of what is known; else more is being found."""
    known: int = 0
    """How many rewrites the list was made from."""
    total: int = 0
    """Rewrites that are known."""
    known_fraction: float = 1.0
    """The share of what lies there that is known."""
    trouble: str = ""
    """Why there is nothing, or not all."""
    page: int = 10
    """Rows of the list that are seen at once."""
    course: tuple[float, ...] = ()
    """Of a text that is followed through time the KL of its rewrites, where it is known."""
    hits: np.ndarray = field(default_factory=lambda: NOTHING)
    """Rows of the list that hold the phrase, rising."""
    searching: bool = False
    """Whether more hits may come."""
    detail_page: int = 10
    detail_rows: int = 0
    """Rows that the rewrite under the bar would take if there were room."""
    overlay_rows: int = 0
    labels: tuple[str, ...] = ()
    rows: Mapping[int, Rewrite | str] = field(default_factory=dict)
    """By place what is read by now, or why it cannot be."""
    columns: tuple[str, ...] = ()
    """Names of the columns that are shown."""
    exports: str = ""
    """The folder that files are exported to, unless another one is typed."""
    themes: tuple[str, ...] = ("dark",)

    @property
    def stepless(self) -> bool:
        """Whether what is seen was written by a version that told turns only."""
        return not any(isinstance(row, str) or row.step is not None for row in self.rows.values())

    @property
    def count(self) -> int:
        """How many are listed."""
        return len(self.places)

    @property
    def place(self) -> int | None:
        """The place under the bar; None where nothing is listed."""
        return int(self.places[min(self.at, self.count - 1)]) if self.count else None
