"""What an axis says of a step, and which step an axis means: a broken line that never falls, in bounded memory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.track import AXES, Track


def track_of(*rows: tuple[int, float | None, float, float | None], most_knots: int = 4096) -> Track:
    track = Track(most_knots)
    for row in rows:
        track.add(*row)
    return track


def steady(steps: int, most_knots: int = 4096) -> Track:
    """A hundred steps an epoch, ten a second from noon, 32 texts each."""
    return track_of(*((step, step / 100, 43_200 + step / 10, 32.0 * step) for step in range(1, steps + 1)),
                    most_knots=most_knots)  # fmt: skip


def test_axes_are_read_at_steps() -> None:
    track = steady(1000)
    assert track.from_steps("epoch", [100, 250, 1000]).tolist() == pytest.approx([1.0, 2.5, 10.0])
    assert track.from_steps("texts", [1, 2]).tolist() == [32.0, 64.0]
    assert track.from_steps("step", [1, 2]).tolist() == [1.0, 2.0]
    assert track.from_steps("time", [1, 11]).tolist() == pytest.approx([0.0, 1.0]), "time counts from the beginning"


def test_steps_are_found_on_axes_and_beyond_both_ends() -> None:
    track = steady(1000)
    assert track.to_steps("epoch", [1.0, 2.5, 20.0]).tolist() == pytest.approx([100, 250, 2000])
    assert track.to_steps("time", [-0.1, 0.05]).tolist() == pytest.approx([0.0, 1.5])


def test_a_standstill_is_found_at_its_first_step() -> None:
    track = track_of((1, 0.0, 0.0, None), (2, 0.0, 1.0, None), (3, 0.0, 2.0, None), (4, 1.0, 3.0, None))
    assert track.to_steps("epoch", [0.0, 0.5, 1.0]).tolist() == [1.0, 3.5, 4.0]


def test_what_comes_after_a_single_moment_comes_after_all_steps() -> None:
    track = track_of((5, 0.0, 9.0, None), (8, 0.0, 9.0, None))
    assert track.to_steps("epoch", [-1.0, 0.0, 0.1]).tolist() == [5.0, 5.0, 9.0]


def test_moments_that_can_hardly_be_told_apart_are_one() -> None:
    track = track_of((5, 5e-324, 0.0, None), (8, 1e-320, 5e-324, None), (9, 1e-320, 1e-320, None))
    for axis in ("epoch", "time"):
        assert track.to_steps(axis, [0.0, 1.0]).tolist() == [5.0, 10.0]
        assert track.from_steps(axis, [5, 9]).tolist() == pytest.approx([0.0, 0.0])


def test_an_axis_of_which_nothing_is_known_counts_steps() -> None:
    track = track_of((5, None, 9.0, None))
    assert not track.has("epoch") and track.has("time") and track.has("step")
    assert track.to_steps("epoch", [3.5]).tolist() == [3.5]
    assert Track().from_steps("time", [3.5]).tolist() == [3.5]
    assert not Track().has("time")


def test_a_clock_that_was_set_back_goes_on() -> None:
    track = track_of((1, None, 100.0, None), (2, None, 110.0, None), (3, None, -50.0, None), (4, None, -45.0, None))
    assert track.from_steps("time", [1, 2, 3, 4]).tolist() == [0.0, 10.0, 10.0, 15.0]
    assert track.step_at(-47.0) == 3, "of a moment that came twice, the later one"


def test_a_step_before_the_newest_tells_nothing_new() -> None:
    track = track_of((10, 1.0, 0.0, 5.0), (8, 0.8, 1.0, 4.0), (12, 1.2, 2.0, 6.0))
    assert (track.first_step, track.last_step) == (10, 12)


def test_turns_played_again_have_their_new_time_and_their_old_epoch() -> None:
    track = steady(100)
    track.forget_from(51)
    track.add(51, 0.51, 50_000.0, 51 * 32.0)
    assert track.last_step == 51
    assert track.from_steps("epoch", [51]).tolist() == [0.51]
    assert track.from_steps("time", [50, 51]).tolist() == pytest.approx([4.9, 50_000 - 43_200.1])
    track.forget_from(0)
    assert track.last_step == -1 and not track.has("epoch")


def test_the_playhead_finds_the_step_of_a_moment() -> None:
    track = track_of((1, None, 100.0, None), (11, None, 110.0, None), (21, None, 200.0, None))
    assert [track.step_at(seconds) for seconds in (99, 100, 105, 110, 155, 200, 1e9)] == [0, 1, 6, 11, 16, 21, 21]
    assert track.clock_at(6) == 105.0
    assert Track().step_at(5.0) == -1 and Track().clock_at(3) is None


def test_many_steps_take_little_memory_and_stay_where_they_were() -> None:
    track = steady(20_000, most_knots=64)
    assert track.nbytes <= 65 * 40
    assert track.last_step == 20_000 and track.first_step == 1
    steps = np.arange(1, 20_001, 7)
    np.testing.assert_allclose(track.from_steps("epoch", steps), steps / 100, rtol=1e-9)
    assert track.step_at(43_200 + 500) in (4999, 5000)


ROWS = st.lists(
    st.tuples(
        st.integers(-3, 2000) | st.integers(),
        st.none() | st.floats(),
        st.floats(-1e9, 1e9) | st.floats(),
        st.none() | st.floats(),
    ),
    max_size=40,
)


@given(ROWS, st.integers(4, 20), st.sampled_from(AXES), st.lists(st.floats(-1e6, 1e6), max_size=8).map(sorted))
def test_whatever_is_added_axes_never_fall(
    rows: list[tuple[int, float | None, float, float | None]], most: int, axis: str, values: list[float]
) -> None:
    track = track_of(*rows, most_knots=most)
    for found in (track.to_steps(axis, values), track.from_steps(axis, values)):
        assert len(found) == len(values)
        assert not np.isnan(found).any()
        assert (np.diff(found) >= -1e-9 * np.abs(found[1:])).all()
    for value in values:
        assert -1 <= track.step_at(value) <= max(track.last_step, -1)


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=60), st.integers(4, 100))
def test_there_and_back_is_where_one_was(strides: list[float], most: int) -> None:
    track = Track(most)
    for step, epoch in enumerate(np.cumsum(strides), 1):
        track.add(step, float(epoch), float(step), None)
    steps = np.linspace(0, len(strides) + 3, 50)
    back = track.to_steps("epoch", track.from_steps("epoch", steps))
    np.testing.assert_allclose(back, steps, atol=1e-6)
    assert math.isclose(float(track.from_steps("epoch", len(strides))), float(np.sum(strides)))
