"""A run's status in words, and what may be done about it."""

from __future__ import annotations

from cilda.cli.chosen import named
from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder
from cilda.runs.status import Status
from cilda.runs.words import one_line

RUN_FAILED = 4
"""The exit code of a command that waited for a run which did not finish."""


def raise_unless_finished(folder: RunFolder, status: Status) -> None:
    """Says how a run ended that did not finish.

    Raises:
        CildaError: the run ended in any other way; with exit code 4.
    """
    if status.word == "finished":
        return
    raise CildaError(
        f"run {folder.id}: {words_of(status)}",
        way_on(folder),
        exit_code=RUN_FAILED,
    )


def way_on(folder: RunFolder) -> str:
    """What can be done about a run that did not finish: in its trainer's own words, where those name the way."""
    state = read_json(folder.state_json)
    if state.get("status") == "failed" and state.get("todo"):
        return f"{one_line(state['todo'])}; what it printed: cilda logs {named(folder)}"
    return f"what it printed: cilda logs {named(folder)}; go on with: cilda resume {named(folder)}"


def words_of(status: Status) -> str:
    """`killed: SIGKILL`."""
    return status.shown + (f": {one_line(status.why)}" if status.why else "")
