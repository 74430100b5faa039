"""Letters that are drawings, as rectangles: braille dots, blocks and lines, which few fonts have in one piece."""

from __future__ import annotations

from typing import NamedTuple

_BRAILLE = 0x2800
# Column and row of each of the eight dots, in the order of their bits.
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
_DOT_WIDTH, _DOT_HEIGHT = 0.36, 0.17
_SHADES = {"█": 1.0, "▓": 0.7, "▒": 0.45, "░": 0.2}
_EIGHTHS_ACROSS, _EIGHTHS_UP = "▏▎▍▌▋▊▉", "▁▂▃▄▅▆▇"
_THIN_WIDTH, _THIN_HEIGHT = 0.1, 0.05


class Shape(NamedTuple):
    """A filled rectangle within a cell whose corners are (0, 0), above and left, and (1, 1)."""

    x: float
    y: float
    width: float
    height: float
    strength: float = 1.0
    """How much of its colour it has, from 0 to 1."""


_ACROSS = Shape(0, 0.5 - _THIN_HEIGHT / 2, 1, _THIN_HEIGHT)
_DOWN = Shape(0.5 - _THIN_WIDTH / 2, 0, _THIN_WIDTH, 1)
_RIGHT = Shape(0.5, _ACROSS.y, 0.5, _THIN_HEIGHT)
_UPPER = Shape(_DOWN.x, 0, _THIN_WIDTH, 0.5)
_LOWER = Shape(_DOWN.x, 0.5, _THIN_WIDTH, 0.5)
_LINES = {
    "─": (_ACROSS,),
    "│": (_DOWN,),
    "└": (_UPPER, _RIGHT),
    "┬": (_ACROSS, _LOWER),
    "╌": (Shape(0.05, _ACROSS.y, 0.35, _THIN_HEIGHT), Shape(0.55, _ACROSS.y, 0.35, _THIN_HEIGHT)),
    "┊": tuple(Shape(_DOWN.x, 0.05 + place / 4, _THIN_WIDTH, 0.15) for place in range(4)),
}


def shapes_of(letter: str) -> tuple[Shape, ...]:
    """The rectangles that a letter consists of; none for one that is written."""
    if letter in _LINES:
        return _LINES[letter]
    if letter in _SHADES:
        return (Shape(0, 0, 1, 1, _SHADES[letter]),)
    if letter in _EIGHTHS_ACROSS:
        return (Shape(0, 0, (1 + _EIGHTHS_ACROSS.index(letter)) / 8, 1),)
    if letter in _EIGHTHS_UP:
        height = (1 + _EIGHTHS_UP.index(letter)) / 8
        return (Shape(0, 1 - height, 1, height),)
    bits = ord(letter) - _BRAILLE if len(letter) == 1 else -1
    if not 0 <= bits < 256:
        return ()
    return tuple(
        Shape(0.25 + column / 2 - _DOT_WIDTH / 2, (row + 0.5) / 4 - _DOT_HEIGHT / 2, _DOT_WIDTH, _DOT_HEIGHT)
        for bit, (column, row) in enumerate(_DOTS)
        if bits >> bit & 1
    )
