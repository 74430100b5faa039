"""`cilda watch`: what happens in a run, as text, as bars, or as JSON lines."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cilda.cli.chosen import RunArgument, RunsDirOption, chosen, say
from cilda.cli.run_words import RUN_FAILED, raise_unless_finished, words_of


def watch(
    run: RunArgument = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends; q leaves.")] = False,
    runs_dir: RunsDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the events themselves, one JSON line each.")] = False,
) -> None:
    """Tell what has happened in a run.

    Its turns, scores, requests and alerts. With -f it goes on until the run ends, on a terminal with bars, and leaves
    with 4 unless the run finished. Leaving, or losing the terminal, never touches the run.
    """
    from cilda.cli.live import follow as followed
    from cilda.cli.live import tell_of_damage, watch_live
    from cilda.cli.progress import ProgressConsole, TerminalProgress
    from cilda.runs.events import Event, encode
    from cilda.runs.status import Status, status_of
    from cilda.runs.store import Follower

    folder = chosen(run, runs_dir)
    if follow and not as_json and _on_a_terminal():
        ending = watch_live(folder)
        if not ending.left and ending.status.word != "finished":
            raise typer.Exit(RUN_FAILED)
        return

    progress = TerminalProgress(ProgressConsole(stderr=False), plain=True, says_failure=not follow)

    def show(event: Event) -> None:
        if as_json:
            sys.stdout.write(encode(event).decode("ascii"))
        else:
            progress(event)
        if follow:
            sys.stdout.flush()

    def tell(status: Status) -> None:
        if not status.ended:
            say(f"run {folder.id}: {words_of(status)}")

    if follow:
        try:
            status = followed(folder, show, tell)
        except KeyboardInterrupt:
            return
        raise_unless_finished(folder, status)
        return
    reader = Follower(folder.events)
    while not reader.at_end:
        for event in reader.poll():
            show(event)
    sys.stdout.flush()
    tell_of_damage(reader)
    say(f"run {folder.id}: {words_of(status_of(folder))}")


def _on_a_terminal() -> bool:
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
