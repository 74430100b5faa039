"""The charts in their places, and the strip of small curves below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cilda_tui.chart import draw_chart
from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.moment import Moment, moment_of
from cilda_tui.panels.pane import Piece, figure, fitted, put_pieces
from cilda_tui.plots import chart_names, plot_named
from cilda_tui.spark import spark
from cilda_tui.stage_curves import LEARNER
from cilda_tui.ui import Ui, digit
from cilda_tui.view import RunView

_SPARK_CELLS = 12
_LABEL_CELLS = 10
_SPARKS = (
    ("total", f"{LEARNER}/total"),
    ("generator", "generator/total"),
    ("agree", f"{LEARNER}/agreement.real"),
    ("agree soft", f"{LEARNER}/agreement.soft"),
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
    number = f"{digit('curves')} " if index == 0 else ""
    if at >= len(names):
        frame = Frame(width, height)
        if at == 0:
            focused = ui.focus == "curves"
            frame.put(0, 0, f"{glyphs.chosen if focused else ''}{number}curves", "focus" if focused else "title")
            frame.put(2, min(2, max(0, height - 1)), "no values yet", "dim")
        return frame
    plot = plot_named(view, ui, marked, names[at])
    assert plot is not None
    focused = ui.focus == "curves" and at == min(ui.chart, len(names) - 1)
    words = f"{glyphs.chosen if focused else ''}{number}{plot.title}"
    return draw_chart(replace(plot, title=words), width, height, glyphs, focused=focused)


def draw_sparks(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """Small curves with their newest values: the objectives, scores, agreement and what else there is room for."""
    frame = Frame(width, height)
    moment = moment_of(view, ui)
    scores = [] if moment.stage is None else [key for key in moment.stage.curves if key.startswith("score/")][:1]
    wanted = [_SPARKS[0], *(("score", key) for key in scores), *_SPARKS[1:]]
    facts = [fact for label, key in wanted if (fact := _spark(moment, label, key, glyphs))]
    if not facts:
        frame.put(2, 0, "no curves yet", "dim")
        return frame
    for row in range(height):
        pieces = fitted(facts, width - 3, whole=True)
        put_pieces(frame, 2, row, pieces)
        taken = sum(1 for fact in facts if fact[0] in pieces)
        facts = facts[taken:]
        if not facts:
            break
    return frame


def _spark(moment: Moment, label: str, key: str, glyphs: Glyphs) -> list[Piece]:
    stage = moment.stage
    series = None if stage is None else stage.curves.get(key)
    if stage is None or series is None or not len(series):
        return []
    row = spark(series, moment.until, _SPARK_CELLS, glyphs)
    return [(f"{label:<{_LABEL_CELLS}} ", "dim"), (row, "line.0"), (f" {figure(moment.value(key))}", "")]
