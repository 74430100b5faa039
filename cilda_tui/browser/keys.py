"""What each key does to what is shown: a pure function from one `State` to the next, and what is asked of the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.query_order import Order
from cilda_tui.browser.effects import Answer, Effect
from cilda_tui.browser.sight import Sight
from cilda_tui.browser.state import Gone, State
from cilda_tui.ui import Prompt, around

DISAGREE = "disagree"
"""The filter that one key adds and takes away."""

_FAR = 10**12


def press(state: State, action: str, sight: Sight) -> Answer:
    """What an action of the key table does."""
    state = state.with_(message=None)
    if state.overlay:
        return _in_overlay(state, action, sight)
    found = _ACTIONS[action](state, sight)
    return found if isinstance(found, tuple) else (found, None)


def kept(state: State, sight: Sight) -> State:
    """The same, as what is listed by now wants it: the bar stays on its rewrite, and in sight."""
    if state.seeking:
        state = _sought(state, sight)
    changes: dict[str, object] = {}
    # One that is newer than the list may still come into it.
    gone = state.selected is not None and sight.place != state.selected and state.selected < sight.known
    if gone and sight.whole and state.prompt is None:
        changes["selected"] = None
    if not sight.searching and state.prompt is None and state.seeking:
        changes["seeking"] = False
    row = row_of_bar(state, sight)
    if row != state.row:
        changes["row"] = row
    offset = min(state.offset, max(0, sight.detail_rows - sight.detail_page))
    if offset != state.offset:
        changes["offset"] = offset
    return state.with_(**changes) if changes else state


def row_of_bar(state: State, sight: Sight) -> int:
    """The row of the screen's list that the bar stands on: where it was, as far as the list reaches."""
    page = max(1, sight.page)
    at = min(sight.at, max(0, sight.count - 1))
    top = min(max(0, at - min(max(0, state.row), page - 1)), max(0, sight.count - page))
    return max(0, min(at - top, page - 1))


def shown_place(state: State, sight: Sight) -> int | None:
    """The place of the rewrite that is shown below the list."""
    return state.aside if state.aside is not None else sight.place


def to_row(state: State, sight: Sight, row: int) -> State:
    """The bar on a row of the list, the list scrolled as little as that takes."""
    if not sight.count:
        return state
    row = min(max(0, row), sight.count - 1)
    on_screen = min(max(0, row_of_bar(state, sight) + row - sight.at), max(0, sight.page - 1))
    return state.with_(selected=int(sight.places[row]), row=on_screen, aside=None, offset=0)


def to_place(state: State, sight: Sight, place: int) -> State:
    """The bar on a rewrite, or where the list does not hold it, that rewrite beside the list."""
    rows = np.flatnonzero(sight.places == place)
    return to_row(state, sight, int(rows[0])) if len(rows) else state.with_(aside=place, offset=0)


def without_time(state: State) -> State:
    """Out of a text's way through time, back to where the viewer came from."""
    if state.through is None:
        return state
    came = state.came_from or Gone(None, 0)
    return state.with_(
        through=None, came_from=None, aside=None, offset=0, selected=came.selected, row=came.row,
        only_marked=came.only_marked,
    )  # fmt: skip


def listed_anew(state: State, **changes: object) -> State:
    """Another list, seen from its first row."""
    return without_time(state).with_(selected=None, row=0, aside=None, offset=0, **changes)


def _sought(state: State, sight: Sight) -> State:
    """To the first hit from where the search began, or else from the beginning, once that is known."""
    if not len(sight.hits):
        return state
    later = int(np.searchsorted(sight.hits, state.origin))
    if later < len(sight.hits):
        return to_row(state, sight, int(sight.hits[later]))
    return state if sight.searching else to_row(state, sight, int(sight.hits[0]))


def _back(state: State, sight: Sight) -> Answer:  # noqa: ARG001
    layers: list[tuple[bool, dict[str, object]]] = [
        (state.zoomed, {"zoomed": False, "offset": 0}),
        (state.aside is not None, {"aside": None, "offset": 0}),
    ]
    for there, changes in layers:
        if there:
            return state.with_(**changes), None
    if state.through is not None:
        return without_time(state), None
    if state.only_marked:
        return state.with_(only_marked=False), None
    if state.phrase:
        return state.with_(phrase="", seeking=False), None
    if state.where:
        # The bar stays on its rewrite, which every wider list holds as well.
        return state.with_(where=""), None
    return state, Effect("leave") if state.home else None


