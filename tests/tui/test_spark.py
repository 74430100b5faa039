"""A curve in one row of letters: always as wide as asked for, and at rest while more comes."""

from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda_tui.glyphs import ASCII, UNICODE, Glyphs
from cilda_tui.series import Series
from cilda_tui.spark import spark
from tests.tui.made_plots import any_series, curve, falling, series


def test_a_falling_loss_falls() -> None:
    assert spark(falling(80), None, 20, UNICODE) == "█▆▅▄▃▃▂▂▂▁▁▁▁▁      "
    assert spark(falling(80), None, 20, ASCII) == "@*+=--..._____      "


def test_what_happened_after_the_playhead_is_not_shown() -> None:
    assert spark(falling(80), 40, 20, UNICODE) == spark(curve(40, _first_half_of_falling), None, 20, UNICODE)
    assert spark(series([1.0], first=50), 10, 5, UNICODE) == "     "


def _first_half_of_falling(step: int) -> float:
    return 0.4 + 1.6 * math.exp(-4 * step / 80)


def test_what_is_not_finite_is_crossed_and_nothing_is_blank() -> None:
    assert spark(series([1.0, 2.0, math.nan, 2.0, 1.0, 2.0, 1.0, 2.0]), None, 8, UNICODE) == "▁█✗█▁█▁█"
    assert spark(Series(), None, 4, UNICODE) == "    "


def test_letters_rest_while_more_comes() -> None:
    rows = [spark(curve(steps, lambda step: step / 1000), None, 20, UNICODE) for steps in range(1, 400)]
    behind_the_last = [(one.rstrip()[:-1], other) for one, other in itertools.pairwise(rows)]
    changed = sum(not other.startswith(letters) for letters, other in behind_the_last)
    assert changed < 40, "only the last letter, but for when room runs out or a bound is passed"


@given(any_series(), st.integers(-1, 60), st.none() | st.integers(-5, 500), st.sampled_from([UNICODE, ASCII]))
def test_it_is_always_as_wide_as_asked_for(of: Series, width: int, until: int | None, glyphs: Glyphs) -> None:
    assert cell_len(spark(of, until, width, glyphs)) == max(0, width)
