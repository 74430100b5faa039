"""Which charts a stage has, and what each of them shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cilda.runs.stages import NO_LOSSES
from cilda_tui.moment import Moment, moment_of
from cilda_tui.plot import Line, Plot
from cilda_tui.stage_curves import LEARNER, PARTS, StageCurves
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

MARKS = "bcdefgh"
"""The letters of runs that are laid over the charts; the run shown is `a`."""

_GENERATOR = "generator"
# What the projections learn by is on another scale than what the student does.
_CRITIC = "critic."
_MOST_LINES = 12


@dataclass(frozen=True)
class Chart:
    """One chart: its name, and the label and curve of each line. A curve that a stage does not have is left out."""

    name: str
    curves: tuple[tuple[str, str], ...]
    points: bool = False
    """Whether its values are few and each counts."""


def charts_of(stage: StageCurves, terms: dict[str, tuple[str, ...]]) -> list[Chart]:
    """The charts of a stage that have values, what matters most first; each single curve at last by itself."""
    return _charts(stage.name, tuple(stage.curves), tuple(terms.items()))


@lru_cache(maxsize=64)
def _charts(learner: str, curves: tuple[str, ...], terms: tuple[tuple[str, tuple[str, ...]], ...]) -> list[Chart]:
    """Kept: it is asked for several times a frame, and changes only when a curve of a new name comes."""
    losses = {player: _losses(curves, player, dict(terms).get(player, ())) for player in (LEARNER, _GENERATOR)}
    scores = [(key.removeprefix("score/"), key) for key in curves if key.startswith("score/")]
    usual = [
        Chart(f"{learner} losses", _labelled(LEARNER, losses[LEARNER])),
        Chart("scores", _without_common_part(scores), points=True),
        Chart("generator objective", _labelled(_GENERATOR, losses[_GENERATOR])),
        Chart("agreement", (("real", f"{LEARNER}/agreement.real"), ("soft", f"{LEARNER}/agreement.soft"))),
        Chart("gradient norms", ((learner, f"{LEARNER}/gradient_norm"), (_GENERATOR, f"{_GENERATOR}/gradient_norm"))),
        Chart(
            "rewriting",
            (("drawn", f"{LEARNER}/drawn_fraction"), ("changed of them", f"{LEARNER}/changed_fraction")),
        ),
        Chart("learning rates", ((learner, f"{LEARNER}/learning_rate"), (_GENERATOR, f"{_GENERATOR}/learning_rate"))),
        Chart("critic", _labelled(LEARNER, _keys(curves, LEARNER, _CRITIC))),
        Chart("texts a second", ((learner, f"{LEARNER}/texts_per_second"),)),
        Chart("seconds of a turn", tuple((part, f"{LEARNER}/seconds.{part}") for part in PARTS)),
    ]
    norms = [
        Chart(f"{player} gradients by term", _labelled(player, _keys(curves, player, "gradient_norm.")))
        for player in (LEARNER, _GENERATOR)
    ]
    single = [
        Chart(f"{learner if player == LEARNER else player} {key}", ((key, f"{player}/{key}"),))
        for player in (LEARNER, _GENERATOR)
        for key in losses[player]
        if len(losses[player]) > 1
    ]
    return [chart for chart in (*usual, *norms, *single) if any(key in curves for _, key in chart.curves)]


def chart_names(view: RunView, ui: Ui) -> tuple[str, ...]:
    """All charts of the stage shown: those that the viewer chose in their order, then the others in the usual one."""
    stage = moment_of(view, ui).stage
    if stage is None:
        return ()
    names = [chart.name for chart in charts_of(stage, view.terms)]
    chosen = [name for name in dict.fromkeys(ui.chosen_charts) if name in names]
    return (*chosen, *(name for name in names if name not in chosen))


def plot_named(view: RunView, ui: Ui, marked: Sequence[RunView], name: str) -> Plot | None:
    """What the chart of this name shows, runs that are laid over it included; None if the stage has no such chart."""
    moment = moment_of(view, ui)
    stage = moment.stage
    chart = None if stage is None else next((one for one in charts_of(stage, view.terms) if one.name == name), None)
    if stage is None or chart is None:
        return None
    # A run that has nothing in common with this chart leaves it as it is.
    first = next(key for _, key in chart.curves if key in stage.curves)
    beside = [one for one in marked if stage.name in one.stages and first in one.stages[stage.name].curves]
    return Plot(
        title=_title(chart, stage) if beside else chart.name,
        lines=tuple(_lines(chart, view, stage, beside))[:_MOST_LINES],
        track=stage.track,
        axis=ui.axis,
        window=ui.window,
        until=moment.until,
        smoothing=ui.smoothing,
        log=ui.log,
        band=ui.draws_band,
        cursor=ui.cursor,
        references=_references(chart, view, moment),
        seams=tuple(stage.seams),
    )


def _lines(chart: Chart, view: RunView, stage: StageCurves, marked: Sequence[RunView]) -> Iterable[Line]:
    """Each curve; or, where runs are laid over, the first one of each run, under the run's name."""
    there = [(label, key) for label, key in chart.curves if key in stage.curves]
    if not marked:
        for label, key in there:
            yield Line(label, stage.curves[key], points=chart.points)
        return
    _, key = there[0]
    yield Line(view.folder.id, stage.curves[key], points=chart.points)
    for one in marked[: len(MARKS)]:
        other = one.stages[stage.name]
        yield Line(one.folder.id, other.curves[key], points=chart.points, track=other.track)


def _title(chart: Chart, stage: StageCurves) -> str:
    """With the name of the one curve that is shown of each run."""
    label = next(label for label, key in chart.curves if key in stage.curves)
    return chart.name if chart.name.endswith(label) else f"{chart.name}: {label}"


def _references(chart: Chart, view: RunView, moment: Moment) -> tuple[tuple[str, float], ...]:
    """The teacher's score, beside the student's."""
    if not chart.points or view.teacher is None or moment.stage is None or moment.stage.name != LEARNER:
        return ()
    _, metric, score = view.teacher
    shown = any(key.endswith(metric) for _, key in chart.curves)
    return (("teacher", score),) if shown else ()


def _losses(curves: Sequence[str], player: str, terms: Sequence[str]) -> list[str]:
    """The total, the recipe's terms in their order, then whatever else is a loss."""
    prefix = f"{player}/"
    there = [key.removeprefix(prefix) for key in curves if key.startswith(prefix)]
    there = [key for key in there if not key.startswith((*NO_LOSSES, _CRITIC))]
    return [key for key in dict.fromkeys(("total", *terms, *there)) if key in there]


def _keys(curves: Sequence[str], player: str, beginning: str) -> list[str]:
    prefix = f"{player}/{beginning}"
    return [key.removeprefix(f"{player}/") for key in curves if key.startswith(prefix)]


def _labelled(player: str, keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((key.removeprefix("gradient_norm."), f"{player}/{key}") for key in keys)


def _without_common_part(curves: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Labels such as `validation.accuracy` without the split where all are of the same."""
    splits = {label.partition(".")[0] for label, _ in curves}
    if len(splits) != 1:
        return tuple(curves)
    return tuple((label.partition(".")[2] or label, key) for label, key in curves)
