"""The whole screen in one frame: every pane in its place."""

from __future__ import annotations

from collections.abc import Sequence

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.layout import Placed, arrange, charts_placed
from cilda_tui.log_tail import LogText
from cilda_tui.panels.curves import draw_place, draw_sparks
from cilda_tui.panels.events import draw_events
from cilda_tui.panels.examples import draw_examples
from cilda_tui.panels.footer import draw_footer
from cilda_tui.panels.log import draw_log
from cilda_tui.panels.machine import draw_machine
from cilda_tui.panels.runs import draw_runs
from cilda_tui.panels.status import draw_block, draw_status
from cilda_tui.panels.time_share import draw_share
from cilda_tui.plots import chart_names
from cilda_tui.run_rows import RunRow
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

_OF_A_RUN = {
    "status": draw_status,
    "block": draw_block,
    "sparks": draw_sparks,
    "share": draw_share,
    "machine": draw_machine,
    "examples": draw_examples,
    "events": draw_events,
}


def draw_dashboard(
    view: RunView | None,
    ui: Ui,
    width: int,
    height: int,
    glyphs: Glyphs,
    *,
    log: LogText | None = None,
    runs: Sequence[RunRow] = (),
    marked: Sequence[RunView] = (),
    now: float | None = None,
    trouble: str = "",
) -> Frame:
    """Everything that `arrange` has a place for. Without a view only the list of runs is open.

    `now` is the time of the list, by default the present; `trouble` what keeps it from being read.
    """
    frame = Frame(width, height)
    placed = arrange(width, height, ui, 1 if view is None else len(chart_names(view, ui)))
    charts = len(charts_placed(placed))
    for place in placed:
        size = (place.width, place.height)
        if place.pane == "footer":
            drawn = draw_footer(ui, *size, glyphs)
        elif place.pane == "runs" or (view is None and place.pane == "block"):
            shown_run = None if view is None else view.folder.id
            drawn = draw_runs(runs, ui, *size, glyphs, shown_run=shown_run, now=now, trouble=trouble)
        elif view is None:
            drawn = _heading(place)
        elif place.pane == "curves":
            drawn = draw_place(view, ui, marked, place.index, charts, *size, glyphs)
        elif place.pane == "log":
            drawn = draw_log(log, ui, *size, glyphs)
        else:
            drawn = _OF_A_RUN[place.pane](view, ui, *size, glyphs)
        frame.paste(drawn, place.x, place.y)
    return frame


def _heading(place: Placed) -> Frame:
    """What stands above the list of runs while none is open."""
    frame = Frame(place.width, place.height)
    if place.pane == "status":
        frame.put(1, 0, "cilda", "title", end=place.width)
    return frame
