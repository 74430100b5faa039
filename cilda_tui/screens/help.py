"""The keys, as the key table has them, over the whole screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.keymap import Key, help_groups
from cilda_tui.safe import cut, shown
from cilda_tui.ui import Ui

_COLUMN = 62
"""Cells that a column of keys is worth having with."""
_GAP = 3

Row = tuple[str, str]
"""A key and its words; a title has no key, and a blank row neither."""

Groups = Sequence[tuple[str, Sequence[Key]]]
"""Titles, and the keys below each."""


def draw_help(ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """The dashboard's keys, scrolled down by `ui.offset`."""
    return draw_keys(help_groups(steering=not ui.read_only), ui.offset, width, height, glyphs)


def help_rows(ui: Ui, width: int, glyphs: Glyphs) -> int:
    """How many rows the whole help needs, its title included."""
    return keys_rows(help_groups(steering=not ui.read_only), width, glyphs)


def draw_keys(groups: Groups, offset: int, width: int, height: int, glyphs: Glyphs) -> Frame:
    """As many columns of keys as the screen has room for, scrolled down."""
    frame = Frame(width, height)
    if width < 4 or height < 1:
        return frame
    columns = _columns(groups, width, glyphs)
    each = (width - 2) // len(columns)
    frame.fill(0, 0, width, 1, glyphs.horizontal, "focus")
    frame.put(1, 0, cut(" keys ", width - 2, glyphs.ellipsis), "focus")
    closing = " esc closes "
    if width > cell_len(closing) + 12:
        frame.put_right(width - 1, 0, closing, "dim")
    for place, rows in enumerate(columns):
        for y, (key, words) in enumerate(rows[offset : offset + height - 1], start=1):
            _draw_row(frame, 1 + place * each, y, each - _GAP, key, words, glyphs)
    return frame


def keys_rows(groups: Groups, width: int, glyphs: Glyphs) -> int:
    """How many rows all keys need, the title included."""
    return 1 + max(len(rows) for rows in _columns(groups, width, glyphs))


def _columns(table: Groups, width: int, glyphs: Glyphs) -> list[list[Row]]:
    groups = [[("", title), *((_label(key, glyphs), key.words) for key in keys), ("", "")] for title, keys in table]
    count = min(max(1, width // _COLUMN), len(groups))
    columns: list[list[Row]] = [[] for _ in range(count)]
    target = sum(len(group) for group in groups) / count
    place = 0
    for group in groups:
        # Groups stay in the order of the table, each in one piece.
        if columns[place] and len(columns[place]) + len(group) / 2 > target and place < count - 1:
            place += 1
        columns[place] += group
    return [rows for rows in columns if rows]


def _label(key: Key, glyphs: Glyphs) -> str:
    return key.label(ascii_only=glyphs.ascii)


def _draw_row(frame: Frame, x: int, y: int, width: int, key: str, words: str, glyphs: Glyphs) -> None:
    words = shown(words, ascii=glyphs.ascii)
    if not key:
        frame.put(x, y, cut(words, width, glyphs.ellipsis), "title")
        return
    frame.put_right(x + 10, y, key, "key")
    frame.put(x + 12, y, cut(words, width - 12, glyphs.ellipsis))
