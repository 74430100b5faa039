"""Pictures for papers and messages: a chart from its exact data, any other pane as the terminal shows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cilda_tui.cell_shapes import shapes_of
from cilda_tui.frame import Frame
from cilda_tui.look import LINES, Look
from cilda_tui.plot import Line, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = ("png", "svg")
_DOTS_PER_INCH = 150
_CELL_INCHES = (0.07, 0.15)
_MOST_POINTS = 20_000


def chart_picture(plot: Plot, look: Look) -> Figure:
    """The chart's lines over its axis: each value as it was written, not smoothed, and the band that it sums up."""
    figure = _figure(8.0, 4.5)
    axes = figure.add_subplot()
    for place, line in enumerate(plot.lines):
        _draw_line(axes, plot, line, _colour(look, f"line.{place % LINES}"))
    for name, value in plot.references:
        axes.axhline(value, linestyle="--", linewidth=0.8, color="0.4")
        axes.annotate(_text(name), (0.005, value), xycoords=("axes fraction", "data"), fontsize=7, va="bottom")
    for step in plot.seams:
        axes.axvline(
            float(plot.track.from_steps(plot.drawn_axis, [step])[0]), linestyle=":", linewidth=0.8, color="0.6"
        )
    if plot.log:
        axes.set_yscale("log", nonpositive="mask")
    if plot.window is not None:
        axes.set_xlim(*plot.window)
    axes.set_title(_text(plot.title), fontsize=10)
    axes.set_xlabel({"time": "seconds"}.get(plot.drawn_axis, plot.drawn_axis))
    axes.grid(visible=True, linewidth=0.3)
    if plot.lines:
        axes.legend(fontsize=7, frameon=False)
    return figure


def _draw_line(axes: Axes, plot: Plot, line: Line, colour: str) -> None:
    points = line.series.points()
    until = plot.until_of(line)
    kept = slice(None) if until is None else points.step <= until
    steps = points.step[kept]
    if not len(steps):
        return
    x = (line.track or plot.track).from_steps(plot.drawn_axis, steps)
    mean, low, high = points.mean[kept], points.low[kept], points.high[kept]
    every = max(1, len(steps) // _MOST_POINTS)
    if line.points:
        axes.plot(x, mean, color=colour, marker="o", markersize=3, linewidth=1.0, label=_text(line.name))
        return
    if plot.band:
        axes.fill_between(x[::every], low[::every], high[::every], color=colour, alpha=0.2, linewidth=0)
    axes.plot(x[::every], mean[::every], color=colour, linewidth=1.0, label=_text(line.name))


def frame_picture(frame: Frame, look: Look) -> Figure:
    """Cells as letters of a fixed width, in the theme's colours."""
    width, height = max(1, frame.width), max(1, frame.height)
    figure = _figure(width * _CELL_INCHES[0] + 0.2, height * _CELL_INCHES[1] + 0.2)
    ground = "#101418" if look.dark else "white"
    figure.set_facecolor(ground)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-1, width + 1)
    axes.set_ylim(height + 0.5, -0.5)
    for y in range(frame.height):
        x = 0
        for text, role in frame.segments(y):
            _draw_text(axes, x, y, text, role, look, ground)
            x += _cells(text)
    return figure


def _draw_text(axes: Axes, x: int, y: int, text: str, role: str, look: Look, ground: str) -> None:
    from matplotlib.patches import Rectangle

    style = look.style(role)
    colour = _colour(look, role)
    if style.reverse:
        axes.add_patch(Rectangle((x, y), _cells(text), 1, color=colour, linewidth=0))
        colour = ground
    # One letter at a time: no font that a reader has must be exactly as wide as ours.
    for letter in text:
        shapes = shapes_of(letter)
        for shape in shapes:
            corner = (x + shape.x, y + shape.y)
            axes.add_patch(
                Rectangle(corner, shape.width, shape.height, color=colour, alpha=shape.strength, linewidth=0)
            )
        if not shapes and not letter.isspace():
            axes.text(
                x + _cells(letter) / 2, y + 0.5, _text(letter), color=colour, family="monospace", fontsize=8,
                ha="center", va="center_baseline", weight="bold" if style.bold else "normal",
            )  # fmt: skip
        x += _cells(letter)


def save(figure: Figure, path: Path) -> None:
    """Writes a picture; the ending says of which kind.

    Raises:
        OSError: the disk refused.
    """
    import warnings

    import matplotlib as mpl

    with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "cilda"}):
        # Letters that no font here has are drawn as boxes; nobody needs to be told on the screen.
        warnings.simplefilter("ignore")
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, dpi=_DOTS_PER_INCH, metadata=metadata)


def _figure(width: float, height: float) -> Figure:
    # The figure alone, without pyplot: no window system is asked for, and nothing is kept.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained" if height == 4.5 else None)


def _colour(look: Look, role: str) -> str:
    colour = look.style(role).color
    if colour is None or colour.is_default:
        return "#d0d4d8" if look.dark else "black"
    return colour.get_truecolor().hex


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _text(text: str) -> str:
    """A text that matplotlib takes literally: a dollar begins no formula."""
    return text.replace("$", r"\$")
