"""Which run a command means, and where runs lie: one argument and one option for all of them."""

from __future__ import annotations

import os
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from cilda.cli.completion import complete_runs
from cilda.errors import UsageError
from cilda.runs.layout import RunFolder, default_runs_dir, find
from cilda.runs.words import one_line

RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="A run's id, the beginning of one, or a path; by default the latest run.",
        autocompletion=complete_runs,
    ),
]
RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN",
        help="Runs: ids, beginnings of ids, or paths; by default the latest run.",
        autocompletion=complete_runs,
    ),
]
RunsDirOption = Annotated[Path | None, typer.Option("--runs-dir", help="Where runs are kept; by default ./runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def runs_dir_of(option: Path | None) -> Path:
    """Where runs lie: as the option says, else CILDA_RUNS_DIR, else the user's own settings file, else `./runs`.

    Raises:
        UsageError: the settings file cannot be read.
    """
    if option is not None:
        return option
    if os.environ.get("CILDA_RUNS_DIR"):
        return default_runs_dir()
    return _own_runs_dir() or default_runs_dir()


def chosen(reference: str | None, runs_dir: Path | None) -> RunFolder:
    """The run that is meant; the latest one is named on stderr.

    Raises:
        CildaError: no run, or more than one, is meant; with exit code 3.
    """
    folder = find(runs_dir_of(runs_dir), reference)
    if reference is None:
        say(f"latest run: {folder.id}")
    return folder


def all_chosen(references: list[str] | None, runs_dir: Path | None) -> list[RunFolder]:
    """The runs that are meant, each once, in the order of the command line.

    Raises:
        CildaError: one of them is no run, or more than one; with exit code 3.
    """
    wanted: list[str | None] = [*(references or [])]
    found = [chosen(reference, runs_dir) for reference in wanted or [None]]
    return list({folder.path.resolve(): folder for folder in found}.values())


def named(folder: RunFolder) -> str:
    """The run as a command line takes it: its id where that is enough, else its path."""
    at_hand = folder.path.parent.resolve() == runs_dir_of(None).resolve()
    return shlex.quote(folder.id if at_hand else str(folder.path))


def say(text: str) -> None:
    """A line on stderr; names and notes in it cannot move the cursor."""
    print(one_line(text), file=sys.stderr, flush=True)


def _own_runs_dir() -> Path | None:
    # Read plainly: the settings' own reader takes a tenth of a second to import.
    from cilda.cli.settings import user_settings_file

    path = user_settings_file()
    if path is None:
        return None
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8")).get("runs_dir")
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the settings file {path}: {error}", "mend it, or give --runs-dir") from None
    return Path(value) if isinstance(value, str) and value else None
