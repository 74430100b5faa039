"""One table, three ways: drawn on a terminal, aligned text in a pipe, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from cilda.runs.words import packed

# Between drawn columns: a space on each side of rich's own separator.
GAP = 3


def show_json(value: Any) -> None:
    """Prints a value as indented JSON on stdout. NaN and infinities are not JSON: write them as strings first.

    On a terminal, what would not print but act (C1 controls, turned reading directions) stands as its escape.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    print(harmless_json(text) if sys.stdout.isatty() else text)


def harmless_json(text: str) -> str:
    """The same JSON, in which every character that does not print is escaped; line ends between values stay."""
    # Outside of its strings JSON is plain ASCII, so that each of these stands inside one, where an escape may stand.
    return "".join(letter if letter == "\n" or letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[str] = frozenset()) -> None:
    """Prints rows under their columns on stdout; the columns named in `right` are right-aligned.

    In a pipe every row is one line and nothing is cut, so that grep and awk see all of it; line ends in a cell count on
    a terminal only.
    """
    if sys.stdout.isatty():
        _draw(columns, rows, right)
    else:
        print("\n".join(aligned(columns, rows, right=right)))


def aligned(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[str] = frozenset()) -> list[str]:
    """The table as lines of text, two spaces between columns and none at the end of a line."""
    cells = [tuple(columns), *(tuple(" ".join(cell.split()) for cell in row) for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = []
    for row in cells:
        padded = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, cell, width in zip(columns, row, widths, strict=True)
        )
        lines.append("  ".join(padded).rstrip())
    return lines


def records(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Mapping[str, Any]]:
    """The rows as one mapping each, for `show_json`."""
    return [dict(zip(columns, row, strict=True)) for row in rows]


def widths(cells: Sequence[Sequence[str]], available: int) -> list[int]:
    """Column widths that fit in `available` characters, gaps not counted.

    Columns get their longest line if all fit, else their longest word and a fair share of what is left; only when the
    words themselves do not fit are the widest columns made narrower still.
    """
    columns = list(zip(*cells, strict=True))
    natural = [max(len(line) for cell in column for line in cell.split("\n")) for column in columns]
    if sum(natural) <= available:
        return natural
    chosen = longest_words(cells)
    while sum(chosen) > max(available, len(chosen)):
        chosen[chosen.index(max(chosen))] -= 1
    wanted = [most - least for most, least in zip(natural, chosen, strict=True)]
    left = max(0, available - sum(chosen))
    return [least + left * want // max(1, sum(wanted)) for least, want in zip(chosen, wanted, strict=True)]


def longest_words(cells: Sequence[Sequence[str]]) -> list[int]:
    """What each column needs so that none of its words is broken."""
    columns = zip(*cells, strict=True)
    return [max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns]


def _draw(columns: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[str]) -> None:
    """The table on a terminal, folded to its width; row by row where that would break names, to be copied whole."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    gaps = GAP * (len(columns) - 1)
    if sum(longest_words([columns, *rows])) > console.width - gaps:
        for row in rows:
            console.print(Text(row[0], style="cyan"), soft_wrap=True)
            cells = (f"{column}: {' '.join(cell.split())}" for column, cell in zip(columns, row, strict=True) if cell)
            for line in packed(list(cells)[1 if row[0] else 0 :], console.width - 2):
                console.print(Padding(Text(line), (0, 0, 0, 2)))
        return
    for column, width in zip(columns, widths([columns, *rows], console.width - gaps), strict=True):
        table.add_column(
            column,
            justify="right" if column in right else "left",
            style="cyan" if column == columns[0] else "",
            overflow="fold",
            width=width,
        )
    for row in rows:
        # Text, never markup: a name with square brackets stays as it is.
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
