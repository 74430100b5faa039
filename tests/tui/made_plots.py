"""Series, tracks and plots for the charts' tests: plain data, the same every time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import strategies as st

from cilda_tui.frame import Frame
from cilda_tui.plot import Line, Plot
from cilda_tui.series import Series
from cilda_tui.track import AXES, Track


def series(values: Iterable[float], first: int = 1, every: int = 1, spread: float = 0.0) -> Series:
    """A series of values, one every so many steps, each with a band of `spread` to both sides."""
    made = Series()
    for place, value in enumerate(values):
        made.add(first + place * every, value, value - spread, value + spread)
    return made


def curve(steps: int, amount: Callable[[int], float], spread: float = 0.0) -> Series:
    """A series of what `amount` says of each step."""
    return series((amount(step) for step in range(1, steps + 1)), spread=spread)


def falling(steps: int, high: float = 2.0, low: float = 0.4, spread: float = 0.0) -> Series:
    """A loss as one wishes it."""
    return curve(steps, lambda step: low + (high - low) * math.exp(-4 * step / steps), spread)


def track(steps: int) -> Track:
    """100 steps an epoch, two a second, 32 texts each."""
    made = Track()
    for step in range(1, steps + 1):
        made.add(step, step / 100, 1000 + step / 2, 32.0 * step)
    return made


def plot(*lines: Line, steps: int = 0, title: str = "student losses", **changes: Any) -> Plot:
    """A plot of lines over the steps of the longest."""
    return Plot(title, lines, track(steps or max((line.series.last_step for line in lines), default=0)), **changes)


def picture(frame: Frame) -> str:
    """A frame as a text that can be compared with one in a test: a line a row, blanks at the ends dropped."""
    return "\n" + "\n".join(frame.lines())


def roles(frame: Frame) -> set[str]:
    """All roles that a frame uses."""
    return {role for y in range(frame.height) for _, role in frame.segments(y)}


AMOUNTS = (
    st.floats(-10, 10)
    | st.floats()
    | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e-45, 3.4e38, -3.4e38, 1e300, 5e-324])
)


@st.composite
def any_series(draw: st.DrawFn) -> Series:
    """Any values at any rising steps."""
    made = Series(draw(st.sampled_from([4, 16, 32_768])))
    step = draw(st.integers(0, 100) | st.integers(0, 10**7))
    scale = draw(st.sampled_from([1, 100, 100_000]))
    for stride in draw(st.lists(st.integers(0, 4), max_size=40)):
        step += stride * scale
        made.add(step, draw(AMOUNTS), draw(AMOUNTS), draw(AMOUNTS), draw(st.integers(1, 50)))
    return made


@st.composite
def any_track(draw: st.DrawFn) -> Track:
    """Anything that may be known of steps."""
    made = Track(draw(st.sampled_from([4, 4096])))
    step = 0
    for stride in draw(st.lists(st.integers(0, 50), max_size=12)):
        step += stride
        epoch, texts = draw(st.none() | st.floats(0, 100)), draw(st.none() | st.floats(0, 1e7))
        made.add(step, epoch, draw(st.floats(0, 2e9)), texts)
    return made


@st.composite
def any_plot(draw: st.DrawFn) -> Plot:
    """Any lines, anyhow."""
    places = st.floats(-100, 1e6) | st.floats()
    names = st.text(max_size=12) | st.sampled_from(["total", "run:logit_kl.soft", "\x1b[31m[bold]", "漢字"])
    lines = draw(
        st.lists(
            st.builds(Line, names, any_series(), st.booleans(), st.none() | any_track()),
            max_size=draw(st.sampled_from([1, 3, 9])),
        )
    )
    return Plot(
        draw(names),
        tuple(lines),
        draw(any_track()),
        axis=draw(st.sampled_from(AXES)),
        window=draw(st.none() | st.tuples(places, places)),
        until=draw(st.none() | st.integers(-2, 2000)),
        smoothing=draw(st.sampled_from([0.0, 0.6, 0.98, 1.0])),
        log=draw(st.booleans()),
        band=draw(st.booleans()),
        cursor=draw(st.none() | places),
        references=tuple(draw(st.lists(st.tuples(names, AMOUNTS), max_size=2))),
        seams=tuple(draw(st.lists(st.integers(0, 3000), max_size=3))),
    )
