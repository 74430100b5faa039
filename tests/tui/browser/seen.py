"""What a browser would have before it, without threads and files: made rewrites, listed and searched plainly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.query import parse
from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda_tui.browser.keys import row_of_bar
from cilda_tui.browser.list_columns import columns_for
from cilda_tui.browser.screen import parts_of, rows_of_detail, rows_of_help
from cilda_tui.browser.sight import Sight
from cilda_tui.browser.state import State
from cilda_tui.glyphs import UNICODE, Glyphs
from cilda_tui.look import THEMES
from tests.rewrites.made_rewrites import LABELS, made_events


def made(count: int, *, hostile: bool = False, seed: int = 0) -> list[Rewrite]:
    """So many made rewrites."""
    found = [rewrite_of(event) for event in made_events(count, hostile=hostile, seed=seed)]
    return [one for one in found if one is not None]


def listed(state: State, rewrites: Sequence[Rewrite], labels: tuple[str, ...] = LABELS) -> list[int]:
    """What a state lists, as slowly as can be."""
    places = list(range(len(rewrites)))
    if state.through is not None:
        same = rewrites[state.through].id
        return [place for place in places if rewrites[place].id == same]
    if state.only_marked:
        noted = {place for place, _ in state.notes}
        places = [place for place in places if place in state.marks or place in noted]
    query = parse(state.where, labels)
    places = [place for place in places if query.fits(rewrites[place])]
    if state.order is None:
        return places[::-1]
    column = COLUMNS[state.order.column]
    known = [place for place in places if column.value(rewrites[place]) is not None]
    unknown = [place for place in places if column.value(rewrites[place]) is None]
    known.sort(key=lambda place: column.value(rewrites[place]) or 0, reverse=state.order.falling)
    return [*known, *unknown]


def sight_of(
    state: State, rewrites: Sequence[Rewrite], width: int = 80, height: int = 24, *,
    labels: tuple[str, ...] = LABELS, glyphs: Glyphs = UNICODE, **more: object,
) -> Sight:  # fmt: skip
    """What a state sees."""
    places = np.array(listed(state, rewrites, labels), np.intp)
    at = np.flatnonzero(places == (-1 if state.selected is None else state.selected))
    phrase = state.phrase.strip().casefold()
    hits = [
        row for row, place in enumerate(places)
        if phrase and (phrase in rewrites[place].real.casefold() or phrase in rewrites[place].soft.casefold())
    ]  # fmt: skip
    parts = parts_of(state, height)
    sight = Sight(
        run="20261122-1158-sst2-6L-cilda-a7f3", places=places, at=int(at[0]) if len(at) else 0, known=len(rewrites),
        total=len(rewrites), page=max(1, parts.page), hits=np.array(hits, np.intp), labels=labels,
        detail_page=max(1, height - 1 if state.overlay else parts.detail_page),
        overlay_rows=rows_of_help(width, glyphs) if state.overlay == "help" else 0,
        rows=dict(enumerate(rewrites)), themes=tuple(THEMES),
    )  # fmt: skip
    top = sight.at - row_of_bar(state, sight)
    seen = [int(place) for place in places[top : top + parts.page]]
    seen += [] if state.aside is None else [state.aside]
    sight = replace(
        sight, rows={place: rewrites[place] for place in seen or ([sight.place] if sight.place is not None else [])}
    )
    columns = columns_for(width, state.order, labels, stepless=sight.stepless)
    sight = replace(sight, columns=tuple(column.name for column in columns))
    return replace(sight, detail_rows=rows_of_detail(state, sight, width, glyphs), **more)  # type: ignore[arg-type]
