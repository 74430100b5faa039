"""`cilda report`: a run as one page of HTML."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cilda.cli.chosen import RunArgument, RunsDirOption, chosen, say
from cilda.errors import CildaError, UsageError
from cilda.runs.layout import RunFolder

MOST_EXAMPLES = 200

_LOOKED_AT_BYTES = 4096
_LONGEST_NAME = 150


def report(
    run: RunArgument = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to; by default RUN.html, here.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="QUERY", help="Tell of these rewrites alone, such as 'flip and kl>1'."),
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", metavar="N", help="So many rewritten texts in each list of them.")
    ] = 12,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is no report.")] = False,
    browser: Annotated[bool, typer.Option("--open", help="Show it in a browser.")] = False,
    runs_dir: RunsDirOption = None,
) -> None:
    """Write a run's report: one HTML file with everything in it.

    What was distilled, scores beside the teacher's, every loss, what the generator did and some of its rewrites, what
    the machine did, warnings, settings. It needs no network and runs no script, so that it can be mailed and kept. A
    report that is there already is replaced; of a run that goes on it says how far that was. Its path goes to stdout.
    """
    if not 0 <= examples <= MOST_EXAMPLES:
        raise UsageError(f"--examples is {examples}", f"give a number from 0 to {MOST_EXAMPLES}")
    folder = chosen(run, runs_dir)
    path = _path(folder, out)
    _refuse_other_files(path, force=force)
    html = _html(folder, where, examples)
    _write(path, html)
    print(path)
    if browser:
        _open(path)


def _path(folder: RunFolder, out: Path | None) -> Path:
    """As --out says, which may be a folder; else a file in the working directory, named after the run."""
    name = re.sub(r"[^\w.+=-]+", "-", folder.id)[:_LONGEST_NAME].lstrip(".-") or "run"
    if out is None:
        return Path(f"{name}.html")
    return out / f"{name}.html" if out.is_dir() else out


def _refuse_other_files(path: Path, *, force: bool) -> None:
    """Refuses before anything is read what could not be written at the end, or would destroy somebody's file.

    Raises:
        CildaError: no folder, no permission, or another kind of file.
    """
    from cilda_tui.report.page import GENERATOR

    parent = path.absolute().parent
    if not parent.is_dir():
        raise CildaError(f"there is no folder {parent}", "make it, or write elsewhere with --out")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise CildaError(f"no permission to write in {parent}", "write elsewhere with --out")
    if not os.path.lexists(path) or (force and not path.is_dir()):
        return
    try:
        with path.open("rb") as file:
            ours = GENERATOR.encode() in file.read(_LOOKED_AT_BYTES)
    except OSError:
        ours = False
    if not ours:
        todo = (
            "write elsewhere with --out"
            if path.is_dir()
            else "write elsewhere with --out, or overwrite it with --force"
        )
        raise CildaError(f"{path} is there already, and is no report", todo)


def _html(folder: RunFolder, where: str | None, examples: int) -> str:
    from cilda import __version__
    from cilda.config import RunConfig
    from cilda.rewrites.labels import label_names
    from cilda.rewrites.query import parse
    from cilda_tui.report.gathered import Wanted, gather
    from cilda_tui.report.page import page

    labels = label_names(folder)
    query = None if where is None else parse(where, labels)
    wanted = Wanted(
        labels=labels,
        where="" if query is None else query.text,
        fits=None if query is None else query.fits,
        examples=examples,
        defaults=RunConfig().model_dump(mode="json"),
        version=__version__,
    )
    with _progress() as tell:
        return page(gather(folder, wanted, time.time, tell))


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None] | None]:
    """A bar on a terminal's stderr, gone when it is done; nothing elsewhere, and nothing for what is read at once."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("reading {task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("the run", total=1.0)
        yield lambda what, part: bar.update(task, description=what, completed=part)


def _write(path: Path, html: str) -> None:
    """Writes the file whole or not at all.

    Raises:
        CildaError: the disk refused.
    """
    from cilda.runs.atomic import refusal, write_atomic

    try:
        write_atomic(path, html.encode("utf-8"))
    except OSError as error:
        raise refusal(error, path, elsewhere="--out") from error


def _open(path: Path) -> None:
    import webbrowser

    try:
        shown = webbrowser.open(path.absolute().as_uri())
    except (OSError, webbrowser.Error):
        shown = False
    if not shown:
        say("no browser could be opened: open the file yourself")
