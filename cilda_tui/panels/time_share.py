"""Where a turn's time goes: one bar whose largest part is the bottleneck, named."""

from __future__ import annotations

from collections.abc import Sequence

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.moment import moment_of
from cilda_tui.panels.pane import Piece, fitted, put_pieces
from cilda_tui.stage_curves import PARTS
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

_SHORT = {"generator": "gen", "optimizer": "opt", "evaluation": "eval"}
_LETTERS = {part: part[0] for part in PARTS}


def draw_share(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """In one row bar and bottleneck; in two the bar, and below it all parts; from three on a title too."""
    frame = Frame(width, height)
    moment = moment_of(view, ui)
    shares = {} if moment.stage is None else moment.stage.shares(moment.until)
    row = 0
    if height >= 3:
        frame.fill(0, 0, width, 1, glyphs.horizontal, "grid")
        x = frame.put(1, 0, " where a turn's time goes ", "title", end=width - 1)
        if shares and x + 24 < width:
            frame.put_right(width - 1, 0, f" most: {_most(shares)} ", "strong")
        row = 1
    if not shares:
        frame.put(2, row, "a turn's time: not known yet", "dim")
        return frame
    if height == 1:
        _put_one_row(frame, shares, glyphs)
        return frame
    _put_bar(frame, 2, row, max(0, width - 4), shares, glyphs)
    if height - row < 3:
        put_pieces(frame, 2, row + 1, _legend(PARTS, shares, width - 3, glyphs))
        return frame
    half = (len(PARTS) + 1) // 2
    for place, parts in enumerate((PARTS[:half], PARTS[half:])):
        put_pieces(frame, 2, row + 1 + place, _legend(parts, shares, width - 3, glyphs))
    return frame


def _put_one_row(frame: Frame, shares: dict[str, float], glyphs: Glyphs) -> None:
    ordered = sorted(PARTS, key=lambda part: -shares[part])
    bar = min(40, max(8, frame.width * 3 // 10))
    x = frame.put(2, 0, "turn ", "dim")
    _put_bar(frame, x, 0, bar, shares, glyphs)
    put_pieces(frame, x + bar + 2, 0, _legend(ordered, shares, frame.width - x - bar - 3, glyphs))


def _legend(parts: Sequence[str], shares: dict[str, float], width: int, glyphs: Glyphs) -> list[Piece]:
    """The parts with their names, with short ones where those do not fit, and the last left out where nothing helps."""
    for names in ({}, _SHORT):
        facts = [_named(PARTS.index(part), part, names.get(part, part), shares[part], glyphs) for part in parts]
        legend = fitted(facts, width)
        if len(legend) == 3 * len(parts) - 1:
            break
    return fitted(facts, width, whole=True)


def _most(shares: dict[str, float]) -> str:
    part = max(PARTS, key=lambda part: shares[part])
    return f"{part} {100 * shares[part]:.0f}%"


def _named(place: int, part: str, name: str, share: float, glyphs: Glyphs) -> list[Piece]:
    return [(_fill(place, part, glyphs), f"bar.{place}"), (f" {name} {100 * share:2.0f}%", "")]


def _fill(place: int, part: str, glyphs: Glyphs) -> str:
    """What a part of the bar consists of: without colours, its first letter."""
    return _LETTERS[part] if glyphs.colourless or glyphs.ascii else glyphs.parts[place]


def _put_bar(frame: Frame, x: int, y: int, width: int, shares: dict[str, float], glyphs: Glyphs) -> None:
    """A bar of exactly so many cells; each part ends where the sum up to it does."""
    done, reached = 0.0, 0
    for place, part in enumerate(PARTS):
        done += shares[part]
        end = min(width, round(done * width))
        if end > reached:
            frame.put(x + reached, y, _fill(place, part, glyphs) * (end - reached), f"bar.{place}")
            reached = end
