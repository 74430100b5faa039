from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.glyphs import ASCII, UNICODE, Glyphs
from cilda_tui.keymap import KEYS
from cilda_tui.screens.help import draw_help, help_rows
from cilda_tui.screens.palette import draw_palette
from cilda_tui.screens.prompt import draw_prompt
from cilda_tui.ui import Prompt, Ui
from tests.tui.strange_texts import strange_texts

sizes = st.tuples(st.integers(0, 140), st.integers(0, 50))
glyph_sets = st.sampled_from([UNICODE, ASCII])


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_help_tells_every_key_once_scrolled_through(width: int, height: int) -> None:
    seen = ""
    for offset in range(0, help_rows(Ui(), width, UNICODE), height - 1):
        seen += "\n".join(draw_help(Ui(offset=offset), width, height, UNICODE).lines())
    assert all(key.words[:40] in seen for key in KEYS)
    assert all(key.label() in seen for key in KEYS)


def test_help_leaves_out_what_may_not_be_done() -> None:
    text = "\n".join(draw_help(Ui(read_only="no"), 200, 60, UNICODE).lines())
    assert "Steering" not in text and "checkpoint after" not in text


@given(sizes, glyph_sets, st.integers(0, 100))
def test_overlays_are_drawn_at_any_size(size: tuple[int, int], glyphs: Glyphs, offset: int) -> None:
    ui = Ui(overlay="palette", prompt=Prompt("palette", ": ", "ch", 2, chosen=offset), offset=offset)
    for draw in (draw_help, draw_palette):
        frame = draw(ui, *size, glyphs)
        assert glyphs is UNICODE or all(line.isascii() for line in frame.lines())


def test_the_palette_marks_the_chosen_action() -> None:
    ui = Ui(overlay="palette", prompt=Prompt("palette", ": ", "chart", 5, chosen=1))
    lines = draw_palette(ui, 80, 20, UNICODE).lines()
    assert lines[0].startswith("─ actions:")
    assert lines[1].startswith("  1") and lines[2].startswith("▸ ")


@given(strange_texts(), st.integers(1, 60), glyph_sets, st.data())
def test_whatever_is_typed_the_line_is_as_wide_as_the_screen(
    text: str, width: int, glyphs: Glyphs, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(text)))
    frame = draw_prompt(Prompt("note", "note: ", text, at), width, glyphs)
    assert "".join(part for part, _ in frame.segments(0)).isprintable()
    assert (frame.width, frame.height) == (width, 1)


def test_the_cursor_of_a_long_text_is_in_sight() -> None:
    frame = draw_prompt(Prompt("note", "note: ", "0123456789" * 10, 100), 30, UNICODE)
    assert ("selected" in [role for _, role in frame.segments(0)]) and frame.text(0).rstrip().endswith("789")
