"""Zooming, panning and following show what they promise, and never anything that is not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.zoom import followed, panned, zoomed

WHOLE = (0.0, 1000.0)
WINDOWS = st.tuples(st.floats(0, 990), st.floats(1, 1000)).map(lambda ends: (ends[0], min(1000.0, ends[0] + ends[1])))


def test_zooming_keeps_the_place_in_sight_and_ends_with_everything() -> None:
    assert zoomed(None, WHOLE, 0.5) == (250.0, 750.0)
    assert zoomed((250.0, 750.0), WHOLE, 0.5, about=250.0) == (250.0, 500.0)
    assert zoomed((250.0, 750.0), WHOLE, 2.0) is None
    assert zoomed((0.0, 100.0), WHOLE, 2.0) == (0.0, 200.0), "nothing lies left of the beginning"


def test_panning_stops_at_both_ends() -> None:
    assert panned((100.0, 300.0), WHOLE, 0.5) == (200.0, 400.0)
    assert panned((100.0, 300.0), WHOLE, -1) == (0.0, 200.0)
    assert panned((900.0, 1000.0), WHOLE, 0.25) == (900.0, 1000.0)
    assert panned(None, WHOLE, 0.5) is None


@given(WINDOWS, st.floats(0.1, 10), st.none() | st.floats(-10, 1100))
def test_a_window_stays_within_the_whole(window: tuple[float, float], factor: float, about: float | None) -> None:
    for found in (zoomed(window, WHOLE, factor, about), panned(window, WHOLE, factor)):
        assert found is None or -1e-9 <= found[0] < found[1] <= WHOLE[1] + 1e-9


def test_following_jumps_by_a_quarter_and_stands_still_between() -> None:
    windows = [followed((0.0, 400.0), (0.0, float(newest))) for newest in range(1000, 1101, 20)]
    assert windows == [(600.0, 1000.0), *[(700.0, 1100.0)] * 5]
    assert followed((0.0, 400.0), (0.0, 300.0)) is None
    assert followed(None, WHOLE) is None
    assert followed(None, WHOLE, span=100.0) == (900.0, 1000.0)


@pytest.mark.parametrize("factor", [0.5, 1e-9])
def test_nearer_and_nearer_ends(factor: float) -> None:
    window: tuple[float, float] | None = None
    for _ in range(200):
        window = zoomed(window, WHOLE, factor, about=333.0)
    assert window is not None and window[0] < 333.0 < window[1]
