"""A rectangle of terminal cells that panels draw into: plain data, compared cell by cell with the frame before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len

Role = str
"""What a cell means, such as `dim` or `line.2`; `look.py` says how each role looks in a theme."""

PLAIN: Role = ""


@dataclass(frozen=True)
class Span:
    """A stretch of one row: cells from `start` up to, not including, `end`."""

    row: int
    start: int
    end: int


class Frame:
    """`width` × `height` cells, each a character and a role. What would fall outside is cut off, never wrapped.

    Texts must have been made harmless before (`safe.shown`): a frame takes every character for visible. A wide
    character takes two cells, the second of which holds an empty text; a combining one joins the cell before it.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = max(0, width)
        self.height = max(0, height)
        self._cells = [[" "] * self.width for _ in range(self.height)]
        self._roles = [[PLAIN] * self.width for _ in range(self.height)]

    def put(self, x: int, y: int, text: str, role: Role = PLAIN, *, end: int | None = None) -> int:
        """Writes a text from column x of row y, cut before column `end`; gives the column behind what was written."""
        limit = self.width if end is None else min(end, self.width)
        if not 0 <= y < self.height or x >= limit:
            return x
        if text.isascii() and x >= 0:
            part = text[: limit - x]
            self._cells[y][x : x + len(part)] = part
            self._roles[y][x : x + len(part)] = [role] * len(part)
            self._mend(y, x, x + len(part))
            return x + len(part)
        return self._put_wide(x, y, text, role, limit)

    def put_cells(self, x: int, y: int, cells: Sequence[str], roles: Sequence[Role]) -> None:
        """Writes single-width characters, each with its own role."""
        if not 0 <= y < self.height or not 0 <= x < self.width:
            return
        count = min(len(cells), self.width - x)
        self._cells[y][x : x + count] = cells[:count]
        self._roles[y][x : x + count] = roles[:count]
        self._mend(y, x, x + count)

    def put_right(self, end: int, y: int, text: str, role: Role = PLAIN) -> int:
        """Writes a text that ends before column `end`; gives the column it begins at."""
        start = max(0, end - cell_len(text))
        self.put(start, y, text, role, end=end)
        return start

    def fill(self, x: int, y: int, width: int, height: int, letter: str = " ", role: Role = PLAIN) -> None:
        """Fills a rectangle with one character that is one cell wide."""
        start = max(0, x)
        count = min(width, self.width - start)
        if count <= 0:
            return
        cells, roles = [letter] * count, [role] * count
        for row in range(max(0, y), min(self.height, y + height)):
            self.put_cells(start, row, cells, roles)

    def paste(self, frame: Frame, x: int, y: int) -> None:
        """Copies another frame into this one, its upper left corner at x, y (neither negative)."""
        count = min(frame.width, self.width - x)
        if count <= 0:
            return
        for row in range(min(frame.height, self.height - y)):
            self._cells[y + row][x : x + count] = frame._cells[row][:count]
            self._roles[y + row][x : x + count] = frame._roles[row][:count]
            self._mend(y + row, x, x + count)

    def part(self, x: int, y: int, width: int, height: int) -> Frame:
        """A copy of a rectangle of this frame."""
        part = Frame(min(width, self.width - x), min(height, self.height - y))
        for row in range(part.height):
            part._cells[row] = self._cells[y + row][x : x + part.width]
            part._roles[row] = self._roles[y + row][x : x + part.width]
        return part

    def segments(self, y: int, start: int = 0, end: int | None = None) -> Iterator[tuple[str, Role]]:
        """A row, or its cells from `start` to before `end`, as texts that have one role throughout; not a cell more."""
        cells, roles = self._cells[y], self._roles[y]
        last = self.width if end is None else min(end, self.width)
        for place in range(start + 1, last + 1):
            if place == last or roles[place] != roles[start]:
                yield "".join(cells[start:place]), roles[start]
                start = place

    def text(self, y: int) -> str:
        """A row's characters."""
        return "".join(self._cells[y])

    def lines(self) -> list[str]:
        """All rows' characters, blanks at their ends dropped."""
        return [self.text(row).rstrip() for row in range(self.height)]

    def changed(self, before: Frame | None) -> list[Span]:
        """Where this frame differs from the one before; nearby changes of a row are one span.

        A frame of another size differs everywhere.
        """
        if before is None or (before.width, before.height) != (self.width, self.height):
            return [Span(row, 0, self.width) for row in range(self.height)]
        return [span for row in range(self.height) for span in self._changed_row(row, before)]

    def _changed_row(self, row: int, before: Frame) -> Iterator[Span]:
        cells, roles, old_cells, old_roles = self._cells[row], self._roles[row], before._cells[row], before._roles[row]
        if cells == old_cells and roles == old_roles:
            return
        start = end = -1
        for place in range(self.width):
            if cells[place] == old_cells[place] and roles[place] == old_roles[place]:
                continue
            if start >= 0 and place - end > _GAP_CELLS:
                yield self._whole(Span(row, start, end), before)
                start = place
            elif start < 0:
                start = place
            end = place + 1
        yield self._whole(Span(row, start, end), before)

    def _whole(self, span: Span, before: Frame) -> Span:
        """The span without cutting through a wide character, of then or of now."""
        start, end = span.start, span.end
        while start > 0 and "" in (self._cells[span.row][start], before._cells[span.row][start]):
            start -= 1
        while end < self.width and "" in (self._cells[span.row][end], before._cells[span.row][end]):
            end += 1
        return Span(span.row, start, end)

    def _put_wide(self, x: int, y: int, text: str, role: Role, limit: int) -> int:
        cells, roles, first = self._cells[y], self._roles[y], x
        for letter in text:
            width = _cells(letter)
            if width == 0:
                if first < x and 0 < x <= self.width:
                    at = x - 1 if cells[x - 1] else x - 2
                    cells[at] += letter
                continue
            if x + width > limit:
                break
            if x < 0 < x + width:
                # Of a wide letter that begins outside, half would be left.
                cells[0], roles[0] = " ", role
            if x >= 0:
                cells[x], roles[x] = letter, role
                if width == 2:
                    cells[x + 1], roles[x + 1] = "", role
            x += width
        self._mend(y, max(0, first), max(0, x))
        return x

    def _mend(self, y: int, start: int, end: int) -> None:
        """Half of a wide character that was written over becomes a blank."""
        cells = self._cells[y]
        if 0 < start <= self.width - 1 and cells[start] == "":
            cells[start] = " "
        if start > 0 and start <= self.width and not cells[start - 1].isascii() and _cells(cells[start - 1]) == 2:
            cells[start - 1] = " "
        if end < self.width and cells[end] == "":
            cells[end] = " "


# Asked a thousand times a frame, and mostly for the same few letters.
_cells = lru_cache(4096)(cell_len)

# Moving the cursor costs about as much as writing this many cells again.
_GAP_CELLS = 6
