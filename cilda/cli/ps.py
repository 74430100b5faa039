"""`cilda ps`: all runs, what each is doing, and how far it is."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cilda.cli.chosen import AsJson, RunsDirOption, runs_dir_of, say
from cilda.cli.run_rows import Row, lines, row_of
from cilda.cli.table import show_json
from cilda.errors import CildaError
from cilda.runs.events import finite
from cilda.runs.filters import parse
from cilda.runs.layout import NOT_FOUND
from cilda.runs.store import list_runs
from cilda.runs.summary import seconds_left, summary_of

_EVERY_SECONDS = 2.0


def ps(
    filters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILTER",
            help="Only runs that fit: status:running task:sst2 method:cilda 'best>0.9' 'turn>=100' 'progress<0.5' "
            "'age<2d', or a part of the id. Quote < and >.",
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again every two seconds; q leaves.")] = False,
    runs_dir: RunsDirOption = None,
    as_json: AsJson = False,
) -> None:
    """List runs: what each is doing, or how it ended.

    The newest is the last. `done` is of the present stage, by the turns of all players; `when` is the time left (ETA),
    or when the run last moved. A terminal shows the columns that it has room for; in a pipe all are there.
    """
    where = runs_dir_of(runs_dir)
    if runs_dir is not None and not watch and not where.exists():
        raise CildaError(
            f"there is no folder {where}", "name the folder of the runs with --runs-dir", exit_code=NOT_FOUND
        )
    words = filters or []
    if not watch:
        _show(_rows(where, words), where, words, as_json=as_json)
    elif sys.stdout.isatty() and not as_json and os.environ.get("TERM") != "dumb":
        _watch_terminal(where, words)
    else:
        _watch_plainly(where, words, as_json=as_json)


def _rows(where: Path, words: Sequence[str]) -> list[Row]:
    now = time.time()
    fits = parse(words, now)
    rows = []
    for record in list_runs(where):
        summary = summary_of(record, now)
        if fits(summary):
            rows.append(row_of(summary, seconds_left(summary, record.state), now))
    return rows


def _show(rows: Sequence[Row], where: Path, words: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        show_json([finite(row.record) for row in rows])
    elif rows:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        sys.stdout.write("\n".join(lines(rows, width, color=_colored())) + "\n")
    else:
        say(_nothing(where, words))


def _nothing(where: Path, words: Sequence[str]) -> str:
    if not where.exists():
        return f"there is no folder {where} yet; start a run with: cilda distill"
    return (
        f"no run in {where} fits {' '.join(words)}" if words else f"no runs in {where}; start one with: cilda distill"
    )


def _colored() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _watch_plainly(where: Path, words: Sequence[str], *, as_json: bool) -> None:
    """Prints the list each time it has changed, with an empty line between; as JSON each in one line."""
    before: object = None
    try:
        while True:
            rows = _rows(where, words)
            # The time left and the age of a run change always, and would say nothing new.
            now = [{**row.record, "seconds_left": None, "moved": None} for row in rows]
            if now != before:
                if as_json:
                    print(json.dumps([finite(row.record) for row in rows], allow_nan=False))
                else:
                    if before is not None:
                        print()
                    _show(rows, where, words, as_json=False)
                sys.stdout.flush()
                before = now
            time.sleep(_EVERY_SECONDS)
    except KeyboardInterrupt:
        return


def _watch_terminal(where: Path, words: Sequence[str]) -> None:
    """Redraws the list in place; the terminal shows afterwards what it showed before, and the last list below it."""
    from cilda.cli.keys import LEAVE, keys

    rows: list[Row] = []
    try:
        with keys() as pressed:
            sys.stdout.write("\x1b[?1049h\x1b[?25l\x1b[?7l")
            try:
                while True:
                    rows = _rows(where, words)
                    _draw(rows, where, words)
                    if LEAVE in pressed.pressed(_EVERY_SECONDS).lower():
                        break
            finally:
                sys.stdout.write("\x1b[?7h\x1b[?25h\x1b[?1049l")
                sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    _show(rows, where, words, as_json=False)


def _draw(rows: Sequence[Row], where: Path, words: Sequence[str]) -> None:
    width, height = shutil.get_terminal_size()
    table = lines(rows, width, color=_colored()) if rows else [_nothing(where, words)[:width]]
    room = max(1, height - 1)
    if len(table) > room:
        # The newest runs are the last.
        hidden = len(table) - room
        table = [table[0], *table[hidden + 1 :]]
    table += [""] * (room - len(table))
    ending = "q leaves; runs go on"[: max(0, width - 1)]
    # One write, each line cleared behind its text and never the whole screen: nothing flickers.
    sys.stdout.write("\x1b[H" + "".join(f"{line}\x1b[K\r\n" for line in table) + f"{ending}\x1b[K\x1b[J")
    sys.stdout.flush()
