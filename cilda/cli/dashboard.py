"""The live dashboard, opened by a command: what it may do to runs, and the way back when it is left."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

import typer

from cilda.cli.chosen import named, say
from cilda.cli.run_words import way_on, words_of
from cilda.cli.terminal import shows_unicode
from cilda.errors import CildaError, UsageError
from cilda.runs.control import What, ask
from cilda.runs.layout import RunFolder
from cilda.runs.status import Status, status_of

EXPORTS = Path("cilda-exports")
"""The folder, below the working directory, that files are exported to."""


@dataclass(frozen=True)
class Choices:
    """How the dashboard shall look, and whether it may steer; what is None is as it was the last time."""

    read_only: bool = False
    ascii: bool = False
    mouse: bool = True
    hz: float | None = None
    theme: str | None = None
    bell: bool | None = None


def refuse_unknown_theme(theme: str | None) -> None:
    """Says which themes there are.

    Raises:
        UsageError: there is none of this name.
    """
    from cilda_tui.look import THEMES

    if theme is not None and theme not in THEMES:
        raise UsageError(f"no theme named {theme!r}", f"one of: {', '.join(THEMES)}")


def open_dashboard(folder: RunFolder | None, runs_dir: Path, choices: Choices = Choices()) -> Status | None:
    """Shows a run, or with None the list of runs, until the viewer leaves; gives the run's status at that time.

    The way back to a run that goes on is said once, when the terminal is as it was before. A terminal that vanishes
    ends this process by the signal for it, and nothing else.

    Raises:
        CildaError: the dashboard itself failed.
        typer.Exit: it was ended by a SIGTERM (143).
    """
    # Before Textual is imported: nothing moves by itself, and a lone escape is told from an arrow key soon.
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("ESCDELAY", "40")
    from cilda_tui.app import Dashboard
    from cilda_tui.browser.kept_marks import marks_folder
    from cilda_tui.options import DEFAULT_HZ, Options
    from cilda_tui.remembered import remembered_file
    from cilda_tui.shell import TERMINATED

    app = Dashboard(
        Options(
            runs_dir=runs_dir,
            folder=folder,
            steer=_steer,
            why_read_only=lambda run: "opened with --read-only" if choices.read_only else why_read_only(run),
            ascii=choices.ascii or not shows_unicode(),
            colourless=bool(os.environ.get("NO_COLOR")),
            mouse=choices.mouse,
            hz=choices.hz or DEFAULT_HZ,
            theme=choices.theme,
            bell=choices.bell,
            exports=EXPORTS,
            remembered=remembered_file(),
            marks=marks_folder(),
        )
    )
    app.run(mouse=choices.mouse)
    if app.return_code == TERMINATED:
        raise typer.Exit(TERMINATED)
    if app.return_code:
        raise CildaError("the dashboard failed", "plain lines instead: cilda watch -f")
    last = app.scene.last or folder
    if last is None:
        return None
    if not last.path.is_dir():
        say(f"the folder of run {last.id} is gone: {last.path}")
        return None
    status = status_of(last)
    if status.word == "finished":
        say(f"run {last.id} is finished" + (f"; its student: {last.student}" if last.student.is_dir() else ""))
    if status.ended:
        if status.word != "finished":
            say(f"run {last.id}: {words_of(status)}")
            say(way_on(last))
    else:
        say(f"run {last.id} goes on; see it again with: cilda attach {named(last)}")
    return status


def why_read_only(folder: RunFolder) -> str:
    """Why a run cannot be steered from here: it is somebody else's, or its folder cannot be written to."""
    try:
        owner = folder.path.stat().st_uid
    except OSError as error:
        return f"its folder cannot be read: {error.strerror}"
    if owner != os.geteuid():
        return f"the run belongs to {_user(owner)}"
    if not os.access(folder.path, os.W_OK | os.X_OK):
        return "no permission to write its folder"
    return ""


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


_WORDS = {
    "checkpoint": "a checkpoint is asked for",
    "pause": "asked to pause",
    "resume": "asked to go on",
    "stop": "asked to stop",
    "note": "the note is on its way",
}


def _steer(folder: RunFolder, what: str, text: str) -> str:
    """Puts the request down; what becomes of it is seen in the run's events.

    Raises:
        CildaError: the disk refused, or the run has ended.
    """
    from cilda.cli.steer import note_dead

    status = status_of(folder)
    if status.ended:
        if what == "note":
            note_dead(folder, text)
            return "noted"
        raise CildaError(f"it is {words_of(status)}", way_on(folder))
    wanted: What = what  # type: ignore[assignment]
    ask(folder, wanted, text=text)
    return _WORDS[what]
