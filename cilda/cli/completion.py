"""What the shell offers after a tab: names of runs, tasks, methods and models."""

from __future__ import annotations

import os
import re
from pathlib import Path

import typer  # noqa: TC002  typer reads the annotations

_NAME = re.compile(r"\w[\w.+=-]*")


def complete_runs(context: typer.Context, incomplete: str) -> list[str]:
    """The runs whose names begin so, the newest first, from the folder that the line, the environment or a file names.

    A name that no run of ours could have is left out: the shell would read it as its own language.
    """
    from cilda.cli.chosen import runs_dir_of
    from cilda.errors import CildaError

    given = context.params.get("runs_dir")
    try:
        runs_dir = runs_dir_of(None if given is None else Path(given))
        entries = [
            entry for entry in os.scandir(runs_dir) if entry.name.startswith(incomplete) and _NAME.fullmatch(entry.name)
        ]
    except (CildaError, OSError):
        # In the middle of a line nobody can read what is wrong; the command itself will say it.
        return []
    dated = [(seconds, entry.name) for entry in entries if (seconds := _created_seconds(entry.path)) is not None]
    return [name for _, name in sorted(dated, reverse=True)]


def complete_tasks(incomplete: str) -> list[str]:
    """The tasks whose names begin so."""
    from cilda.tasks import TASKS

    return [name for name in TASKS if name.startswith(incomplete)]


def complete_methods(incomplete: str) -> list[str]:
    """The methods whose names begin so."""
    from cilda.methods import METHODS

    return [name for name in METHODS if name.startswith(incomplete)]


def complete_models(incomplete: str) -> list[str]:
    """The short names of models that begin so; none of them lets the shell offer folders."""
    from cilda.families import SHORT_NAMES

    return [name for name in SHORT_NAMES if name.startswith(incomplete)]


def _created_seconds(folder: str) -> float | None:
    """When a run's first file was written, without reading it; None where no run lies."""
    for name in ("run.json", "events"):
        try:
            return os.stat(f"{folder}/{name}").st_mtime  # noqa: PTH116  Path takes three times as long
        except OSError:
            continue
    return None
