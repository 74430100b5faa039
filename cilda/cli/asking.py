"""A question before something goes for good."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import typer

from cilda.cli.chosen import say
from cilda.errors import UsageError


def agreed(lines: Iterable[str], question: str, *, yes: bool) -> None:
    """Shows what is meant and asks; `yes` has answered already.

    Raises:
        UsageError: nobody is there to be asked.
        Exit: the answer is no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("nobody is there to be asked", "say --yes if they may go")
    for line in lines:
        say(line)
    print(f"{question} [y/N] ", end="", file=sys.stderr)
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        say("nothing was removed")
        raise typer.Exit(1)
