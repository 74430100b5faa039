"""The exact data behind each pane, as tables that programs can read."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from cilda.rewrites.rewrite import Rewrite
from cilda_tui.log_tail import LogText
from cilda_tui.panels.examples import chosen_examples
from cilda_tui.plot import Line, Plot
from cilda_tui.run_rows import RunRow, shown_rows
from cilda_tui.series import Series
from cilda_tui.track import AXES, Track
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """Rows of values under their columns' names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_csv(self) -> str:
        """As comma-separated values; what is not there is an empty field, and what is not finite says so in words."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([["" if cell is None else _plain(cell) for cell in row] for row in self.rows])
        return file.getvalue()

    def to_json(self) -> str:
        """As a list of objects; what is not finite is the text that runs use for it: `"NaN"`, `"Infinity"`."""
        rows = [{name: _plain(cell) for name, cell in zip(self.columns, row, strict=True)} for row in self.rows]
        return json.dumps(rows, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def _plain(cell: Cell) -> Cell:
    """A value as every reader takes it; a lone surrogate, which no file can hold, as its escape."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return "NaN" if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
    return cell.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(cell, str) else cell


def table_of_plot(plot: Plot) -> Table:
    """Every value that the chart's lines hold, at its step and where that is on each axis."""
    rows: list[tuple[Cell, ...]] = []
    for line in plot.lines:
        rows += _rows_of(line.name, line.series, line.track or plot.track)
    return Table(("line", *AXES, "mean", "low", "high", "count", "finite"), tuple(rows))


def _rows_of(name: str, series: Series, track: Track) -> Iterable[tuple[Cell, ...]]:
    points = series.points()
    places = [
        track.from_steps(axis, points.step) if track.has(axis) else np.full(len(points.step), np.nan)
        for axis in AXES[1:]
    ]
    for at in range(len(points.step)):
        where = [None if math.isnan(place[at]) else float(place[at]) for place in places]
        mean, low, high = (float(column[at]) for column in (points.mean, points.low, points.high))
        yield (name, int(points.step[at]), *where, mean, low, high, int(points.count[at]), not bool(points.bad[at]))


def newest_of_plot(plot: Plot) -> str:
    """Each line's newest value, tab-separated: what a person pastes into a message."""
    lines = ["line\tstep\tvalue"]
    lines += [f"{line.name}\t{line.series.last_step}\t{_shown(line)}" for line in plot.lines]
    return "\n".join(lines) + "\n"


def _shown(line: Line) -> str:
    step = line.series.last_step
    value = line.series.last if step >= 0 else None
    return "" if value is None else f"{value:.7g}"


def table_of_machine(view: RunView) -> Table:
    """Every quantity that was measured, over time."""
    rows: list[tuple[Cell, ...]] = []
    for name, series in view.machine.history.items():
        points = series.points()
        for step, mean in zip(points.step.tolist(), points.mean.tolist(), strict=True):
            rows.append((name, view.machine.track.clock_at(step), mean))
    return Table(("quantity", "unix_seconds", "value"), tuple(rows))


def table_of_examples(view: RunView, ui: Ui) -> Table:
    """The texts that pass the filter, with all that was said of them."""
    names = tuple(field.name for field in fields(Rewrite))
    rows = (tuple(_flat(getattr(example, name)) for name in names) for example in chosen_examples(view, ui))
    return Table(names, tuple(rows))


def table_of_runs(rows: Sequence[RunRow], ui: Ui, now: float) -> Table:
    """The runs that pass the filter."""
    names = (
        "id", "status", "why", "job", "task", "method", "teacher", "student", "host", "stage", "turn", "total_turns",
        "progress", "best", "created", "moved",
    )  # fmt: skip
    found, _ = shown_rows(rows, ui, now)
    return Table(names, tuple(_run(row) for row in found))


def _run(row: RunRow) -> tuple[Cell, ...]:
    summary = row.summary
    return (
        summary.id, summary.status.word, summary.status.why, summary.job, summary.task, summary.method, summary.teacher,
        summary.student, summary.host, summary.stage, summary.turn, summary.total_turns, summary.progress, summary.best,
        summary.created, summary.moved,
    )  # fmt: skip


def table_of_log(log: LogText | None) -> Table:
    """The lines that are kept of the log."""
    lines = log.lines if log is not None else ()
    return Table(("level", "line"), tuple((line.level, line.text) for line in lines))


def table_of_events(view: RunView) -> Table:
    """What happened, line by line."""
    names = ("unix_seconds", "level", "kind", "stage", "turn", "what", "todo")
    rows = tuple(
        (notice.t, notice.level, notice.kind, notice.stage, notice.turn, notice.what, notice.todo)
        for notice in view.notices
    )
    return Table(names, rows)


def _flat(value: object) -> Cell:
    """Probabilities and tokens as JSON."""
    if isinstance(value, tuple):
        return json.dumps([_plain(one) for one in value])
    return value if isinstance(value, str | bool | int | float) or value is None else str(value)
