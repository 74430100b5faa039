"""What a viewer of rewrites has chosen to see: one frozen value that keys change and that the screen is drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from cilda.rewrites.query_order import Order
from cilda_tui.ui import Message, Prompt

Overlay = Literal["", "help", "palette", "columns"]
"""What lies over the list: the keys, the actions, the columns to sort by."""

Noted = tuple[tuple[int, str], ...]
"""Places, and what was noted on each."""


@dataclass(frozen=True)
class Gone:
    """Where the viewer was before the list became another one, to come back to."""

    selected: int | None
    row: int
    only_marked: bool = False


@dataclass(frozen=True)
class State:
    """Everything about the screen that is not in the run. Frozen: a key gives a new one."""

    selected: int | None = None
    """The place of the rewrite under the bar, which stays there while others come; None: whatever is the first."""
    row: int = 0
    """On which row of the list the bar stands."""
    aside: int | None = None
    """The place of a rewrite that is shown though the list does not hold it."""

    # What is listed.
    where: str = ""
    """The filter, as it was typed."""
    order: Order | None = None
    """None: the newest first."""
    through: int | None = None
    """A place whose text is followed through time: only its rewrites are listed, the oldest first."""
    only_marked: bool = False
    came_from: Gone | None = None
    """Where the viewer was before a text was followed."""

    # Searching.
    phrase: str = ""
    origin: int = 0
    """The row of the list that the search began at."""
    seeking: bool = False
    """Whether the bar is to go to the first hit from there on, as soon as one is known."""

    # The rewrite under the bar.
    zoomed: bool = False
    """Whether it fills the screen."""
    stacked: bool = False
    """Whether its two texts stand one above the other even where there is room beside each other."""
    offset: int = 0
    """Rows that it is scrolled down."""

    # What was marked and noted, kept for the next time.
    marks: frozenset[int] = field(default_factory=frozenset)
    notes: Noted = ()

    overlay: Overlay = ""
    overlay_offset: int = 0
    prompt: Prompt | None = None
    undo: State | None = None
    """What escape goes back to while a filter or a phrase is typed."""
    message: Message | None = None
    theme: str = "dark"
    home: bool = False
    """Whether the dashboard is where this was opened from."""

    def with_(self, **changes: object) -> State:
        """The same with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def saying(self, text: str, role: str = "strong") -> State:
        """The same with a line in the footer."""
        return replace(self, message=Message(text, role))

    def note_on(self, place: int) -> str:
        """What was noted on a rewrite; empty if nothing."""
        return next((text for noted, text in self.notes if noted == place), "")
