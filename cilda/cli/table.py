"""One table, three ways: drawn on a terminal, aligned text in a pipe, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

# Between drawn columns: a space on each side of rich's own separator.
GAP = 3


def show_json(value: Any) -> None:
    """Prints a value as indented JSON on stdout. NaN and infinities are not JSON: write them as strings first."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


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
    chosen = [max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    while sum(chosen) > max(available, len(chosen)):
        chosen[chosen.index(max(chosen))] -= 1
    wanted = [most - least for most, least in zip(natural, chosen, strict=True)]
    left = max(0, available - sum(chosen))
    return [least + left * want // max(1, sum(wanted)) for least, want in zip(chosen, wanted, strict=True)]


def _draw(columns: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[str]) -> None:
    """The table on a terminal, folded to its width."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    gaps = GAP * (len(columns) - 1)
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
