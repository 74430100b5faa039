"""`cilda attach`: the live dashboard on a run, here or on another machine."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from cilda.cli.chosen import RunsDirOption, chosen, runs_dir_of
from cilda.cli.completion import complete_runs
from cilda.cli.looks import AsciiOption, MouseOption, ThemeOption
from cilda.cli.run_words import RUN_FAILED
from cilda.cli.terminal import interactive
from cilda.errors import CildaError, UsageError

_REMOTE = re.compile(r"(?P<host>[A-Za-z0-9_][A-Za-z0-9_.@-]*):(?P<run>.*)", re.DOTALL)
_NO_CONNECTION, _NO_COMMAND = 255, 127

_Screen = "How it looks"


def attach(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="A run's id, the beginning of one, a path, or HOST:RUN; by default the latest run.",
            autocompletion=complete_runs,
        ),
    ] = None,
    runs_dir: RunsDirOption = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only look: no key steers the run.")] = False,
    ascii_only: AsciiOption = False,
    mouse: MouseOption = True,
    hz: Annotated[
        float | None,
        typer.Option("--hz", min=0.1, max=20.0, help="Most frames a second; by default 2.", rich_help_panel=_Screen),
    ] = None,
    theme: ThemeOption = None,
    bell: Annotated[
        bool | None, typer.Option("--bell/--no-bell", help="Ring when an alert rises.", rich_help_panel=_Screen)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="No screen: print the events, one JSON line each, until the run ends.")
    ] = False,
) -> None:
    """Look at a run as it goes on, and steer it.

    Curves, machine, rewritten texts, log; ? tells the keys. Leaving, or losing the terminal, never touches the run. The
    same on a run that has ended. Without a terminal it tells plain lines, as watch -f does.
    """
    there = None if run is None or Path(run).exists() else _REMOTE.fullmatch(run)
    if there is not None:
        options = [
            *(["--runs-dir", str(runs_dir)] if runs_dir else []),
            *(["--read-only"] if read_only else []),
            *(["--ascii"] if ascii_only else []),
            *([] if mouse else ["--no-mouse"]),
            *(["--hz", f"{hz:g}"] if hz else []),
            *(["--theme", theme] if theme else []),
            *([] if bell is None else ["--bell" if bell else "--no-bell"]),
            *(["--json"] if as_json else []),
        ]
        _over_ssh(there["host"], there["run"], options, terminal=interactive() and not as_json)
        return
    if as_json or not interactive():
        from cilda.cli.watch import watch

        watch(run, follow=True, runs_dir=runs_dir, as_json=as_json)
        return
    from cilda.cli.dashboard import Choices, open_dashboard, refuse_unknown_theme

    refuse_unknown_theme(theme)
    folder = chosen(run, runs_dir)
    choices = Choices(read_only=read_only, ascii=ascii_only, mouse=mouse, hz=hz, theme=theme, bell=bell)
    open_dashboard(folder, runs_dir_of(runs_dir), choices)


def open_list() -> bool:
    """Opens the list of runs, which `cilda` alone does; False where there is no terminal, or no run yet."""
    from cilda.runs.layout import run_folders

    runs_dir = runs_dir_of(None)
    if not interactive() or not run_folders(runs_dir):
        return False
    from cilda.cli.dashboard import open_dashboard

    open_dashboard(None, runs_dir)
    return True


def _over_ssh(host: str, run: str, options: list[str], *, terminal: bool) -> None:
    """Runs the same command on another machine, on this terminal.

    Raises:
        CildaError: there is no connection, or no cilda there.
        typer.Exit: with the command's own exit code, if not 0.
    """
    command = shlex.join(["cilda", "attach", *([run] if run else []), *options])
    try:
        code = subprocess.call(["ssh", *(["-t"] if terminal else []), "--", host, command])  # noqa: S603, S607
    except FileNotFoundError:
        raise UsageError("there is no ssh here", f"log in on {host} and use: {command}") from None
    if code == _NO_CONNECTION:
        raise CildaError(f"no connection to {host}", f"try: ssh {host}")
    if code == _NO_COMMAND:
        raise CildaError(f"no cilda on the PATH of {host}", f"see: ssh {host} 'echo $PATH; which cilda'")
    if code:
        raise typer.Exit(code if code > 0 else RUN_FAILED)
