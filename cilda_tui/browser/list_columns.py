"""Which columns of the list fit a width, and what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cilda.rewrites.columns import COLUMNS, Column
from cilda.rewrites.query_order import Order
from cilda.rewrites.rewrite import Rewrite
from cilda_tui.frame import Role
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.classes import class_named, in_short
from cilda_tui.panels.pane import clock, safe

_LEFT = 4
"""The bar, the mark and a blank stand before the columns."""
_LEAST_TEXT = 24
_CLASS_CELLS = 8, 14

# In the order in which they are worth their room; on the screen they stand in the order of `_ORDER`.
_WORTH = ("step", "kl", "gain", "teacher_after", "student_after", "label", "id", "drawn", "entropy", "epoch")
_ORDER = ("time", "id", "step", "turn", "epoch", "label", "teacher", "student", "teacher_after", "student_after")
_HEADS = {
    "teacher_after": "teacher", "student_after": "student", "teacher": "teacher was", "student": "student was",
    "kl_before": "kl was", "teacher_sure": "t sure", "student_sure": "s sure", "disagree_before": "disagreed",
    "teacher_flip": "t flip", "student_flip": "s flip",
}  # fmt: skip
_AMOUNTS = {
    "teacher": "teacher_real", "student": "student_real", "teacher_after": "teacher_soft",
    "student_after": "student_soft",
}  # fmt: skip
_CELLS = {"id": 12, "step": 8, "turn": 8, "why": 12, "time": 5, "drawn": 5, "changed": 7, "tokens": 6, "epoch": 6}


@dataclass(frozen=True)
class Place:
    """A column on the screen."""

    name: str
    head: str
    x: int
    cells: int

    @property
    def right(self) -> bool:
        """Whether its cells are numbers, which end at their right."""
        return COLUMNS[self.name].kind in ("number", "flag")


def columns_for(width: int, order: Order | None, labels: Sequence[str], *, stepless: bool = False) -> tuple[Place, ...]:
    """The columns that fit beside the text, the text's own last; what is sorted by is among them.

    Of `stepless` records only the turn is known.
    """
    worth = ("turn" if stepless and name == "step" else name for name in _WORTH)
    wanted = [*([order.column] if order is not None else []), *worth]
    there: dict[str, int] = {}
    # The text says most.
    room = width - _LEFT - max(_LEAST_TEXT, 3 * width // 8)
    for name in dict.fromkeys(wanted):
        cells = _cells(name, labels)
        if name in ("real", "soft"):
            continue
        if cells + 1 > room:
            break
        there[name] = cells
        room -= cells + 1
    places: list[Place] = []
    x = _LEFT
    for name in sorted(there, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name != "kl")):
        places.append(Place(name, _HEADS.get(name, name), x, there[name]))
        x += there[name] + 1
    text = "real" if order is not None and order.column == "real" else "soft"
    if width > x:
        places.append(Place(text, "text" if text == "real" else "rewrite", x, width - x - 1))
    return tuple(places)


def cell(rewrite: Rewrite, name: str, labels: Sequence[str], glyphs: Glyphs) -> tuple[str, Role]:
    """What a row says in a column, and how it looks; nothing where nobody said it."""
    column = COLUMNS[name]
    value = column.value(rewrite)
    if rewrite.regression and name in _AMOUNTS:
        answers = getattr(rewrite, _AMOUNTS[name])
        value = answers[0] if answers else None
        return ("", "") if value is None else (in_short(value), "")
    if name == "label" and value is None and rewrite.label is not None:
        return safe(rewrite.label, glyphs, 20), ""
    if value is None:
        return "", ""
    if isinstance(value, str):
        return safe(value, glyphs), "dim"
    value = float(value)
    if name == "time":
        return clock(value), "dim"
    if column.kind == "flag":
        return ("yes" if value else "-"), ("warn" if value else "dim")
    if column.kind == "class":
        return _class(rewrite, column, value, labels, glyphs)
    if value.is_integer() and abs(value) < 1e9 and name in ("step", "turn", "drawn", "changed", "tokens"):
        return f"{int(value):,}", "dim"
    words = in_short(value)
    if name == "gain" and value > 0:
        words = f"+{words}"
    return words, "good" if name == "gain" and value > 0 else ""


def _class(rewrite: Rewrite, column: Column, value: float, labels: Sequence[str], glyphs: Glyphs) -> tuple[str, Role]:
    words = str(int(value)) if value.is_integer() and abs(value) < 1e9 else f"{value:.3g}"
    if not rewrite.regression:
        words = safe(class_named(int(value), labels, ""), glyphs)
    flips = {"teacher_after": rewrite.teacher_flips, "student_after": rewrite.student_flips}.get(column.name, False)
    # Said by a sign as well: not every terminal has colours.
    return (f"{words}!" if flips else words), ("warn" if flips else "")


def _cells(name: str, labels: Sequence[str]) -> int:
    column, head = COLUMNS[name], _HEADS.get(name, name)
    if column.kind == "class":
        longest = max((len(label) for label in labels), default=1) + 1
        return max(min(longest, _CLASS_CELLS[1]), min(len(head), _CLASS_CELLS[0]), 7)
    return max(_CELLS.get(name, 7), len(head) if column.kind != "text" else 0)
