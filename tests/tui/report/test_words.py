"""Numbers and times as a page says them."""

from __future__ import annotations

import math

import pytest

from cilda_tui.report.words import GIGABYTES, PERCENT, amount, counted, score, share, stamp


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"), (0.0, "0"), (0.48214, "0.4821"), (12.0, "12"), (12345.6, "12,346"), (1.5e9, "1.5e9"),
        (1.2e-7, "1.2e-7"), (-0.5, "-0.5"), (math.nan, "NaN"), (math.inf, "∞"), (-math.inf, "−∞"),
    ],
)  # fmt: skip
def test_a_number_is_told_in_four_digits(value: float | None, words: str) -> None:
    assert amount(value) == words


def test_what_is_not_known_is_a_dash() -> None:
    assert score(None) == share(None) == stamp(None) == PERCENT.words(None) == "–"


def test_units_stand_behind_their_numbers() -> None:
    assert PERCENT.words(0.875) == "87.5 %"
    assert GIGABYTES.words(2048) == "2 GB"
    assert GIGABYTES.words(math.nan) == "NaN"
    assert counted(1, "text") == "1 text"
    assert counted(2000, "class", "classes") == "2,000 classes"


@pytest.mark.parametrize("seconds", [math.nan, math.inf, 1e300, -1e300])
def test_a_time_that_no_clock_shows_is_a_dash(seconds: float) -> None:
    assert stamp(seconds) == "–"


def test_a_time_says_its_zone() -> None:
    assert stamp(1_795_348_680.0) == "2026-11-22 11:58:00 +0000"
