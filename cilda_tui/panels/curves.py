"""The charts in their places, and the strip of small curves below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cilda_tui.chart import draw_chart
from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.moment import Moment, moment_of
from cilda_tui.panels.card import draw_card
from cilda_tui.panels.pane import Piece, figure, safe, titled
from cilda_tui.plot import Plot
from cilda_tui.plots import chart_names, plot_named
from cilda_tui.spark import spark
from cilda_tui.stage_curves import LEARNER, StageCurves
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

_LABEL_CELLS = 9
# Label, a curve of eight letters, value: three stand side by side on 80 columns.
_LEAST_CELLS, _MOST_CELLS = 26, 40
_SPARKS = (
    ("total", f"{LEARNER}/total"),
    ("generator", "generator/total"),
    ("agree", f"{LEARNER}/agreement.real"),
    ("agr soft", f"{LEARNER}/agreement.soft"),
    ("gradient", f"{LEARNER}/gradient_norm"),
    ("changed", f"{LEARNER}/changed_fraction"),
    ("texts/s", f"{LEARNER}/texts_per_second"),
)


def first_chart(ui: Ui, places: int) -> int:
    """Which chart stands in the first of so many places: they turn like pages, so that the focused one is seen."""
    return ui.chart // places * places if places else 0


def draw_place(
    view: RunView, ui: Ui, marked: Sequence[RunView], index: int, places: int, width: int, height: int, glyphs: Glyphs
) -> Frame:
    """The chart in one of the places."""
    names = chart_names(view, ui)
    at = first_chart(ui, places) + index
    if at >= len(names):
        return draw_card(view, ui, width, height, glyphs) if at == 0 else Frame(width, height)
    plot = plot_named(view, ui, marked, names[at])
    assert plot is not None
    focused = ui.focus == "curves" and at == min(ui.chart, len(names) - 1)
    if height < 6:
        # Every row is worth more than a rule.
        return draw_chart(plot, width, height, glyphs, focused=focused)
    title = safe(plot.title, glyphs)
    right = _settings(ui, plot, at, len(names)) if focused else [(_axis_words(plot), "warn")]
    pane = "curves" if index == 0 or focused else ""
    # Of all charts only one has the keys.
    frame = titled(pane, title, ui if focused else ui.with_(focus="none"), width, height, glyphs, right=right)
    frame.paste(draw_chart(replace(plot, title=""), width, height - 1, glyphs, focused=focused), 0, 1)
    return frame


def _settings(ui: Ui, plot: Plot, at: int, count: int) -> list[Piece]:
    """What keys have done to the charts, beside what would not be told from the usual; which of them this is."""
    seen = "" if plot.window is None else "following" if ui.follow else "zoomed"
    return [
        (f"smoothing {plot.smoothing:g}" if plot.smoothing else "not smoothed", "dim"),
        (seen, "frozen"),
        ("logarithmic" if plot.log else "", "dim"),
        (_axis_words(plot), "warn"),
        (f"{at + 1} of {count}", "dim"),
    ]


def _axis_words(plot: Plot) -> str:
    return f"no {plot.axis} known: by step" if plot.drawn_axis != plot.axis else ""


def draw_sparks(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """Small curves with their newest values: the objectives, scores, agreement and what else there is room for."""
    frame = Frame(width, height)
    moment = moment_of(view, ui)
    scores = [] if moment.stage is None else [key for key in moment.stage.curves if key.startswith("score/")][:1]
    wanted = [_SPARKS[0], *(("score", key) for key in scores), *_SPARKS[1:]]
    there = [(label, key) for label, key in wanted if moment.stage is not None and _has(moment.stage, key)]
    columns = max(1, (width - 2) // _LEAST_CELLS)
    room = min(_MOST_CELLS, (width - 2) // columns)
    if not there:
        frame.put(2, 0, "no curves yet", "dim")
        return frame
    for row in range(height):
        for column, (label, key) in enumerate(there[row * columns : (row + 1) * columns]):
            _put_spark(frame, 2 + column * room, row, moment, label, key, room - 2, glyphs)
    return frame


def _has(stage: StageCurves, key: str) -> bool:
    return key in stage.curves and len(stage.curves[key]) > 0


def _put_spark(frame: Frame, x: int, y: int, moment: Moment, label: str, key: str, cells: int, glyphs: Glyphs) -> None:
    """Label, curve and newest value, in exactly so many cells: each row stands below the one before."""
    assert moment.stage is not None
    value = figure(moment.value(key), 3)
    curve = max(0, cells - _LABEL_CELLS - len(value) - 2)
    at = frame.put(x, y, f"{label:<{_LABEL_CELLS}} "[: max(0, cells)], "dim")
    at = frame.put(at, y, spark(moment.stage.curves[key], moment.until, curve, glyphs), "line.0")
    frame.put(at, y, f" {value}", "bad" if "NaN" in value or "inf" in value else "")
