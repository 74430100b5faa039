"""A theme's styles as one terminal can show them."""

from __future__ import annotations

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from rich.style import Style

from cilda_tui.frame import Role
from cilda_tui.look import Look


class Paint:
    """The styles of a theme for a terminal with so many colours, or none; asked once for each role."""

    def __init__(self, look: Look, color_system: str | None, *, colourless: bool) -> None:
        self._look = look
        self._system: ColorSystem = COLOR_SYSTEMS.get(color_system or "", ColorSystem.STANDARD)
        self._colourless = colourless
        self._styles: dict[Role, Style] = {}
        self._parameters: dict[Role, str] = {}

    def style(self, role: Role) -> Style:
        """How a role looks."""
        found = self._styles.get(role)
        if found is None:
            found = self._look.style(role)
            found = self._styles[role] = found.without_color if self._colourless else found
        return found

    def sgr(self, role: Role) -> str:
        """The parameters of the sequence that turns these looks on; empty for plain letters."""
        found = self._parameters.get(role)
        if found is None:
            drawn = self.style(role).render("x", color_system=self._system)
            found = drawn.removeprefix("\x1b[").partition("mx")[0] if drawn.startswith("\x1b[") else ""
            self._parameters[role] = found
        return found
