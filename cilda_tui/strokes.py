"""What to send to a terminal so that it shows a frame's changed spans: as few bytes as there can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cilda_tui.frame import Frame, Role, Span

Sgr = Callable[[Role], str]
"""The parameters of the sequence that turns a role's looks on, such as `1;38;5;4`; empty for plain letters."""

_NOTHING_VISIBLE = dict.fromkeys((*range(32), *range(127, 160)), "�")
_WORTH_ERASING = 6
"""Blanks up to the end of a line that cost more than the sequence which erases it."""


def strokes(frame: Frame, spans: Iterable[Span], sgr: Sgr) -> str:
    """Moves of the cursor, changes of looks and letters; begins and ends with plain looks.

    The last gate before the terminal: a control character that got this far is replaced.
    """
    pieces: list[str] = []
    row, column, looks = -1, -1, ""
    for span in spans:
        if span.start >= span.end:
            continue
        pieces.append(_move(row, column, span))
        row, column = span.row, span.end
        segments = list(frame.segments(span.row, span.start, span.end))
        erased = _trailing_blanks(segments, sgr) if span.end == frame.width else 0
        if erased:
            segments[-1] = (segments[-1][0][:-erased], segments[-1][1])
        for text, role in segments:
            if not text:
                continue
            wanted = sgr(role)
            if wanted != looks:
                pieces.append(_change(looks, wanted))
                looks = wanted
            pieces.append(harmless(text))
        if erased:
            pieces.append(_change(looks, "") + "\x1b[K" if looks else "\x1b[K")
            looks = ""
        if span.end == frame.width:
            # Behind the last column terminals disagree about where the cursor is.
            row = column = -1
    if looks:
        pieces.append("\x1b[m")
    return "".join(pieces)


def harmless(text: str) -> str:
    """A text without control characters; of the same length."""
    return text if text.isprintable() else text.translate(_NOTHING_VISIBLE)


def _move(row: int, column: int, span: Span) -> str:
    if span.row != row or span.start < column:
        return f"\x1b[{span.row + 1};{span.start + 1}H" if span.start else f"\x1b[{span.row + 1}H"
    return f"\x1b[{span.start - column}C" if span.start > column else ""


def _change(looks: str, wanted: str) -> str:
    if not wanted:
        return "\x1b[m"
    return f"\x1b[0;{wanted}m" if looks else f"\x1b[{wanted}m"


def _trailing_blanks(segments: list[tuple[str, Role]], sgr: Sgr) -> int:
    """How many plain blanks stand at the end, if it pays to erase them."""
    text, role = segments[-1]
    blanks = len(text) - len(text.rstrip(" "))
    return blanks if blanks >= _WORTH_ERASING and not sgr(role) else 0
