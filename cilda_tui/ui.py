"""What a viewer has chosen to see: one frozen value that keys change and that every panel is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

PANES = ("curves", "machine", "examples", "runs", "log", "events")
"""In the order of their digits, from 1."""

Overlay = Literal["", "help", "palette", "differences", "table"]
"""What lies over the panes: the keys, the actions, how marked runs' settings differ, their scores side by side."""

LOG_LEVELS = ("", "warning", "error")
"""What of the log is shown: all of it, warnings and errors, errors."""

SMOOTHINGS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98)
ARRANGEMENTS = (0, 1, 2, 4, 6)
"""How many charts at once; 0: as many as there is room for."""


@dataclass(frozen=True)
class Prompt:
    """A line that is being typed, or a question that waits for y. It takes the place of the footer."""

    kind: Literal["search", "filter", "note", "palette", "confirm", "column", "path"]
    label: str
    """What stands before the text: `filter: `, or the whole question."""
    text: str = ""
    at: int = 0
    """Where the next letter goes."""
    action: str = ""
    """Of a confirmation: what y does."""
    chosen: int = 0
    """Of the palette: which of the matching actions is chosen."""


@dataclass(frozen=True)
class Message:
    """One line that is shown in the footer until the next key."""

    text: str
    role: str = "strong"


@dataclass(frozen=True)
class Ui:
    """Everything about the screen that is not in the run. Frozen: a key gives a new one."""

    focus: str = "curves"
    """The pane that keys go to, of `PANES`."""
    zoomed: bool = False
    """Whether that pane fills the screen."""
    overlay: Overlay = ""
    offset: int = 0
    """Rows that the overlay is scrolled down."""

    # Charts.
    chart: int = 0
    """Which chart is focused, counted in the order that they are shown in."""
    chosen_charts: tuple[str, ...] = ()
    """Names of charts to show first, in this order; empty: the usual order."""
    arrangement: int = 0
    """How many charts at once, of `ARRANGEMENTS`."""
    axis: str = "step"
    smoothing: float = 0.6
    log: bool = False
    band: bool = True
    cursor: float | None = None
    """Where the cursor stands, in units of the axis; None: there is none."""
    window: tuple[float, float] | None = None
    """What of the axis is shown; None: all of it."""
    follow: bool = False
    """Whether the window moves along with the newest step."""
    stage: str | None = None
    """The stage shown; None: the newest."""

    # Time.
    playhead: float | None = None
    """Unix seconds of the moment shown: nothing later is drawn. None: the present."""
    frozen: bool = False
    """Whether the playhead was set by freezing, not by scrubbing."""

    # Examples.
    example: int = 0
    """Which example of those that pass the filter, counted back from the newest."""
    pinned: str | None = None
    """The key `turn/id` of the example that was stepped to: it stays while newer ones come."""
    only_disagreements: bool = False
    example_filter: str = ""

    # Log and events.
    log_back: int = 0
    """Lines that the log is scrolled back from its end."""
    log_level: str = ""
    log_search: str = ""
    log_match: int = 0
    """Which match is shown, counted back from the newest."""
    event_back: int = 0
    machine_offset: int = 0

    # Runs.
    run: str | None = None
    """The id of the run under the bar in the list of runs; None: the first."""
    run_filter: str = ""
    marks: tuple[str, ...] = ()
    """Ids of the runs that are laid over the charts, in the order they were marked."""

    # The line at the bottom.
    prompt: Prompt | None = None
    message: Message | None = None

    # The terminal, and what may be done.
    theme: str = "dark"
    bell: bool = True
    mouse: bool = True
    read_only: str = ""
    """Why the run cannot be steered from here; empty where it can."""
    sent_rate: float | None = None
    """Bytes a second that go to the terminal, rounded so that it changes rarely; None until it is known."""
    slow: bool = False
    """Whether the line to the terminal is slow: fewer frames, no bands."""
    replay: bool = False
    """Whether the run had ended when it was opened."""

    def with_(self, **changes: object) -> Ui:
        """The same with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def saying(self, text: str, role: str = "strong") -> Ui:
        """The same with a line in the footer."""
        return replace(self, message=Message(text, role))

    @property
    def draws_band(self) -> bool:
        """Whether charts show the raw values' band: chosen, and affordable."""
        return self.band and not self.slow


def digit(pane: str) -> str:
    """The key that jumps to a pane: `1`."""
    return str(PANES.index(pane) + 1)


def around(values: Sequence[object], value: object, by: int) -> object:
    """The value that stands `by` places further in a circle of values; the first if it is none of them."""
    return values[(values.index(value) + by) % len(values)] if value in values else values[0]