def _moved(by: int, *, pages: bool = False) -> Callable[[State, Sight], State]:
    def moved(state: State, sight: Sight) -> State:
        if state.zoomed:
            rows = by * (max(1, sight.detail_page - 1) if pages else 1)
            return state.with_(offset=min(max(0, state.offset + rows), max(0, sight.detail_rows - sight.detail_page)))
        return to_row(state, sight, sight.at + by * (max(1, sight.page - 1) if pages else 1))

    return moved


def _along(by: int) -> Callable[[State, Sight], State]:
    return lambda state, sight: to_row(state, sight, sight.at + by)


def _first(state: State, sight: Sight) -> State:  # noqa: ARG001
    return state.with_(offset=0) if state.zoomed else state.with_(selected=None, row=0, aside=None, offset=0)


def _last(state: State, sight: Sight) -> State:
    if state.zoomed:
        return state.with_(offset=max(0, sight.detail_rows - sight.detail_page))
    return to_row(state, sight, _FAR)


def _sorted(state: State, order: Order | None) -> State:
    words = "the newest first" if order is None else f"sorted by {order.column}, {_direction(order)}"
    return listed_anew(state, order=order).saying(words, "dim")


def _direction(order: Order) -> str:
    if COLUMNS[order.column].kind == "text":
        return "from the end" if order.falling else "from the beginning"
    return "the largest first" if order.falling else "the smallest first"


def sorted_by(state: State, column: str) -> State:
    """Sorted by a column: numbers from the largest, texts from the beginning; what is sorted so already, reversed."""
    if state.order is not None and state.order.column == column:
        return _sorted(state, Order(column, not state.order.falling))
    return _sorted(state, Order(column, falling=COLUMNS[column].kind != "text"))


def _reverse(state: State, sight: Sight) -> State:  # noqa: ARG001
    order = state.order
    if order is None:
        return _sorted(state, Order("time")).saying("the oldest first", "dim")
    return _sorted(state, None if order == Order("time") else replace(order, falling=not order.falling))


def _sort_by(by: int) -> Callable[[State, Sight], State]:
    def moved(state: State, sight: Sight) -> State:
        if not sight.columns:
            return state
        now = "" if state.order is None else state.order.column
        return sorted_by(state, str(around(sight.columns, now, by)))

    return moved


def _choose_column(state: State, sight: Sight) -> State:  # noqa: ARG001
    return state.with_(overlay="columns", prompt=Prompt("column", "sort by: "))


def _filter(state: State, sight: Sight) -> State:  # noqa: ARG001
    state = without_time(state)
    return state.with_(prompt=Prompt("filter", "filter: ", state.where, len(state.where)), undo=state)


def _disagreements(state: State, sight: Sight) -> State:  # noqa: ARG001
    where = state.where
    if where == DISAGREE:
        return listed_anew(state, where="")
    if where.startswith(f"{DISAGREE} (") and where.endswith(")"):
        return listed_anew(state, where=where[len(DISAGREE) + 2 : -1])
    return listed_anew(state, where=f"{DISAGREE} ({where})" if where.strip() else DISAGREE)


def _search(state: State, sight: Sight) -> State:
    prompt = Prompt("search", "/", state.phrase, len(state.phrase))
    return state.with_(prompt=prompt, undo=state, origin=sight.at, zoomed=False)


def _hit_by(by: int) -> Callable[[State, Sight], State]:
    def moved(state: State, sight: Sight) -> State:
        hits = sight.hits
        if not state.phrase:
            return state.saying("search with / first", "dim")
        if not len(hits):
            return state.saying("still searching" if sight.searching else "no hit in this list", "warn")
        if by > 0:
            place = int(np.searchsorted(hits, sight.at, side="right"))
        else:
            place = int(np.searchsorted(hits, sight.at)) - 1
        if not 0 <= place < len(hits):
            words = "on from the beginning" if by > 0 else "on from the end"
            return to_row(state, sight, int(hits[place % len(hits)])).saying(words, "dim")
        return to_row(state, sight, int(hits[place]))

    return moved


def _reset(state: State, sight: Sight) -> State:  # noqa: ARG001
    return listed_anew(state, where="", order=None, only_marked=False, phrase="", seeking=False).with_(
        only_marked=False
    )


def _zoom(state: State, sight: Sight) -> State:
    return state.with_(zoomed=not state.zoomed, offset=0) if shown_place(state, sight) is not None else state


