"""A figure of the scores on the way, method by method, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from xml.sax.saxutils import escape

from cilda.bench.results import Result
from cilda.runs.events import number
from cilda.runs.store import read_events

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 360, 240, 48, 34, 26, 12
_COLUMNS = 2
# Told apart also by those who see no red and green; after Okabe and Ito.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#8a7a00")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")


@dataclass(frozen=True)
class Curve:
    """Scores of one method on one task: mean, least and greatest over seeds at each evaluated turn."""

    task: str
    label: str
    turns: tuple[int, ...]
    means: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]


def curves_of(results: Sequence[Result]) -> list[Curve]:
    """The curves of all methods on all tasks, as far as their runs have come."""
    scores: dict[tuple[str, str], dict[int, list[float]]] = {}
    for result in results:
        here = scores.setdefault((result.cell.task, result.cell.label), {})
        for turn, score in _evaluations(result).items():
            here.setdefault(turn, []).append(score)
    return [
        Curve(
            task,
            label,
            tuple(sorted(found)),
            tuple(fmean(found[turn]) for turn in sorted(found)),
            tuple(min(found[turn]) for turn in sorted(found)),
            tuple(max(found[turn]) for turn in sorted(found)),
        )
        for (task, label), found in scores.items()
        if found
    ]


def _evaluations(result: Result) -> dict[int, float]:
    """The task's metric by turn, on the split that decides; of a turn played again the last counts."""
    found: dict[int, float] = {}
    split = ""
    for event in read_events(result.folder.events, {"evaluation"}):
        if event.get("stage") != "student":
            continue
        split = split or str(event.get("split"))
        score = number((event.get("scores") or {}).get(event.get("metric")))
        if event.get("split") == split and score is not None and isinstance(event.get("turn"), int):
            found[event["turn"]] = score
    return found


def figure(curves: Sequence[Curve], metrics: Mapping[str, str]) -> str:
    """One panel a task: score by student turn, a line a method with the band between its least and greatest seed."""
    tasks = list(dict.fromkeys(curve.task for curve in curves))
    labels = list(dict.fromkeys(curve.label for curve in curves))
    down = -(-len(tasks) // _COLUMNS)
    width, height = _WIDTH * min(_COLUMNS, max(1, len(tasks))), _HEIGHT * down + 18 * len(labels) + 16
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">'
    )
    parts = [opening, f'<rect width="{width}" height="{height}" fill="white"/>']
    for place, task in enumerate(tasks):
        x, y = place % _COLUMNS * _WIDTH, place // _COLUMNS * _HEIGHT
        own = [curve for curve in curves if curve.task == task]
        parts.append(f'<g transform="translate({x} {y})">{_panel(task, metrics.get(task, ""), own, labels)}</g>')
    for place, label in enumerate(labels):
        y = _HEIGHT * down + 18 * place + 14
        parts.append(f'<path d="M12,{y - 4}H52" {_stroke(place)}/><text x="60" y="{y}">{escape(label)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(task: str, metric: str, curves: Sequence[Curve], labels: Sequence[str]) -> str:
    most = max(curve.turns[-1] for curve in curves)
    low, high = min(min(curve.lows) for curve in curves), max(max(curve.highs) for curve in curves)
    margin = (high - low) * 0.05 or 0.01
    low, high = low - margin, high + margin

    def x(turn: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * turn / most, 1)

    def y(score: float) -> float:
        return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - score) / (high - low), 1)

    parts = [f'<text x="{_LEFT}" y="16" font-weight="bold">{escape(f"{task}: {metric}".replace("_", " "))}</text>']
    for step in range(5):
        score = low + (high - low) * (step + 0.5) / 5
        parts.append(f'<path d="M{_LEFT},{y(score)}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y(score) + 4}" text-anchor="end">{score:.3f}</text>')
    for step in range(3):
        turn = round(most * step / 2)
        anchor = "end" if step == 2 else "middle"
        parts.append(f'<text x="{x(turn)}" y="{_HEIGHT - _BOTTOM + 14}" text-anchor="{anchor}">{turn:,}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 6}" text-anchor="end">student turn</text>')
    for curve in curves:
        place = labels.index(curve.label)
        points = list(zip(curve.turns, curve.means, strict=True))
        forth = [f"{x(turn)},{y(score)}" for turn, score in zip(curve.turns, curve.highs, strict=True)]
        back = [f"{x(turn)},{y(score)}" for turn, score in zip(curve.turns[::-1], curve.lows[::-1], strict=True)]
        parts.append(f'<path d="M{"L".join(forth + back)}Z" fill="{_colour(place)}" opacity="0.1"/>')
        parts.append(f'<path d="M{"L".join(f"{x(turn)},{y(score)}" for turn, score in points)}" {_stroke(place)}/>')
        parts += [f'<circle cx="{x(turn)}" cy="{y(score)}" r="2" fill="{_colour(place)}"/>' for turn, score in points]
    return "".join(parts)


def _colour(place: int) -> str:
    return _COLOURS[place % len(_COLOURS)]


def _stroke(place: int) -> str:
    dash = _DASHES[place // len(_COLOURS) % len(_DASHES)]
    return f'fill="none" stroke-width="1.5" stroke="{_colour(place)}"' + (f' stroke-dasharray="{dash}"' if dash else "")
