"""Curves as dots, and dots as letters: eight a cell in braille, two in ASCII."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cilda_tui.glyphs import Glyphs
from cilda_tui.series import Bools, Floats, Ints


@dataclass(frozen=True)
class Raster:
    """How a rectangle of cells divides into dots; rows of dots are counted from the lowest."""

    cells: int
    rows: int
    braille: bool

    @property
    def across(self) -> int:
        """Dots side by side in a cell."""
        return 2 if self.braille else 1

    @property
    def down(self) -> int:
        """Dots above each other in a cell."""
        return 4 if self.braille else 2

    @property
    def columns(self) -> int:
        """Dots side by side in all."""
        return self.cells * self.across

    @property
    def dots(self) -> int:
        """Dots above each other in all."""
        return self.rows * self.down

    def row(self, dot: int) -> int:
        """The row of cells, counted from the uppermost, in which a dot lies."""
        return self.rows - 1 - min(max(0, dot), self.dots - 1) // self.down

    def line(self, levels: Floats, before: int) -> Bools:
        """The dots of a line at a level in each column, `before` of them left of the raster; NaN is a gap.

        The way from one level to the next is drawn in the later column: what is drawn never depends on what follows.
        """
        gap = np.isnan(levels)
        whole = np.rint(np.clip(np.where(gap, 0.0, levels), -self.dots, 2 * self.dots)).astype(np.int64)
        earlier = np.concatenate((whole[:1], whole[:-1]))
        goes_on = ~gap & ~np.concatenate(([True], gap[:-1]))
        low = np.where(goes_on & (whole > earlier), earlier + 1, whole)
        high = np.where(goes_on & (whole < earlier), earlier - 1, whole)
        shown = slice(before, before + self.columns)
        return self.stretches(np.where(gap, 1, low)[shown], np.where(gap, 0, high)[shown])

    def stretches(self, low: Ints, high: Ints) -> Bools:
        """In each column the dots from low up to high, both included; none where low is above high."""
        dots = np.arange(self.dots - 1, -1, -1)[:, None]
        found: Bools = (dots >= low) & (dots <= high)
        return found

    def band(self, low: Ints, high: Ints, *, sparse: bool) -> Bools:
        """The same; a sparse one keeps its lowest and highest dots, and between them every second."""
        found = self.stretches(low, high)
        if sparse:
            dots = np.arange(self.dots - 1, -1, -1)[:, None]
            found &= ((dots + np.arange(len(low))) % 2 == 0) | (dots == low) | (dots == high)
        return found

    def codes(self, masks: Sequence[Bools]) -> NDArray[np.uint8]:
        """Each mask as numbers of letters, cell by cell."""
        if not masks:
            return np.zeros((0, self.rows, self.cells), np.uint8)
        bits = np.stack(masks).view(np.uint8)
        found = np.zeros((len(masks), self.rows, self.cells), np.uint8)
        for across, column in enumerate(_BRAILLE_BITS if self.braille else _ASCII_BITS):
            for down, bit in enumerate(column):
                found |= bits[:, down :: self.down, across :: self.across] << bit
        return found


@dataclass(frozen=True)
class Cells:
    """A rectangle of letters, blank where nothing is, and whose they are: a line's place, or -1."""

    letters: list[list[str]]
    lines: list[list[int]]
    bands: list[list[int]]


def cells_of(raster: Raster, lines: Sequence[Bools], bands: Sequence[Bools], glyphs: Glyphs) -> Cells:
    """Lines before bands, and of several in one cell the first: a cell has one owner, but the dots of all its lines."""
    line_codes, band_codes = raster.codes(lines), raster.codes(bands)
    lined, line_owner = _merged(line_codes, raster)
    banded, band_owner = _merged(band_codes, raster)
    band_owner[lined > 0] = -1
    table = _BRAILLE if glyphs.braille else _ASCII
    letters = np.where(lined > 0, table[0][lined], table[1][banded])
    return Cells(letters.tolist(), line_owner.tolist(), band_owner.tolist())


def _merged(codes: NDArray[np.uint8], raster: Raster) -> tuple[NDArray[np.uint8], Ints]:
    """The dots of all, and the place of the first that has one in each cell, or -1."""
    if not len(codes):
        return np.zeros((raster.rows, raster.cells), np.uint8), np.full((raster.rows, raster.cells), -1)
    dots: NDArray[np.uint8] = np.bitwise_or.reduce(codes, axis=0)
    return dots, np.where(dots > 0, (codes > 0).argmax(axis=0), -1)


# By dot column of a cell, which bit of the letter's number each dot is, from the uppermost down.
_BRAILLE_BITS = ((0, 1, 2, 6), (3, 4, 5, 7))
_ASCII_BITS = ((0, 1),)
_BRAILLE_LETTERS = np.array([" ", *(chr(0x2800 + code) for code in range(1, 256))], dtype=object)
# For lines and for bands.
_BRAILLE = (_BRAILLE_LETTERS, _BRAILLE_LETTERS)
_ASCII = (np.array([" ", "'", ".", ":"], dtype=object), np.array([" ", "`", ",", ";"], dtype=object))
