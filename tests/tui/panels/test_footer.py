"""The last row: the keys that matter here, as many as fit, or what was just said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.panels.footer import draw_footer
from cilda_tui.ui import PANES, Ui
from tests.tui.strange_texts import strange_texts


def test_the_keys_of_the_focused_pane_are_named() -> None:
    assert draw_footer(Ui(focus="examples"), 80, 1, UNICODE).lines() == [
        " q leave  ? help  1-6 panes  enter browse  [ ] pair  d disagreements  z zoom"
    ]


def test_whoever_may_not_steer_is_shown_no_keys_for_it() -> None:
    assert "K checkpoint" in draw_footer(Ui(), 200, 1, UNICODE).text(0)
    assert "K checkpoint" not in draw_footer(Ui(read_only="another user's"), 200, 1, UNICODE).text(0)


@given(strange_texts(), st.integers(0, 130), st.sampled_from(PANES))
def test_what_was_said_takes_the_row(text: str, width: int, pane: str) -> None:
    for glyphs in (UNICODE, ASCII):
        for ui in (Ui(focus=pane), Ui(focus=pane).saying(text)):
            frame = draw_footer(ui, width, 1, glyphs)
            assert frame.text(0).isprintable()
            assert cell_len(frame.text(0)) == width
