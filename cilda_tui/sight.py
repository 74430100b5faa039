"""What stands before the viewer when a key is pressed: as much of the run and the screen as keys need to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sight:
    """Plain facts, gathered anew for each key."""

    run: str | None = None
    """The id of the run shown; None where only the list of runs is."""
    status: str = ""
    """The run's status word."""
    ended: bool = False
    began: float | None = None
    """Unix seconds of the run's first event, and of its newest."""
    now: float | None = None
    stages: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    """Names of all charts of the stage, in the order that they are shown in."""
    columns: int = 60
    """Cells of a chart, in width."""
    extent: tuple[float, float] | None = None
    """All that there is of the axis; None while there is nothing."""
    page: int = 10
    """Rows of the focused pane."""
    runs: tuple[str, ...] = ()
    """Ids of the runs that pass the filter, in the order of the list."""
    examples: tuple[str, ...] = ()
    """Keys `turn/id` of the examples that pass the filter, the newest first."""
    log_lines: int = 0
    events: int = 0
    overlay_rows: int = 0
    """Rows of what the overlay would show if there were room."""
    themes: tuple[str, ...] = ("dark",)
    home: bool = False
    """Whether the list of runs is where this one was opened from."""
