"""A run's rewrites on stdout or in a file: chosen, sorted, and written in a format; or the newest as a plain table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from cilda.cli.chosen import say
from cilda.cli.inspect_none import nothing_fits, refuse_without_rewrites
from cilda.cli.inspect_out import opened
from cilda.cli.table import show_table
from cilda.errors import CildaError, UsageError, unknown
from cilda.rewrites.table_file import ENDINGS
from cilda.runs.words import one_line, short

if TYPE_CHECKING:
    from cilda.rewrites.index import Index
    from cilda.rewrites.query import Query
    from cilda.rewrites.query_order import Order
    from cilda.rewrites.rewrite import Rewrite
    from cilda.rewrites.tables import Format
    from cilda.runs.layout import RunFolder

EXPORT = "For other programs"
SHOWN = 20
"""So many are shown where nobody says how many."""

_STEP_SECONDS = 0.2
_FORMATS = ("json", "jsonl", "csv", "parquet")


@dataclass(frozen=True)
class Wanted:
    """Which rewrites are wanted, in which order and form."""

    where: tuple[str, ...] = ()
    sort: str | None = None
    limit: int | None = None
    form: str | None = None
    out: Path | None = None
    as_json: bool = False

    def options(self) -> dict[str, object]:
        """By the name of the option what it says, but for --json, which other things are asked with as well."""
        limit = None if self.limit is None else (self.limit,)
        return {
            "--where": self.where, "--sort": self.sort, "--limit": limit, "--format": self.form, "--out": self.out,
        }  # fmt: skip

    @property
    def browsed(self) -> bool:
        """Whether nothing asks for rows: a person at a terminal then gets the browser."""
        return self.limit is None and self.form is None and self.out is None and not self.as_json

    @property
    def format(self) -> Format | None:
        """The format that is asked for, in its own words or by the ending of --out; None for a table to be read.

        Raises:
            UsageError: an unknown format; --out without any.
        """
        if self.as_json and self.form not in (None, "json"):
            raise UsageError(f"--json and --format {self.form} are two formats", "give one of them")
        if self.as_json or self.form == "json":
            return "json"
        if self.form is None:
            if self.out is None:
                return None
            ending = self.out.suffix.lower()
            if ending not in ENDINGS:
                raise UsageError(
                    f"the ending of {self.out} names no format", f"one of: {', '.join(ENDINGS)}; or --format"
                )
            return ENDINGS[ending]
        for form in ENDINGS.values():
            if form == self.form:
                return form
        raise unknown("format", self.form, _FORMATS)


def refuse_impossible(wanted: Wanted) -> None:
    """Refuses what no run could answer, before any is looked at.

    Raises:
        UsageError: a limit below 0, an unknown format or column, Parquet for a terminal.
    """
    if wanted.limit is not None and wanted.limit < 0:
        raise UsageError(
            f"--limit is {wanted.limit}: there are no fewer rewrites than none", "give a count, such as -n 50"
        )
    if wanted.format == "parquet" and wanted.out is None and sys.stdout.isatty():
        raise UsageError("Parquet is nothing for a terminal", "write it to a file with --out, or into a pipe")
    if wanted.sort is not None:
        from cilda.rewrites.query_order import order_of

        order_of(wanted.sort)


def show_rewrites(folder: RunFolder, wanted: Wanted) -> None:
    """Writes the rewrites of a run that are wanted.

    Raises:
        CildaError: a filter that is none, a run without rewrites, a place that cannot be written to.
    """
    from cilda.rewrites.labels import label_names
    from cilda.rewrites.query import all_of, parse
    from cilda.rewrites.query_order import order_of

    labels = label_names(folder)
    query = all_of([parse(text, labels) for text in wanted.where])
    order = None if wanted.sort is None else order_of(wanted.sort)
    with whole_index(folder) as index:
        form = wanted.format
        if form is None:
            _show(index, query, order, SHOWN if wanted.limit is None else wanted.limit, labels)
        else:
            _write(index, query, order, wanted, form, labels)


@contextmanager
def whole_index(folder: RunFolder) -> Iterator[Index]:
    """An index that knows all of a run's rewrites, as they lie there now.

    Raises:
        CildaError: they cannot be read, or there are none.
    """
    from cilda.rewrites.index import Index

    with Index.open(folder.augmentations) as index:
        catch_up(index)
        if not len(index):
            if index.trouble is not None:
                raise CildaError(
                    f"cannot read {folder.augmentations}: {index.trouble}", "check who owns it and its mode"
                )
            refuse_without_rewrites(folder)
        yield index


def catch_up(index: Index) -> None:
    """Indexes all that lies there now; on a terminal it says how far that is, if it takes a while."""
    told = False
    while not index.catch_up(_STEP_SECONDS):
        if sys.stderr.isatty():
            print(f"\rreading rewrites: {index.known_fraction:4.0%} ", end="", file=sys.stderr, flush=True)
            told = True
    if told:
        print("\r" + " " * 30 + "\r", end="", file=sys.stderr, flush=True)


def _write(
    index: Index, query: Query, order: Order | None, wanted: Wanted, form: Format, labels: tuple[str, ...]
) -> None:
    from cilda.rewrites.tables import write_table

    with opened(wanted.out) as sink:
        count = write_table(chosen_rewrites(index, query, order, wanted.limit), form, sink, labels)
    if wanted.out is not None:
        say(f"{count:,} rewrite{'s' if count != 1 else ''} written to {wanted.out}")
    if not count and wanted.limit != 0:
        say(nothing_fits(query, len(index)))


def _show(index: Index, query: Query, order: Order | None, limit: int, labels: tuple[str, ...]) -> None:
    # One more tells whether there are more.
    found = list(islice(chosen_rewrites(index, query, order, limit + 1), limit + 1))
    more = len(found) > limit
    rows = found[:limit] if order is not None else found[len(found) - min(limit, len(found)) :]
    if rows:
        columns = ("turn", "id", "label", "teacher_after", "student_after", "kl", "real", "soft")
        show_table(columns, [_row(rewrite, labels) for rewrite in rows], right=frozenset({"turn", "kl"}))
    if more:
        which = "the first by --sort" if order is not None else "the newest, which is the last"
        say(f"{which}; more with --limit N, all for other programs with --format csv")
    elif not found:
        say(nothing_fits(query, len(index)))


def _row(rewrite: Rewrite, labels: tuple[str, ...]) -> list[str]:
    from cilda.rewrites.tables import record

    found = record(rewrite, labels)
    cells = [found[name] for name in ("turn", "id", "label", "teacher_after", "student_after", "kl", "real", "soft")]
    return ["" if cell is None else short(cell) if isinstance(cell, float) else one_line(cell) for cell in cells]


def chosen_rewrites(index: Index, query: Query, order: Order | None, limit: int | None) -> Iterator[Rewrite]:
    """The rewrites that fit, in their order, at most so many: the newest, or the first of the order."""
    from cilda.rewrites.query_order import chosen_places, read

    for places in chosen_places(index, query, order, limit):
        yield from read(index, places)
