"""`cilda inspect --summary` and `--with`: what a generator did in numbers, alone or beside another run's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from cilda.cli.inspect_none import nothing_fits
from cilda.cli.inspect_out import opened
from cilda.cli.inspect_rows import Wanted, chosen_rewrites, whole_index
from cilda.cli.table import show_json
from cilda.cli.terminal import shows_unicode
from cilda.errors import CildaError, UsageError

if TYPE_CHECKING:
    from rich.text import Text

    from cilda.runs.layout import RunFolder

_PIPE_WIDTH = 100


def show_summary(folder: RunFolder, wanted: Wanted, *, plain: bool = False) -> None:
    """Sums up a run's rewrites that are wanted, or the newest --limit of them.

    Raises:
        UsageError: an order or a format that no summary has.
        CildaError: a filter that is none, a run without rewrites, none that fits.
    """
    from cilda.rewrites.labels import label_names
    from cilda.rewrites.query import all_of, parse
    from cilda.rewrites.summary import summarise

    _refuse_rows(wanted, "--summary")
    labels = label_names(folder)
    query = all_of([parse(text, labels) for text in wanted.where])
    with whole_index(folder) as index:
        summary = summarise(chosen_rewrites(index, query, None, wanted.limit), labels)
        if not summary.rewrites:
            raise CildaError(nothing_fits(query, len(index)))
    from cilda.cli.summary_page import summary_page

    _tell(summary.as_json(), wanted, lambda width: summary_page(summary, width=width, plain=_plain(plain)))


def show_comparison(folder: RunFolder, other: RunFolder, wanted: Wanted, *, plain: bool = False) -> None:
    """Compares two runs' rewrites, those that are wanted of each.

    Raises:
        CildaError: as `show_summary`.
    """
    from cilda.rewrites.compare import compare
    from cilda.rewrites.labels import label_names
    from cilda.rewrites.query import all_of, parse

    _refuse_rows(wanted, "--with")
    if folder.path.resolve() == other.path.resolve():
        raise UsageError(f"--with names the run itself: {other.id}", "name another run")
    queries = [all_of([parse(text, label_names(one)) for text in wanted.where]) for one in (folder, other)]
    with whole_index(folder) as first, whole_index(other) as second:
        sides = [
            chosen_rewrites(index, query, None, wanted.limit)
            for index, query in zip((first, second), queries, strict=True)
        ]
        found = compare(*sides)
        for side, query, index, one in zip(
            (found.one, found.other), queries, (first, second), (folder, other), strict=True
        ):
            if not side.rewrites:
                raise CildaError(f"run {one.id}: {nothing_fits(query, len(index))}", "choose what both runs have")
    from cilda.cli.summary_page import comparison_page

    # Runs in different folders may have the same name.
    names = [str(one.path) if folder.id == other.id else one.id for one in (folder, other)]
    told = {"runs": names, **found.as_json()}
    _tell(told, wanted, lambda width: comparison_page(found, names, width=width, plain=_plain(plain)))


def _refuse_rows(wanted: Wanted, option: str) -> None:
    """Figures have no order, and one format."""
    if wanted.sort is not None:
        raise UsageError(
            f"--sort {wanted.sort} orders rewrites, and {option} tells their figures", "leave one of them out"
        )
    if wanted.format not in (None, "json"):
        raise UsageError(f"{option} has no format {wanted.format}", "give --json, or --out FILE.json")


def _tell(told: dict[str, Any], wanted: Wanted, lines: Callable[[int], Iterator[Text]]) -> None:
    """As JSON, into a file or on stdout; or as a page of this width."""
    if wanted.out is not None:
        with opened(wanted.out) as sink:
            sink.write((json.dumps(told, indent=2, allow_nan=False) + "\n").encode())
    elif wanted.format == "json":
        show_json(told)
    elif sys.stdout.isatty():
        from rich.console import Console

        console = Console(highlight=False)
        for line in lines(console.width):
            console.print(line, soft_wrap=True)
    else:
        print("\n".join(line.plain.rstrip() for line in lines(_PIPE_WIDTH)))


def _plain(ascii_only: bool) -> bool:
    """Whether bars and texts are ASCII: asked for, the terminal has no more, or what stdout leads to takes no UTF-8."""
    takes_utf8 = (sys.stdout.encoding or "").lower().replace("_", "-") in ("utf-8", "utf8")
    return ascii_only or not takes_utf8 or (sys.stdout.isatty() and not shows_unicode())