def _through(state: State, sight: Sight) -> State:
    if state.through is not None:
        return without_time(state)
    place = shown_place(state, sight)
    if place is None:
        return state
    came = Gone(sight.place, row_of_bar(state, sight), state.only_marked)
    return state.with_(through=place, came_from=came, selected=place, aside=None, offset=0, only_marked=False)


def _neighbour(of: str, by: int) -> Callable[[State, Sight], Answer]:
    return lambda state, sight: (
        state,
        None if shown_place(state, sight) is None else Effect("neighbour", of, by),
    )


def _mark(state: State, sight: Sight) -> Answer:
    place = shown_place(state, sight)
    if place is None:
        return state, None
    marked = state.with_(marks=state.marks ^ {place})
    on = marked if state.aside is not None or state.zoomed else to_row(marked, sight, sight.at + 1)
    return on, Effect("keep")


def _only_marked(state: State, sight: Sight) -> State:  # noqa: ARG001
    if state.only_marked:
        return state.with_(only_marked=False)
    if not state.marks and not state.notes:
        return state.saying("nothing is marked yet: space marks", "dim")
    return listed_anew(state).with_(only_marked=True)


def _unmark(state: State, sight: Sight) -> Answer:  # noqa: ARG001
    if not state.marks:
        return state.saying("nothing is marked", "dim"), None
    question = f"take {len(state.marks):,} marks away? y/N "
    return state.with_(prompt=Prompt("confirm", question, action="unmark")), None


def _note(state: State, sight: Sight) -> State:
    place = shown_place(state, sight)
    if place is None:
        return state
    text = state.note_on(place)
    # Pinned: the first of a list may be another one when the note is written.
    selected = state.selected if state.aside is not None else place
    return state.with_(prompt=Prompt("note", "note: ", text, len(text), action=str(place)), selected=selected)


def _export(state: State, sight: Sight) -> State:
    if not state.marks and not sight.count:
        return state.saying("there is nothing to export", "dim")
    what = f"{len(state.marks):,} marked" if state.marks else f"all {sight.count:,} listed"
    path = str(Path(sight.exports, f"{sight.run or 'run'}-rewrites.jsonl"))
    return state.with_(prompt=Prompt("path", f"export {what} to: ", path, len(path)))


def _theme(state: State, sight: Sight) -> Answer:
    theme = str(around(sight.themes, state.theme, 1))
    return state.with_(theme=theme).saying(f"theme {theme}", "dim"), Effect("repaint")


def _in_overlay(state: State, action: str, sight: Sight) -> Answer:
    if action == "quit":
        return state, Effect("quit")
    page = max(1, sight.detail_page - 1)
    by = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "first": -_FAR, "last": _FAR}.get(action)
    if by is None:
        return state.with_(overlay="", overlay_offset=0), None
    most = max(0, sight.overlay_rows - sight.detail_page)
    return state.with_(overlay_offset=min(max(0, state.overlay_offset + by), most)), None


_ACTIONS: dict[str, Callable[[State, Sight], State | Answer]] = {
    "leave": lambda state, _: (state, Effect("leave")),
    "quit": lambda state, _: (state, Effect("quit")),
    "help": lambda state, _: state.with_(overlay="help", overlay_offset=0),
    "palette": lambda state, _: state.with_(overlay="palette", prompt=Prompt("palette", ": ")),
    "copy": lambda state, sight: (state, None if shown_place(state, sight) is None else Effect("copy")),
    "arrange": lambda state, _: state.with_(stacked=not state.stacked, offset=0),
    "back": _back, "theme": _theme, "down": _moved(1), "up": _moved(-1), "page_down": _moved(1, pages=True),
    "page_up": _moved(-1, pages=True), "first": _first, "last": _last, "sort": _choose_column, "reverse": _reverse,
    "sort_next": _sort_by(1), "sort_previous": _sort_by(-1), "filter": _filter, "disagreements": _disagreements,
    "search": _search, "next_hit": _hit_by(1), "previous_hit": _hit_by(-1), "reset": _reset, "zoom": _zoom,
    "through": _through, "previous_same": _neighbour("text", -1), "next_same": _neighbour("text", 1),
    "previous_turn": _neighbour("turn", -1), "next_turn": _neighbour("turn", 1), "older": _along(-1),
    "newer": _along(1), "mark": _mark, "only_marked": _only_marked, "unmark": _unmark, "note": _note,
    "export": _export,
}  # fmt: skip
