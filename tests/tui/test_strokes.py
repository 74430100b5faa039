from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.frame import Frame, Span
from cilda_tui.look import DARK
from cilda_tui.paint import Paint
from cilda_tui.safe import shown
from cilda_tui.strokes import harmless, strokes
from tests.tui.strange_texts import strange_texts

PAINT = Paint(DARK, "256", colourless=False)
WIDTH, HEIGHT = 24, 4

Drawing = list[tuple[int, int, str, str]]

drawings: st.SearchStrategy[Drawing] = st.lists(
    st.tuples(
        st.integers(0, WIDTH - 1),
        st.integers(0, HEIGHT - 1),
        st.text("ab 日é", max_size=30) | st.just(" " * WIDTH),
        st.sampled_from(["", "dim", "good", "selected"]),
    ),
    max_size=8,
)


def drawn(drawing: Drawing) -> Frame:
    frame = Frame(WIDTH, HEIGHT)
    for x, y, text, role in drawing:
        frame.put(x, y, text, role)
    return frame


def cells(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    return [
        [
            (cell.data, cell.fg, cell.bold, cell.reverse)
            for cell in (screen.buffer[row][column] for column in range(WIDTH))
        ]
        for row in range(HEIGHT)
    ]


def on_a_terminal(*pieces: str) -> pyte.Screen:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for piece in pieces:
        stream.feed(piece)
    return screen


@given(drawings, drawings)
def test_what_has_changed_makes_of_the_old_screen_the_new_one(before: Drawing, after: Drawing) -> None:
    old, new = drawn(before), drawn(after)
    first = strokes(old, old.changed(None), PAINT.sgr)
    second = strokes(new, new.changed(old), PAINT.sgr)
    assert cells(on_a_terminal(first, second)) == cells(on_a_terminal(strokes(new, new.changed(None), PAINT.sgr)))
    assert on_a_terminal(first, second).display == [new.text(row) for row in range(HEIGHT)]


@given(strange_texts())
def test_no_control_character_gets_through(text: str) -> None:
    frame = Frame(30, 1)
    frame.put(0, 0, text)
    sent = strokes(frame, frame.changed(None), PAINT.sgr)
    visible = sent.replace("\x1b[1H", "").replace("\x1b[K", "")
    assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in visible)


@given(strange_texts())
def test_harmless_keeps_the_length_and_what_can_be_shown(text: str) -> None:
    assert len(harmless(text)) == len(text)
    assert harmless(shown(text)) == shown(text)


def test_few_bytes_say_much() -> None:
    frame = Frame(80, 2)
    frame.put(10, 1, "x", "dim")
    frame.put(13, 1, "y", "dim")
    assert strokes(frame, [Span(1, 10, 11), Span(1, 13, 14)], PAINT.sgr) == ("\x1b[2;11H\x1b[38;5;245mx\x1b[2Cy\x1b[m")
    assert strokes(Frame(80, 1), [Span(0, 0, 80)], PAINT.sgr) == "\x1b[1H\x1b[K"
    assert strokes(Frame(80, 1), [], PAINT.sgr) == ""


def test_without_colours_what_is_bold_stays_bold() -> None:
    paint = Paint(DARK, "256", colourless=True)
    assert paint.sgr("bad") == "1"
    assert paint.sgr("changed") == "1;4"
    assert paint.sgr("good") == ""
