"""How far a stage is, in figures and words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cilda.runs.stages import StageView


def metrics(seconds: float, turn: int, player: str = "student", **means: float) -> dict[str, Any]:
    values = {key.replace("__", "."): {"n": 1, "mean": mean} for key, mean in means.items()}
    return {"v": 1, "t": seconds, "kind": "metrics", "player": player, "turn": turn, "epoch": 0.5, "values": values}


def test_the_time_left_is_taken_from_the_last_minutes() -> None:
    stage = StageView("student", 1000, 0.0)
    assert stage.left_seconds is None
    for second in range(100):
        stage.take_metrics(metrics(second, second))
    assert stage.left_seconds == pytest.approx(901)
    for second in range(100, 1000):
        stage.take_metrics(metrics(second, 99 + (second - 99) // 3))
    assert stage.turn == 399
    assert stage.left_seconds == pytest.approx(601 * 3, rel=0.02), "the slower present counts, not the past"


def test_a_resumed_run_forgets_the_old_rate() -> None:
    stage = StageView("student", 100, 0.0)
    for second, turn in ((0, 0), (10, 50), (500, 40)):
        stage.take_metrics(metrics(second, turn))
    assert stage.left_seconds is None
    stage.take_metrics(metrics(510, 50))
    assert stage.left_seconds == 50


def test_losses_are_told_apart_from_other_metrics_and_the_total_comes_first() -> None:
    stage = StageView("student", 100, 0.0)
    stage.take_metrics(metrics(1, 1, hard_label__real=0.25, total=0.5, seconds__data=1, gradient_norm__total=3))
    stage.take_metrics(metrics(1, 1, "generator", logit_kl__soft=math.nan))
    assert stage.loss_groups == [
        ("student", ["total 0.500", "hard_label.real 0.250"]),
        ("generator", ["logit_kl.soft nan"]),
    ]


def test_whom_the_teacher_stage_trains_is_called_the_teacher() -> None:
    stage = StageView("teacher", 100, 0.0)
    stage.take_metrics(metrics(1, 1, total=0.5))
    assert stage.loss_groups == [("teacher", ["total 0.500"])]


def test_all_in_one_line() -> None:
    stage = StageView("student", 200, 0.0)
    for second in (0, 10):
        stage.take_metrics(metrics(second, second, total=0.5, texts_per_second=411.6))
    scores = {"f1": 0.8, "accuracy": 0.9}
    stage.take_evaluation({"t": 11, "turn": 10, "scores": scores, "metric": "accuracy", "best": True})
    stage.take_evaluation({"t": 12, "turn": 11, "scores": {"accuracy": 0.1}, "best": False})
    assert stage.line() == (
        "student  10/200  5%  ETA 3 m 10 s  412 texts/s  epoch 0.50  best accuracy 0.9000 at turn 10  total 0.500"
    )
    stage.end(20)
    assert "  took 20 s  " in stage.line()


def test_a_hundred_percent_is_all() -> None:
    stage = StageView("student", 1000, 0.0)
    stage.take_metrics(metrics(1, 999))
    assert stage.percent_words == "99%"
    stage.take_metrics(metrics(1, 1000))
    assert stage.percent_words == "100%"


def test_turns_of_all_players_say_how_far_it_is() -> None:
    stage = StageView("student", 100, 0.0, generator_turns=100)
    stage.take_metrics({**metrics(0, 9, "generator"), "step": 9})
    assert (stage.percent_words, stage.turns_words) == ("4%", "generator turn 9")
    stage.take_metrics({**metrics(10, 1), "step": 11})
    assert (stage.turns_words, stage.left_seconds) == ("1/100", (200 - 11) * 10 / 2)
    stage.resumed_from("step-student-00000100")
    assert stage.percent_words == "50%"
