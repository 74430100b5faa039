"""CSV and TSV files as tables: a header line, then rows of exactly as many fields."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

from cilda.errors import CildaError
from cilda.tasks.table import Table, counted_places, repeated, shortened
from cilda.tasks.text_file import read_text

LONGEST_HEADER = 100_000  # characters


def read_csv(path: Path) -> Table:
    """Comma-separated fields; quoted ones may hold commas, doubled quotes and line breaks.

    Where the decimal sign is a comma, spreadsheets separate by semicolons: a header that has those and no comma is read
    so, and `source` says it.
    """
    text = read_text(path)
    if separated_by_semicolons(text):
        return replace(_table(path, text, ";", quoting=True), source=f"{path} (separated by semicolons)")
    return _table(path, text, ",", quoting=True)


def separated_by_semicolons(text: str) -> bool:
    """Whether the header line has semicolons and no comma, what stands in quotes left aside."""
    bare = re.sub(r'"[^"]*"', "", text[:LONGEST_HEADER].lstrip("\r\n"))
    header = re.split(r"[\r\n]", bare, maxsplit=1)[0]
    return ";" in header and "," not in header


def read_tsv(path: Path) -> Table:
    """Tab-separated fields, with or without quotes around them.

    Spreadsheets quote fields, GLUE's own files hold bare quotes. The quoted reading is taken if it comes out even and
    no field of it spans both a tab and a line break, which is what a stray quote makes; otherwise quotes are plain
    characters.
    """
    text = read_text(path)
    try:
        quoted = _table(path, text, "\t", quoting=True)
    except CildaError:
        return _table(path, text, "\t", quoting=False)
    fields = (value for column in quoted.columns.values() for value in column)
    stray = any("\t" in field and "\n" in field for field in fields if isinstance(field, str))
    return _table(path, text, "\t", quoting=False) if stray else quoted


def _table(path: Path, text: str, delimiter: str, *, quoting: bool) -> Table:
    header, records, lines = _records(path, text, delimiter, quoting=quoting)
    ragged = [position for position, record in enumerate(records) if len(record) != len(header)]
    if ragged:
        first = records[ragged[0]]
        places = counted_places("line", [lines[position] for position in ragged])
        raise CildaError(
            f"{path}: the header has {len(header)} fields, but {places} {'has' if len(ragged) == 1 else 'have'} not"
            f" ({len(first)} in line {lines[ragged[0]]:,})",
            "put quotes around fields that hold the separator or a line break, and fill in missing fields",
        )
    columns: dict[str, list[object]] = {
        name: [record[number] for record in records] for number, name in enumerate(header) if name
    }
    return Table(str(path), columns, lines, unit="line")


def _records(path: Path, text: str, delimiter: str, *, quoting: bool) -> tuple[list[str], list[list[str]], list[int]]:
    """The header's names, the rows' fields, and the line each row begins in. Empty lines are passed over."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=True,
    )
    records: list[list[str]] = []
    lines: list[int] = []
    begun = 1
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(begun)
            begun = reader.line_num + 1
    except csv.Error as error:
        raise CildaError(
            f"{path}: the row that begins in line {begun:,} cannot be read ({error})",
            'look for a quote that is not closed, or not doubled inside a quoted field ("" stands for one quote)',
        ) from error
    if not records:
        raise CildaError(f"{path} is empty", "the first line names the columns, one row follows in each further line")
    header = [name.strip() for name in records[0]]
    twice = repeated(header)
    if twice:
        names = ", ".join(repr(shortened(name)) for name in twice)
        raise CildaError(f"{path}: the header names {names} more than once", "give every column its own name")
    return header, records[1:], lines[1:]
