"""How far an objective stands above its lowest."""

from __future__ import annotations

import math
import random

from cilda_tui.loss_level import WARM, LossLevel


def level_of(*values: float) -> LossLevel:
    level = LossLevel()
    for value in values:
        level.add(value)
    return level


def test_it_is_too_early_at_first() -> None:
    assert level_of(*[1.0] * (WARM - 1)).excess is None


def test_one_that_falls_or_stands_has_no_excess() -> None:
    assert level_of(*(1 / step for step in range(1, 500))).excess == 0
    excess = level_of(*[0.5] * 500).excess
    assert excess is not None and excess < 0.01


def test_one_that_dances_has_little() -> None:
    dice = random.Random(3)
    excess = level_of(*(0.5 + dice.gauss(0, 0.2) for _ in range(5000))).excess
    assert excess is not None and excess < 0.5


def test_one_that_doubles_has_one() -> None:
    excess = level_of(*[0.5] * 300, *[1.1] * 100).excess
    assert excess is not None and excess >= 1


def test_values_beyond_reason_are_left_out() -> None:
    level = level_of(*[0.5] * 200, math.nan, math.inf, -math.inf, 1e300)
    assert level.lines == 200
    assert level.excess == 0
