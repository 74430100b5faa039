"""`cilda doctor`: whether this machine, this terminal and these folders will do."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cilda.caches import default_cache_dir
from cilda.cli.chosen import AsJson, RunsDirOption, runs_dir_of
from cilda.cli.table import show_json, show_table
from cilda.errors import CildaError

if TYPE_CHECKING:
    from cilda.cli.checks.check import Check


def doctor(runs_dir: RunsDirOption = None, as_json: AsJson = False) -> None:
    """Look at what a run needs: terminal, disk, locks, GPU, memory, logout, hub.

    Each line says what was found and, where it will not do, what to do. Exit code 1 if anything is a problem.
    """
    from cilda.cli.checks.check import shown

    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is wrong with the encoding must be sayable in it.
        sys.stdout.reconfigure(errors="backslashreplace")
    checks = examined(_runs_dir(runs_dir))
    problems = [check for check in checks if check.verdict == "problem"]
    if as_json:
        show_json([check.to_json() for check in checks])
    elif sys.stdout.isatty():
        columns = ("check", "verdict", "found", "what to do")
        rows = [tuple(map(shown, (check.name, check.verdict, check.found, check.todo))) for check in checks]
        show_table(columns, rows)
    else:
        for check in checks:
            todo = f" -> {shown(check.todo)}" if check.todo else ""
            print(f"{check.verdict:7}  {check.name}: {shown(check.found)}{todo}")
    if problems:
        print(f"{len(problems)} of {len(checks)} checks found a problem", file=sys.stderr)
        raise typer.Exit(1)


def examined(runs_dir: Path) -> list[Check]:
    """Every check, in the order that they are shown in; takes some seconds where the hub does not answer."""
    from cilda.cli.checks import disk, hardware, hub, logout, screen, software

    environment = os.environ
    return [
        software.python(),
        software.packages(),
        software.settings(),
        screen.encoding(environment, sys.stdout.encoding),
        screen.terminal(environment),
        screen.color(environment, is_terminal=sys.stdout.isatty()),
        screen.multiplexer(environment),
        screen.ssh(environment),
        hardware.gpu(environment),
        hardware.memory(),
        hardware.processors(environment),
        *disk.runs_folder(runs_dir),
        disk.room("cache-room", default_cache_dir()),
        logout.logout(),
        hub.hub(environment),
        hub.token(environment),
        hub.cache(environment),
    ]


def _runs_dir(option: Path | None) -> Path:
    try:
        return runs_dir_of(option)
    except CildaError:
        # The check of the settings says what is wrong with them.
        return Path("runs")
