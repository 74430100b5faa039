"""The browser for rewrites, opened by a command."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from cilda.cli.dashboard import EXPORTS, refuse_unknown_theme
from cilda.cli.inspect_none import may_still_come, refuse_without_rewrites
from cilda.cli.terminal import shows_unicode
from cilda.errors import CildaError
from cilda.runs.layout import RunFolder
from cilda.runs.segments import segment_numbers


@dataclass(frozen=True)
class Choices:
    """How the browser shall look; what is None is as it was the last time."""

    ascii: bool = False
    mouse: bool = True
    theme: str | None = None


def open_browser(folder: RunFolder, where: Sequence[str], sort: str | None, choices: Choices = Choices()) -> None:
    """Shows the rewrites of a run until the viewer leaves, at first those that fit all filters, sorted by a column.

    Raises:
        CildaError: a filter that is none, a run that has no rewrites and never will have, a browser that failed.
        typer.Exit: it was ended by a SIGTERM (143).
    """
    refuse_unknown_theme(choices.theme)
    if not _may_have_rewrites(folder):
        refuse_without_rewrites(folder)
    # Before Textual is imported: nothing moves by itself, and a lone escape is told from an arrow key soon.
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("ESCDELAY", "40")
    from cilda.rewrites.labels import label_names
    from cilda.rewrites.query import all_of, parse
    from cilda.rewrites.query_order import order_of
    from cilda_tui.browser.app import Browser, Browsing
    from cilda_tui.browser.kept_marks import marks_folder
    from cilda_tui.remembered import remembered_file
    from cilda_tui.shell import TERMINATED

    labels = label_names(folder)
    query = all_of([parse(text, labels) for text in where])
    app = Browser(
        Browsing(
            folder=folder,
            where=query.text,
            order=None if sort is None else order_of(sort),
            ascii=choices.ascii or not shows_unicode(),
            colourless=bool(os.environ.get("NO_COLOR")),
            mouse=choices.mouse,
            theme=choices.theme,
            exports=EXPORTS,
            remembered=remembered_file(),
            marks=marks_folder(),
        )
    )
    app.run(mouse=choices.mouse)
    if app.return_code == TERMINATED:
        raise typer.Exit(TERMINATED)
    if app.return_code:
        raise CildaError("the browser failed", "plain rows instead: cilda inspect -n 50 | cat")


def _may_have_rewrites(folder: RunFolder) -> bool:
    """Whether there are any, or the run goes on and may still write some."""
    try:
        if segment_numbers(folder.augmentations):
            return True
    except OSError:
        # The browser says why it cannot read them.
        return True
    return may_still_come(folder)
