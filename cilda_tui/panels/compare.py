"""Two or more runs side by side: which settings differ, and their scores at equal turns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.pane import figure, safe, titled
from cilda_tui.plots import MARKS
from cilda_tui.stage_curves import LEARNER, StageCurves
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

Row = list[tuple[str, str]]
"""Cells, each with its role; the first names the row."""

_MISSING = "-"
_NAME_CELLS = 30


def draw_differences(views: Sequence[RunView], ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """Settings that are not the same in all runs, a column for each run."""
    rows = difference_rows(views, glyphs)
    title = f"{len(rows)} settings differ" if len(rows) != 1 else "1 setting differs"
    return _table(title, "setting", views, rows, ui, width, height, glyphs, nothing="the settings are the same")


def draw_table(views: Sequence[RunView], ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """Scores at the turns at which any of the runs was judged, the best of each run below."""
    rows = score_rows(views, ui, glyphs)
    metric = next((stage.metric for stage in _stages(views, ui) if stage is not None and stage.metric), "scores")
    return _table(safe(metric, glyphs, 40), "turn", views, rows, ui, width, height, glyphs, nothing="no scores yet")


def difference_rows(views: Sequence[RunView], glyphs: Glyphs) -> list[Row]:
    """A row for each setting that differs: its name, then each run's value."""
    configs = [_settings(view) for view in views]
    keys = sorted({key for config in configs for key in config})
    rows: list[Row] = []
    for key in keys:
        values = [config.get(key, _MISSING) for config in configs]
        if len(set(values)) > 1:
            # What is like the first run's is dim: the eye shall fall on what is not.
            cells = [
                (safe(value, glyphs), "strong" if not place or value != values[0] else "dim")
                for place, value in enumerate(values)
            ]
            rows.append([(safe(key, glyphs), ""), *cells])
    return rows


def score_rows(views: Sequence[RunView], ui: Ui, glyphs: Glyphs) -> list[Row]:
    """A row for each turn: its number, then each run's score; a star at the best of a row."""
    stages = _stages(views, ui)
    scores = [_scores(stage) for stage in stages]
    turns = sorted({turn for of_run in scores for turn in of_run})
    rows: list[Row] = []
    for turn in turns:
        found = [of_run.get(turn) for of_run in scores]
        best = _best(found, stages)
        rows.append([(f"{turn:,}", ""), *(_cell(score, best, glyphs) for score in found)])
    if turns:
        bests = [stage.progress.best[1] if stage is not None and stage.progress.best else None for stage in stages]
        best = _best(bests, stages)
        rows.append([("best", "dim"), *(_cell(score, best, glyphs) for score in bests)])
    return rows


def _best(scores: Sequence[float | None], stages: Sequence[StageCurves | None]) -> float | None:
    """The best of several scores; whether that is the highest is seen from the ones that were called best."""
    known = [score for score in scores if score is not None]
    if len(known) < 2:
        return None
    of_stages = [[found.score for found in stage.evaluations if found.best] for stage in stages if stage is not None]
    falls = any(len(bests) > 1 and (bests[-1] or 0.0) < (bests[0] or 0.0) for bests in of_stages)
    return min(known) if falls else max(known)


def _cell(score: float | None, best: float | None, glyphs: Glyphs) -> tuple[str, str]:
    if score is None:
        return _MISSING, "dim"
    return f"{figure(score)}{f' {glyphs.star}' if score == best else ''}", "good" if score == best else ""


def _stages(views: Sequence[RunView], ui: Ui) -> list[StageCurves | None]:
    return [view.stages.get(ui.stage or LEARNER) or view.stage for view in views]


def _scores(stage: StageCurves | None) -> dict[int, float]:
    """By turn, on the split that was judged first."""
    if stage is None or not stage.evaluations:
        return {}
    split = stage.evaluations[0].split
    return {found.turn: found.score for found in stage.evaluations if found.split == split and found.score is not None}


def _settings(view: RunView) -> dict[str, str]:
    config = view.record.run.get("config")
    found: dict[str, str] = {}
    if isinstance(config, dict):
        _flatten("", config, found)
    return found


def _flatten(prefix: str, config: Mapping[str, Any], found: dict[str, str]) -> None:
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value and len(prefix) < 200:
            _flatten(f"{name}.", value, found)
        else:
            found[name] = value if isinstance(value, str) else json.dumps(value, default=str)[:400]


def _table(
    title: str,
    first: str,
    views: Sequence[RunView],
    rows: list[Row],
    ui: Ui,
    width: int,
    height: int,
    glyphs: Glyphs,
    *,
    nothing: str,
) -> Frame:
    """Rows from `ui.offset` on below the runs' letters and names."""
    frame = titled("", title, ui, width, height, glyphs, right=[("esc closes", "dim")])
    names = max([len(first), *(len(row[0][0]) for row in rows)], default=0)
    left = min(_NAME_CELLS, max(8, names), max(1, width // 3)) + 2
    column = max(6, (width - left - 2) // max(1, len(views)))
    frame.put(2, 1, first, "dim", end=left)
    for place, view in enumerate(views):
        letter = "a" if not place else MARKS[(place - 1) % len(MARKS)]
        x = left + 2 + place * column
        at = frame.put(x, 1, f"{letter} ", f"line.{place % 6}", end=x + column - 1)
        # Names of runs differ at their ends.
        frame.put(at, 1, _end_of(safe(view.folder.id, glyphs), column - 4, glyphs), "strong", end=x + column - 1)
    if not rows:
        frame.put(2, 2, nothing, "dim")
    room = max(0, height - 2)
    offset = max(0, min(ui.offset, len(rows) - room))
    for row, cells in enumerate(rows[offset : offset + room], 2):
        frame.put(2, row, safe(cells[0][0], glyphs, left - 2), cells[0][1])
        for place, (text, role) in enumerate(cells[1:]):
            x = left + 2 + place * column
            frame.put(x, row, safe(text, glyphs, column - 2), role, end=x + column - 1)
    if offset + room < len(rows):
        frame.put_right(width - 1, height - 1, f" {len(rows) - offset - room} more {glyphs.fall} ", "dim")
    return frame


def _end_of(name: str, cells: int, glyphs: Glyphs) -> str:
    return name if len(name) <= cells else glyphs.ellipsis + name[-max(1, cells - 1) :]
