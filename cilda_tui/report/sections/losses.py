"""What both players descend and climb, term by term, and how the learning went beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cilda.runs.events import number
from cilda.runs.field import mapping, name
from cilda_tui.plots import Chart, charts_of, plot_named
from cilda_tui.report.curve_chart import curve_chart
from cilda_tui.report.gathered import Gathered
from cilda_tui.report.markup import Element, Nodes, element, said
from cilda_tui.report.parts import aside, charts, folded, table
from cilda_tui.report.words import amount
from cilda_tui.stage_curves import StageCurves
from cilda_tui.ui import Ui

MOST_CHARTS = 30
"""Of all stages together: a page stays a few megabytes, whatever a run holds."""

ELSEWHERE = ("scores", "texts a second", "seconds of a turn")
"""Charts that stand in other parts of a page."""

_BESIDE = ("agreement", "gradient norms", "rewriting", "learning rates")
_BY_TERM = " gradients by term"
_MOST_TERMS = 100


def losses(found: Gathered) -> Nodes:
    """Both players' objectives with all their terms, the newest stage first."""
    stages = [stage for stage in found.view.stages.values() if stage.curves]
    if not stages:
        return element("p", "No turn was written down.")
    parts: list[Nodes] = [_objectives(found)]
    room = MOST_CHARTS
    for stage in reversed(stages):
        body, room = _of_stage(found, stage, room)
        parts += [element("h3", "Stage ", said(stage.name)) if len(stages) > 1 else None, body]
    parts.append(
        aside(
            "Line: the mean, smoothed a little; band: from the least to the greatest value, so that no spike is lost."
        )
    )
    if not room:
        parts.append(aside(f"More charts than {MOST_CHARTS} are left out; the dashboard shows all: cilda attach."))
    return parts


def _of_stage(found: Gathered, stage: StageCurves, room: int) -> tuple[Nodes, int]:
    """The charts of a stage, first the objectives, then what stands beside them, then each term by itself."""
    groups: dict[str, list[Element]] = {"main": [], "beside": [], "single": []}
    known = [chart for chart in charts_of(stage, found.view.terms) if chart.name not in ELSEWHERE]
    for chart in known:
        plot = plot_named(found.view, Ui(stage=stage.name), (), chart.name) if room else None
        drawn = curve_chart(plot) if plot is not None else None
        if drawn is not None:
            groups[_group(chart)].append(drawn)
            room -= 1
    body = [
        charts(groups["main"]),
        folded("Agreement, gradients, learning rates", charts(groups["beside"])) if groups["beside"] else None,
        folded("Each term by itself", charts(groups["single"])) if groups["single"] else None,
    ]
    return body, room


def _group(chart: Chart) -> str:
    if chart.name in _BESIDE or chart.name.endswith(_BY_TERM):
        return "beside"
    several = chart.name.endswith(" losses") or chart.name in ("generator objective", "critic")
    return "main" if several else "single"


def _objectives(found: Gathered) -> Element | None:
    rows = list(_terms(found))
    return table(("player", "term", "weight", "last", ""), rows, words=2) if rows else None


def _terms(found: Gathered) -> Iterator[Sequence[Nodes]]:
    """The recipe: who climbs or descends what, how much it counts, and where it stood last."""
    stage = found.view.stages.get("student") or found.view.stage
    terms = mapping(found.view.record.run.get("terms"))
    if found.view.record.run.get("job") == "finetune":
        return
    for player, of_player in list(terms.items())[:8]:
        does = "climbs" if player == "generator" else "descends"
        for term in of_player[:_MOST_TERMS] if isinstance(of_player, list) else ():
            told = mapping(term)
            key, weight = name(told.get("key")), number(told.get("weight"))
            series = None if stage is None else stage.curves.get(f"{player}/{key}")
            batch = "per logarithm of the batch" if told.get("per_log_batch") is True else ""
            last = amount(None if series is None else series.last)
            yield [said(name(player)), f" {does}"], element("code", said(key)), amount(weight), last, batch
