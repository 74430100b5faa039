"""Events: what stands at the top, what happened below, the newest last; whatever the words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.layout import RunFolder
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.panels.events import draw_events
from cilda_tui.requests import Asked
from cilda_tui.ui import Ui
from cilda_tui.view import RunView
from tests.tui.panels.viewed import check_frame, view_named
from tests.tui.strange_texts import strange_texts


def view_with(*events: dict[str, Any]) -> RunView:
    view = RunView(RunFolder.__new__(RunFolder))
    view.take([{"v": 1, "t": 60.0 * place, **event} for place, event in enumerate(events)])
    return view


def note(text: str) -> dict[str, Any]:
    return {"kind": "note", "text": text, "by": "ada"}


def test_what_stands_is_at_the_top_and_the_newest_event_last() -> None:
    view = view_with(note("one"), note("two"), note("three"), {"kind": "alert", "level": "warning", "what": "hot"})
    view.requests.asked([Asked("1", "stop", "asked", "ada@node7", t=0.0)])
    assert draw_events(view, Ui(), 60, 6, UNICODE).lines() == [
        "─ 6 events ─────────────────────────────────────── 1 alert ─",
        "  ▲ 00:03 hot",
        "  ○ 00:00 stop requested by ada@node7, not taken up yet",
        "  • 00:01 ada: two",
        "  • 00:02 ada: three",
        "  ▲ 00:03 hot",
    ]


def test_in_one_row_the_worst_that_stands_or_else_the_newest() -> None:
    bad = {"kind": "alert", "level": "error", "what": "disk full", "todo": "free some"}
    assert draw_events(view_with(bad, note("x")), Ui(), 60, 1, ASCII).lines() == ["  6 x 00:00 disk full  free some"]
    assert draw_events(view_with(note("x"), note("y")), Ui(focus="events"), 60, 1, ASCII).lines() == [
        " >6 - 00:01 ada: y"
    ]
    assert "nothing has happened yet" in draw_events(view_with(), Ui(), 60, 1, ASCII).text(0)


def test_events_can_be_scrolled_and_searched() -> None:
    view = view_with(*(note(f"note {number}") for number in range(40)))
    assert draw_events(view, Ui(focus="events", event_back=10), 60, 4, UNICODE).lines()[-1].endswith("note 29")
    found = draw_events(view, Ui(focus="events", log_search="NOTE 1", log_match=1), 60, 4, UNICODE)
    assert "▸• 00:18" not in found.lines()
    assert any(line.startswith(" ▸• 00:18 ada: note 18") for line in found.lines())


def test_at_the_playhead_nothing_later_has_happened() -> None:
    view = view_with(note("one"), note("two"), note("three"))
    assert draw_events(view, Ui(playhead=61.0), 60, 5, UNICODE).lines()[1:] == [
        "  • 00:00 ada: one",
        "  • 00:01 ada: two",
        "",
        "",
    ]


@pytest.mark.parametrize("situation", ["hostile", "failed", "empty"])
@given(width=st.integers(0, 120), height=st.integers(0, 14))
def test_at_every_size_each_row_is_as_wide_as_it_says(situation: str, width: int, height: int) -> None:
    for glyphs in (UNICODE, ASCII.without_colour()):
        check_frame(draw_events(view_named(situation), Ui(), width, height, glyphs), width, height)


@given(strange_texts(), strange_texts(10))
def test_whatever_words_an_event_holds_they_are_shown_harmlessly(text: str, by: str) -> None:
    alert = {"kind": "alert", "level": by, "what": text, "todo": text}
    view = view_with({"kind": "note", "text": text, "by": by}, alert)
    for height in (1, 5):
        check_frame(draw_events(view, Ui(log_search=by), 50, height, UNICODE), 50, height)
