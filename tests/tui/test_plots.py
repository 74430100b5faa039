"""Every curve of a stage is in a chart under its own name, and each chart is as the viewer chose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cilda.runs.layout import RunFolder
from cilda_tui.plots import chart_names, charts_of, plot_named
from cilda_tui.ui import Ui
from tests.tui.made_events import evaluation, event, metrics, stage, view_of

RECIPE: dict[str, Any] = {"hard_label__real": 0.3, "logit_kl__soft": 0.4, "total": 0.7}
WATCHED: dict[str, Any] = {
    "agreement__real": 0.9, "agreement__soft": 0.8, "changed_fraction": 0.2, "drawn_fraction": 0.3,
    "gradient_norm": 1.0, "gradient_norm__hard_label__real": 0.5, "learning_rate": 2e-5, "seconds__student": 0.1,
    "texts_per_second": 400.0,
}  # fmt: skip
RUN = (
    stage(),
    metrics(1, **RECIPE, **WATCHED),
    metrics(2, player="generator", logit_kl__soft=0.4, total=0.4, gradient_norm=2.0),
    evaluation(2, 0.8, best=True),
)


def test_charts_come_in_the_order_of_what_they_tell() -> None:
    assert chart_names(view_of(*RUN), Ui())[:9] == (
        "student losses", "scores", "generator objective", "agreement", "gradient norms", "rewriting",
        "learning rates", "texts a second", "seconds of a turn",
    )  # fmt: skip


def test_a_stage_without_a_generator_has_no_chart_of_it() -> None:
    assert chart_names(view_of(stage(), metrics(1, total=1.0)), Ui()) == ("student losses",)


def test_every_curve_is_in_a_chart_also_one_of_a_recipe_nobody_knows() -> None:
    view = view_of(*RUN, metrics(3, of_the_future=1.0, **RECIPE))
    assert view.stage is not None
    drawn = {key for chart in charts_of(view.stage, {}) for _, key in chart.curves}
    assert set(view.stage.curves) <= drawn


def test_losses_are_told_total_first_and_then_as_the_recipe_has_them() -> None:
    view = view_of(*RUN)
    view.terms = {"student": ("logit_kl.soft", "hard_label.real")}
    plot = plot_named(view, Ui(), [], "student losses")
    assert plot is not None
    assert [line.name for line in plot.lines] == ["total", "logit_kl.soft", "hard_label.real"]


def test_what_the_projections_learn_by_does_not_squeeze_the_losses() -> None:
    view = view_of(*RUN, metrics(3, critic__layer_contrast__soft=3.0, **RECIPE))
    losses, critic = (plot_named(view, Ui(), [], name) for name in ("student losses", "critic"))
    assert losses is not None and critic is not None
    assert [line.name for line in losses.lines] == ["total", "hard_label.real", "logit_kl.soft"]
    assert [line.name for line in critic.lines] == ["critic.layer_contrast.soft"]


def test_whom_the_teacher_stage_trains_is_called_the_teacher() -> None:
    names = chart_names(view_of(stage(name="teacher"), metrics(1, stage="teacher", total=1.0)), Ui())
    assert names == ("teacher losses",)


def test_what_the_viewer_chose_comes_first_and_what_is_not_there_is_left_out() -> None:
    names = chart_names(view_of(*RUN), Ui(chosen_charts=("agreement", "gone", "scores")))
    assert names[:3] == ("agreement", "scores", "student losses")
    assert len(names) == len(set(names)) == len(chart_names(view_of(*RUN), Ui()))


def test_scores_stand_beside_the_teacher_s() -> None:
    view = view_of(event("teacher", name="big", score=0.943, metric="accuracy"), *RUN)
    plot = plot_named(view, Ui(), [], "scores")
    assert plot is not None
    assert [line.name for line in plot.lines] == ["accuracy"]
    assert plot.references == (("teacher", 0.943),)
    losses = plot_named(view, Ui(), [], "student losses")
    assert losses is not None
    assert losses.references == ()


def test_scores_of_several_splits_are_told_apart() -> None:
    view = view_of(*RUN, evaluation(2, 0.7, split="mismatched"))
    plot = plot_named(view, Ui(), [], "scores")
    assert plot is not None
    assert [line.name for line in plot.lines] == ["validation.accuracy", "mismatched.accuracy"]


def test_of_runs_laid_over_each_other_one_curve_each_is_shown_under_the_run_s_name_by_its_own_steps() -> None:
    view, other = view_of(*RUN), view_of(stage(), metrics(5, total=1.0))
    other.folder = RunFolder(Path("runs/two"))
    plot = plot_named(view, Ui(), [other], "student losses")
    assert plot is not None
    assert plot.title == "student losses: total"
    assert [line.name for line in plot.lines] == ["one", "two"]
    assert plot.lines[1].track is not None
    assert other.stage is not None
    assert plot.lines[1].track is other.stage.track
    assert plot.lines[0].track is None


def test_a_playhead_ends_the_curves_and_a_resume_leaves_a_seam() -> None:
    view = view_of(*RUN, metrics(10, total=0.5), stage(5, t=11.0, resumed_from="step-student-00000005"))
    plot = plot_named(view, Ui(playhead=2.0), [], "student losses")
    assert plot is not None
    assert (plot.until, plot.seams) == (2, (5,))


def test_without_a_stage_there_is_no_chart() -> None:
    assert chart_names(view_of(), Ui()) == ()
    assert plot_named(view_of(), Ui(), [], "scores") is None
    assert plot_named(view_of(*RUN), Ui(), [], "gone") is None


def test_a_run_that_has_nothing_in_common_leaves_a_chart_as_it_is() -> None:
    plot = plot_named(view_of(*RUN), Ui(), [view_of(stage(name="pretraining"))], "student losses")
    assert plot is not None
    assert [line.name for line in plot.lines] == ["total", "hard_label.real", "logit_kl.soft"]
