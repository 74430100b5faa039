"""`cilda wait`: until runs have ended."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from cilda.cli.chosen import AsJson, RunsArgument, RunsDirOption, all_chosen, say
from cilda.cli.run_words import RUN_FAILED, words_of
from cilda.cli.table import show_json
from cilda.errors import CildaError, UsageError
from cilda.runs.layout import RunFolder
from cilda.runs.status import Status, status_of
from cilda.runs.words import one_line

_LOOK_SECONDS = 1.0


def wait(
    run: RunsArgument = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Give up after this long, with 1.")
    ] = None,
    runs_dir: RunsDirOption = None,
    as_json: AsJson = False,
) -> None:
    """Wait until runs have ended.

    Prints each with how it ended and why, in one line, and leaves with 4 unless all have finished.
    """
    if timeout is not None and not timeout >= 0:
        raise UsageError(f"--timeout is {timeout}: it is not a time", "give seconds, such as --timeout 3600")
    folders = all_chosen(run, runs_dir)
    ends = _waited(folders, timeout, printed=not as_json)
    if as_json:
        show_json([_record(folder, ends[folder.path]) for folder in folders if folder.path in ends])
    going_on = [folder for folder in folders if folder.path not in ends]
    if going_on:
        listed = ", ".join(f"{folder.id} ({status_of(folder).shown})" for folder in going_on)
        raise CildaError(f"not ended within {timeout:g} s: {listed}", "wait longer, or look with: cilda ps")
    if any(status.word != "finished" for status in ends.values()):
        raise typer.Exit(RUN_FAILED)


def _waited(folders: list[RunFolder], timeout: float | None, *, printed: bool) -> dict[Any, Status]:
    """The end of each run, by its path; of those that ended in time."""
    deadline = None if timeout is None else time.monotonic() + timeout
    ends: dict[Any, Status] = {}
    told: dict[Any, str] = {}
    while True:
        for folder in folders:
            if folder.path in ends:
                continue
            status = status_of(folder)
            if status.ended:
                ends[folder.path] = status
                if printed:
                    why = f" ({one_line(status.why)})" if status.why else ""
                    print(f"{one_line(folder.id)} {status.word}{why}", flush=True)
            elif status.word in ("lost", "stalled", "orphaned") and told.get(folder.path) != status.word:
                told[folder.path] = status.word
                say(f"{folder.id}: {words_of(status)}; waiting on")
        if len(ends) == len(folders):
            return ends
        left = _LOOK_SECONDS if deadline is None else min(_LOOK_SECONDS, deadline - time.monotonic())
        if left <= 0:
            return ends
        time.sleep(left)


def _record(folder: RunFolder, status: Status) -> dict[str, str]:
    return {"id": folder.id, "status": status.word, "why": status.why}
