"""A stage's curves: what each holds, what a resumed run forgets, where the time goes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cilda_tui.stage_curves import MOST_CURVES, StageCurves
from tests.tui.made_events import evaluation, event, metrics, stage, view_of


def curves_of(*events: dict[str, object]) -> StageCurves:
    found = view_of(*events).stage
    assert found is not None
    return found


def test_each_player_has_its_curves() -> None:
    curves = curves_of(stage(), metrics(1, player="generator", total=0.25), metrics(2, total=0.5, logit_kl__soft=0.75))
    assert {key: series.last for key, series in curves.curves.items()} == {
        "generator/total": 0.25,
        "student/total": 0.5,
        "student/logit_kl.soft": 0.75,
    }
    assert (curves.last_step, curves.player) == (2, "student")


def test_a_spike_inside_a_line_is_kept() -> None:
    spiky = metrics(10, turns=10)
    spiky["values"] = {"total": {"n": 10, "mean": 0.5, "min": 0.25, "max": 8.0, "last": 0.5}}
    points = curves_of(spiky).curves["student/total"].points()
    assert (points.low[0], points.mean[0], points.high[0], points.count[0]) == (0.25, 0.5, 8.0, 10)


@pytest.mark.parametrize(
    ("summary", "last"),
    [
        ({"mean": 0.5}, 0.5),
        ({"mean": 1, "min": 1, "max": 1, "n": 1}, 1.0),
        ({"mean": 0.5, "min": None, "max": "x", "n": "y"}, 0.5),
        ({"mean": "Infinity", "min": 0.5, "max": 0.5, "n": 1}, math.inf),
        ({"mean": 1e999, "min": 0.5, "max": 1e999, "n": 1}, math.inf),
        ({"mean": 10**400, "min": 0, "max": 10**400, "n": 10**400}, math.inf),
        ({"mean": 0.5, "min": 0.75, "max": 0.25, "n": -4}, 0.5),
    ],
)
def test_a_value_is_taken_as_far_as_it_makes_sense(summary: dict[str, object], last: float) -> None:
    line = metrics(1)
    line["values"] = {"total": summary}
    curves = curves_of(line)
    assert curves.curves["student/total"].last == last
    curves.curves["student/total"].columns([0, 2])


@pytest.mark.parametrize("values", ["text", None, [1], {"total": "text"}, {"total": [1]}, {"total": {"mean": "x"}}])
def test_values_that_are_none_give_no_curve_a_value(values: object) -> None:
    line = metrics(1)
    line["values"] = values
    assert all(not len(series) for series in curves_of(stage(), line).curves.values())


@pytest.mark.parametrize("step", [[1], "1", -1, None, "NaN", 1e999, True, {}])
def test_a_step_that_is_none_is_no_step(step: object) -> None:
    curves = curves_of(stage(), metrics(1, total=0.5) | {"step": step})
    assert curves.last_step == -1


def test_a_run_that_went_on_from_a_checkpoint_forgets_what_came_after_it() -> None:
    first = [stage(), *(metrics(step, total=1.0) for step in range(1, 41)), evaluation(40, 0.5, best=True)]
    first += [*(metrics(step, total=1.0) for step in range(41, 101)), evaluation(100, 0.75, best=True)]
    going_on = [
        event("started", 200.0, attempt=2),
        stage(40, t=201.0, resumed_from="step-student-00000040", best=0.5, best_turn=40),
    ]
    curves = curves_of(*first, *going_on)
    assert (curves.last_step, curves.seams) == (40, [40])
    assert [found.turn for found in curves.evaluations] == [40]
    assert curves.progress.best == ("accuracy", 0.5, 40)
    assert curves.progress.turn == 40
    curves = curves_of(*first, *going_on, *(metrics(step, t=200.0 + step, total=2.0) for step in range(41, 61)))
    columns = curves.curves["student/total"].columns(np.array([0, 41, 101]))
    assert (columns.mean.tolist(), columns.count.tolist()) == ([1.0, 2.0], [40, 20])
    assert len(curves.curves["score/validation.accuracy"]) == 1
    assert curves.track.last_step == 60


def test_turns_that_come_again_unannounced_replace_the_earlier_ones() -> None:
    curves = curves_of(*(metrics(step, total=1.0) for step in range(1, 101)), metrics(55, t=300.0, turns=5, total=2.0))
    assert (curves.last_step, curves.seams) == (55, [50])
    columns = curves.curves["student/total"].columns(np.array([0, 51, 101]))
    assert columns.mean.tolist() == [1.0, 2.0]


def test_a_second_break_before_the_first_seam_leaves_one_seam() -> None:
    lines = [metrics(step, total=1.0) for step in range(1, 101)]
    back = [stage(50, resumed_from="step-student-00000050"), *(metrics(step, total=1.0) for step in range(51, 70))]
    curves = curves_of(*lines, *back, *back, stage(30, resumed_from="step-student-00000030"))
    assert curves.seams == [30]


def test_a_checkpoint_of_the_generator_before_the_first_turn_of_the_student() -> None:
    lines = [metrics(step, player="generator", total=1.0) for step in range(1, 21)]
    curves = curves_of(stage(), *lines, stage(0, resumed_from="step-student-00000012"))
    assert (curves.last_step, curves.seams) == (12, [12])


def test_a_stage_that_begins_anew_has_no_past() -> None:
    curves = curves_of(stage(), *(metrics(step, total=1.0) for step in range(1, 21)), stage(t=50.0))
    assert (curves.last_step, curves.seams, len(curves.curves["student/total"])) == (0, [], 0)


def test_two_players_whose_lines_overlap_are_no_break() -> None:
    lines = [metrics(110, player="generator", turns=10), metrics(100, turns=90), metrics(200, turns=90)]
    curves = curves_of(stage(), *(line | {"values": {"total": {"mean": 1.0}}} for line in lines))
    assert curves.seams == []
    assert curves.curves["generator/total"].last_step == 110
    assert curves.curves["student/total"].last_step == 200


def test_values_that_are_not_finite_are_remembered_from_the_first_in_a_row() -> None:
    good, bad = [metrics(step, total=1.0) for step in (1, 2)], [metrics(step, total="NaN") for step in (3, 4, 5)]
    curves = curves_of(*good, *bad)
    assert (curves.not_finite["student/total"].step, curves.not_finite["student/total"].t) == (3, 5.0)
    again = curves_of(*good, *bad, metrics(6, total=1.0), metrics(7, total="NaN"))
    assert again.not_finite["student/total"].step == 7


def test_where_the_time_goes() -> None:
    lines = [
        metrics(step, turns=10, seconds__data=0.1, seconds__student=0.3, seconds__unknown=9.0) for step in (10, 20, 30)
    ]
    curves = curves_of(stage(), *lines, evaluation(30, 0.5, seconds=4.0))
    assert curves.shares() == pytest.approx(
        {"data": 3 / 16, "generator": 0, "teacher": 0, "student": 9 / 16, "optimizer": 0, "evaluation": 4 / 16}
    )
    assert curves.shares(until_step=20)["evaluation"] == 0
    assert curves_of(stage()).shares() == {}


def test_where_the_time_goes_is_told_of_late_turns() -> None:
    slow = [metrics(step, turns=100, seconds__data=9.0, seconds__student=1.0) for step in range(100, 10_001, 100)]
    fast = [metrics(step, turns=100, seconds__data=0.0, seconds__student=1.0) for step in range(10_100, 15_001, 100)]
    assert curves_of(stage(), *slow, *fast).shares()["data"] == 0


def test_evaluations_are_bounded_and_the_newest_stay() -> None:
    curves = curves_of(stage())
    for turn in range(12_000):
        curves.take_evaluation(evaluation(turn, 0.5))
    assert len(curves.evaluations) <= 10_001
    assert curves.evaluations[-1].turn == 11_999
    assert curves.evaluations[0].turn < 100


def test_a_line_of_very_many_keys() -> None:
    line = metrics(1)
    line["values"] = {f"key {number}": {"mean": 1.0} for number in range(50_000)}
    curves = curves_of(stage(), line)
    assert len(curves.curves) == MOST_CURVES
    assert sum(map(len, curves.progress.losses.values())) <= MOST_CURVES
