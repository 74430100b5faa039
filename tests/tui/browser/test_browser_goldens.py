"""The browser in every situation as plain text, at two sizes.

After a change that is wanted, write the pictures anew and read them in the diff:

    GOLDENS=write pytest tests/tui/browser/test_browser_goldens.py
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cilda.rewrites.query_order import Order
from cilda.rewrites.rewrite import Rewrite
from cilda_tui.browser.screen import draw_browser
from cilda_tui.browser.sight import Sight
from cilda_tui.browser.state import State
from cilda_tui.glyphs import ASCII, UNICODE, Glyphs
from cilda_tui.ui import Prompt
from tests.tui.browser.seen import made, sight_of
from tests.tui.panels.viewed import check_frame

GOLDENS = Path(__file__).parent / "goldens"
SIZES = ((80, 24), (120, 40))
WRITE = os.environ.get("GOLDENS") == "write"

REWRITES = made(120)
OLD = [
    replace(
        one, step=None, epoch=None, player="", why="", real_spans=(), soft_spans=(), contrast=None, entropy=None,
        surprise=None,
    )
    for one in REWRITES
]  # fmt: skip
AMOUNTS = [
    replace(
        one, regression=True, teacher_real=(2.5,), student_real=(2.25,), teacher_soft=(1.5,), student_soft=(3.0,),
        kl_real=0.25, kl_soft=1.5, label=2.4,
    )
    for one in REWRITES
]  # fmt: skip
HOSTILE = made(120, hostile=True)
AGAIN = [replace(one, t=one.t + 100 * place, turn=one.turn + 100 * place, step=900 * place) for place in range(9)
         for one in (replace(REWRITES[5 + place], id=REWRITES[5].id), REWRITES[50 + place])]  # fmt: skip

Situation = tuple[State, list[Rewrite], Callable[[Sight], Sight], Glyphs]


def followed(sight: Sight) -> Sight:
    return replace(sight, course=tuple(0.1 * place for place in range(10)))


def same(sight: Sight) -> Sight:
    return sight


SITUATIONS: dict[str, Situation] = {
    "list": (State(selected=114, row=5), REWRITES, same, UNICODE),
    "ascii": (State(selected=114, row=5), REWRITES, same, ASCII.without_colour()),
    "filtered and sorted": (State(where="flip kl>0.2", order=Order("kl", falling=True)), REWRITES, same, UNICODE),
    "mistake": (State(prompt=Prompt("filter", "filter: ", "flip and kll>1", 14)), REWRITES, same, UNICODE),
    "searching": (State(phrase="is not", prompt=Prompt("search", "/", "is not", 6)), REWRITES, same, UNICODE),
    "columns": (State(overlay="columns", prompt=Prompt("column", "sort by: ", "te", 2)), REWRITES, same, UNICODE),
    "through time": (State(through=0, selected=4), AGAIN, followed, UNICODE),
    "zoomed and noted": (
        State(zoomed=True, stacked=True, marks=frozenset({119}), notes=((119, "a negation is lost"),)),
        REWRITES, same, UNICODE,
    ),
    "marked": (State(only_marked=True, marks=frozenset({3, 40}), notes=((77, "odd"),)), REWRITES, same, UNICODE),
    "older record": (State(), OLD, lambda sight: replace(sight, labels=()), UNICODE),
    "amounts": (State(), AMOUNTS, same, UNICODE),
    "hostile": (State(selected=115, row=4), HOSTILE, same, UNICODE),
    "reading": (State(), REWRITES, lambda sight: replace(sight, whole=False, known_fraction=0.42), UNICODE),
    "nothing yet": (State(), [], same, UNICODE),
    "unreadable": (State(), [], lambda sight: replace(sight, trouble="Permission denied"), UNICODE),
    "help": (State(overlay="help"), REWRITES, same, UNICODE),
}  # fmt: skip


def golden(situation: str, size: tuple[int, int]) -> Path:
    """The file of a picture."""
    return GOLDENS / f"{situation.replace(' ', '-')}-{size[0]}x{size[1]}.txt"


def picture(situation: str, size: tuple[int, int]) -> str:
    """What is to be seen."""
    state, rewrites, change, glyphs = SITUATIONS[situation]
    sight = change(sight_of(state, rewrites, *size, glyphs=glyphs))
    frame = draw_browser(state, sight, *size, glyphs)
    check_frame(frame, *size)
    return "\n".join(frame.lines()) + "\n"


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_browser_is_as_it_was_reviewed(situation: str, size: tuple[int, int]) -> None:
    path, seen = golden(situation, size), picture(situation, size)
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
    wanted = path.read_text(encoding="utf-8") if path.exists() else ""
    if seen != wanted:
        lines = difflib.unified_diff(wanted.splitlines(), seen.splitlines(), path.name, "now", lineterm="", n=2)
        pytest.fail("\n".join([*lines, f"if that is wanted: GOLDENS=write pytest {__file__}"]), pytrace=False)


def test_there_is_a_picture_for_each_and_none_too_many() -> None:
    wanted = {golden(situation, size).name for situation in SITUATIONS for size in SIZES}
    assert {path.name for path in GOLDENS.iterdir()} == wanted
