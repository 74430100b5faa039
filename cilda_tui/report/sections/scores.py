"""Teacher's and student's scores, split by split, and how the student came to its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cilda_tui.plots import plot_named
from cilda_tui.report.curve_chart import curve_chart
from cilda_tui.report.gathered import Gathered
from cilda_tui.report.markup import Element, Nodes, element, said
from cilda_tui.report.parts import aside, charts, folded, table
from cilda_tui.report.sections.head import teacher_score
from cilda_tui.report.words import NOTHING, amount, score, share, stamp
from cilda_tui.stage_curves import LEARNER, Evaluation, StageCurves
from cilda_tui.ui import Ui

MOST_EVALUATIONS = 300


def scores(found: Gathered) -> Nodes:
    """A table of what was reached, and a chart and a table of the way there."""
    stages = [stage for stage in found.view.stages.values() if stage.evaluations]
    if not stages:
        return element("p", "Nothing was scored yet." if not found.view.status.ended else "Nothing was ever scored.")
    return [_of_stage(found, stage, named=len(stages) > 1) for stage in reversed(stages)]


def _of_stage(found: Gathered, stage: StageCurves, *, named: bool) -> Nodes:
    plot = plot_named(found.view, Ui(stage=stage.name), (), "scores")
    chart = curve_chart(plot) if plot is not None else None
    whose = "teacher" if stage.name == "teacher" else LEARNER
    student = stage.name == LEARNER
    head = ["split", "metric", *(["the teacher's"] if student else []), "best", "at turn", "last"]
    head += ["at the end", "of the teacher's"] if student else []
    return [
        element("h3", "Stage ", said(stage.name)) if named else None,
        table(head, _reached(found, stage), words=2),
        aside(f"Best: of the evaluation that was best by {stage.metric or 'the metric that decides'}; ",
              "at the end: of the weights that were kept as the student.") if student else None,
        charts([chart]) if chart is not None else None,
        folded(f"All evaluations of the {whose}", *_evaluations(stage)),
    ]  # fmt: skip


def _reached(found: Gathered, stage: StageCurves) -> Iterator[Sequence[Nodes]]:
    """A row for each split and metric."""
    best_turn = next((one.turn for one in reversed(stage.evaluations) if one.best), None)
    newest: dict[tuple[str, str], float] = {}
    at_best: dict[tuple[str, str], float] = {}
    for evaluation in stage.evaluations:
        for metric, value in evaluation.scores.items():
            newest[evaluation.split, metric] = value
            if evaluation.turn == best_turn:
                at_best[evaluation.split, metric] = value
    outcome = found.view.outcome
    for (split, metric), last in newest.items():
        best = at_best.get((split, metric))
        row: list[Nodes] = [said(split), said(metric)]
        known = [score(best), NOTHING if best is None or best_turn is None else f"{best_turn:,}", score(last)]
        if stage.name == LEARNER:
            of_teacher = teacher_score(found, split, metric)
            kept = None if outcome is None else outcome.student.get(split, {}).get(metric)
            reached = kept if kept is not None else best
            part = share(reached / of_teacher) if reached is not None and of_teacher and of_teacher > 0 else NOTHING
            row += [score(of_teacher), *known, score(kept), part]
        else:
            row += known
        yield row


def _evaluations(stage: StageCurves) -> Iterator[Element]:
    """All of them, or, where they are very many, an even choice with every best one's turn."""
    shown, every = stage.evaluations, 1
    if len(shown) > MOST_EVALUATIONS:
        every = -(-len(shown) // MOST_EVALUATIONS)
        shown = [one for place, one in enumerate(shown) if place % every == 0 or one is shown[-1]]
        yield aside(f"Every {every}th of {len(stage.evaluations):,}.")
    yield table(("when", "split", "scores", "turn", "epoch", ""), map(_evaluation, shown), words=3)


def _evaluation(evaluation: Evaluation) -> Sequence[Nodes]:
    words = ", ".join(f"{metric} {score(value)}" for metric, value in evaluation.scores.items())
    return (
        stamp(evaluation.t), said(evaluation.split), said(words, 1000), f"{evaluation.turn:,}",
        amount(evaluation.epoch), element("strong", "★ best so far") if evaluation.best else None,
    )  # fmt: skip
