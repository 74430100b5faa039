"""How a screen shall look: options of every command that opens one."""

from __future__ import annotations

from typing import Annotated

import typer

_SCREEN = "How it looks"

AsciiOption = Annotated[
    bool, typer.Option("--ascii", help="Draw with ASCII alone, as without a UTF-8 locale.", rich_help_panel=_SCREEN)
]
MouseOption = Annotated[
    bool, typer.Option("--mouse/--no-mouse", help="Take clicks and the wheel.", rich_help_panel=_SCREEN)
]
ThemeOption = Annotated[
    str | None,
    typer.Option(
        "--theme",
        envvar="CILDA_THEME",
        show_envvar=False,
        help="dark, light, ansi, blue-orange or red-cyan; by default as last time.",
        rich_help_panel=_SCREEN,
    ),
]
