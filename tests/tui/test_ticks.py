"""Along a chart lie round numbers, each written so that it tells itself from the next."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.columns import columns_for
from cilda_tui.ticks import axis_words, ticks_of
from cilda_tui.track import AXES


@pytest.mark.parametrize(
    ("axis", "end", "labels"),
    [
        ("step", 60, "0 20 40 60"),
        ("step", 1_840, "0 500 1k 1.5k"),
        ("step", 60_000, "0 20k 40k 60k"),
        ("step", 2_500_000, "0 500k 1M 1.5M 2M 2.5M"),
        ("epoch", 0.3, "0.0 0.1 0.2 0.3"),
        ("epoch", 12.0, "0 5 10"),
        ("time", 4.0, "0s 1s 2s 3s 4s"),
        ("time", 100.0, "0s 30s 1m00 1m30"),
        ("time", 7_000.0, "0s 30m 1h00 1h30"),
        ("time", 300_000.0, "0s 1d 2d 3d"),
        ("texts", 9_000_000, "0 2M 4M 6M 8M"),
    ],
)
def test_labels_are_round(axis: str, end: float, labels: str) -> None:
    columns = columns_for(axis, (0.0, end), 104)
    within = [tick.label for tick in ticks_of(columns, 2) if tick.cell * 2 <= columns.column(end)]
    assert " ".join(within) == labels


@given(st.sampled_from(AXES), st.floats(0, 1e9), st.floats(0.01, 1e9), st.integers(1, 400), st.sampled_from([1, 2]))
def test_ticks_lie_inside_and_leave_room_for_their_labels(
    axis: str, low: float, span: float, count: int, across: int
) -> None:
    ticks = ticks_of(columns_for(axis, (low, low + span), count), across)
    assert all(0 <= tick.cell < max(1, count // across) for tick in ticks)
    assert all(other.cell - one.cell >= 8 for one, other in itertools.pairwise(ticks))
    labels = [tick.label for tick in ticks]
    assert len(set(labels)) == len(labels) or span < 1e-4 * low


@pytest.mark.parametrize(
    ("axis", "value", "apart", "words"),
    [
        ("step", 1234.0, 1.0, "1234"),
        ("step", 12_345.0, 1.0, "12.345k"),
        ("step", 12.5, 0.5, "12.5"),
        ("epoch", 1.25, 0.01, "1.25"),
        ("time", 3_725.0, 1.0, "1h02"),
        ("time", 90_061.0, 60.0, "1d01h"),
        ("time", -61.0, 1.0, "-1m01"),
        ("time", 0.25, 0.05, "0.25s"),
    ],
)
def test_a_place_is_written_as_exactly_as_it_is_told_apart(axis: str, value: float, apart: float, words: str) -> None:
    assert axis_words(axis, value, apart) == words
