"""Cells that are exactly where they claim to be."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cilda_tui.frame import Frame, Span

WORDS = st.text(alphabet=st.sampled_from("ab cdé日本😀\u0301x"), max_size=12)
WRITING = st.tuples(st.integers(-3, 14), st.integers(-1, 3), WORDS, st.sampled_from(["", "dim", "strong"]))


def frame_of(writings: list[tuple[int, int, str, str]], width: int = 12) -> Frame:
    frame = Frame(width, 3)
    for x, y, text, role in writings:
        frame.put(x, y, text, role)
    return frame


def test_a_text_is_cut_at_the_edge_and_at_its_end() -> None:
    frame = Frame(6, 1)
    assert frame.put(4, 0, "abc") == 6
    assert frame.put(0, 0, "xyz", "dim", end=2) == 2
    assert frame.lines() == ["xy  ab"]
    assert list(frame.segments(0)) == [("xy", "dim"), ("  ab", "")]


def test_a_wide_letter_is_whole_or_not_there() -> None:
    frame = Frame(5, 1)
    frame.put(0, 0, "日本語")
    assert frame.lines() == ["日本"]
    frame.put(1, 0, "x")
    assert frame.lines() == [" x本"]
    assert cell_len(frame.text(0)) == 5


def test_an_accent_joins_its_letter() -> None:
    frame = Frame(3, 1)
    assert frame.put(0, 0, "e\u0301a") == 2
    assert frame.lines() == ["e\u0301a"]


def test_only_what_differs_is_changed_and_neighbours_are_one_span() -> None:
    before, after = Frame(40, 2), Frame(40, 2)
    after.put(2, 1, "ab")
    after.put(6, 1, "c", "dim")
    after.put(30, 1, "d")
    assert after.changed(before) == [Span(1, 2, 7), Span(1, 30, 31)]
    assert after.changed(after) == []
    assert len(after.changed(Frame(39, 2))) == 2


def test_a_span_never_cuts_a_wide_letter() -> None:
    before, after = Frame(6, 1), Frame(6, 1)
    before.put(0, 0, "日本")
    after.put(0, 0, "日x")
    assert after.changed(before) == [Span(0, 2, 4)]


def test_a_rectangle_is_filled_as_far_as_the_frame_reaches() -> None:
    frame = Frame(5, 3)
    frame.put(0, 1, "日")
    frame.fill(1, 1, 99, 99, "─", "dim")
    frame.fill(7, 0, 1, 1, "x")
    assert frame.lines() == ["", " ────", " ────"]
    assert list(frame.segments(1)) == [(" ", ""), ("────", "dim")]


def test_a_frame_in_a_frame() -> None:
    inner, outer = Frame(3, 2), Frame(4, 3)
    inner.put(0, 0, "abc", "strong")
    outer.paste(inner, 2, 1)
    assert outer.lines() == ["", "  ab", ""]
    assert outer.part(2, 1, 9, 9).lines() == ["ab", ""]


@given(st.lists(WRITING, max_size=8))
def test_every_row_is_exactly_as_wide_as_the_frame(writings: list[tuple[int, int, str, str]]) -> None:
    frame = frame_of(writings)
    for row in range(frame.height):
        segments = list(frame.segments(row))
        assert sum(cell_len(text) for text, _ in segments) == frame.width
        assert all(one[1] != two[1] for one, two in itertools.pairwise(segments))


@given(st.lists(WRITING, max_size=8), st.lists(WRITING, max_size=8))
def test_repainting_the_changed_spans_gives_the_new_frame(
    first: list[tuple[int, int, str, str]], second: list[tuple[int, int, str, str]]
) -> None:
    before, after = frame_of(first), frame_of(second)
    for span in after.changed(before):
        before.paste(after.part(span.start, span.row, span.end - span.start, 1), span.start, span.row)
    assert [list(before.segments(row)) for row in range(3)] == [list(after.segments(row)) for row in range(3)]
