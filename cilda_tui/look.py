"""How each role of a cell looks, theme by theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rich.style import Style

from cilda_tui.frame import Role

LINES = 6
"""Lines of a chart, and parts of a bar, that have a colour of their own; the seventh takes the first one's again."""


@dataclass(frozen=True)
class Look:
    """A theme. It colours letters only and leaves the ground to the terminal, which also keeps what is sent small."""

    name: str
    words: str
    """For whom it is."""
    dark: bool
    """Whether it is made for a dark ground."""
    styles: Mapping[Role, Style]

    def style(self, role: Role) -> Style:
        """The style of a role; plain for one that nobody knows."""
        return self.styles.get(role, _PLAIN)


_PLAIN = Style()


def _look(name: str, words: str, roles: str, *, dark: bool, lines: str, bands: str, bars: str) -> Look:
    """A theme out of `role=style` lines, and of colours for lines, their bands and the parts of bars."""
    named = dict(line.strip().split("=", 1) for line in roles.strip().splitlines())
    for prefix, colours in (("line", lines), ("band", bands), ("bar", bars)):
        named |= {f"{prefix}.{place}": _colour(colour) for place, colour in enumerate(colours.split())}
    styles = {role: Style.parse(style) for role, style in named.items()}
    return Look(name, words, dark, MappingProxyType({"": _PLAIN, **styles}))


def _colour(colour: str) -> str:
    """A number of the 256 colours, which take few bytes to name, or a colour's name."""
    return f"color({colour})" if colour.isdigit() else colour


DARK = _look(
    "dark",
    "for a dark terminal",
    """
    dim=color(245)
    strong=bold
    title=bold color(252)
    focus=bold color(81)
    good=color(114)
    warn=color(221)
    bad=bold color(210)
    axis=color(244)
    grid=color(238)
    cursor=color(255)
    reference=color(251)
    seam=color(180)
    changed=bold underline color(222)
    selected=reverse
    key=color(81)
    frozen=bold color(159)
    """,
    dark=True,
    lines="81 215 114 212 228 141",
    bands="24 94 65 96 100 61",
    bars="110 212 141 81 215 114",
)

LIGHT = _look(
    "light",
    "for a light terminal",
    """
    dim=color(242)
    strong=bold
    title=bold color(236)
    focus=bold color(25)
    good=color(22)
    warn=color(94)
    bad=bold color(124)
    axis=color(242)
    grid=color(251)
    cursor=color(16)
    reference=color(239)
    seam=color(95)
    changed=bold underline color(90)
    selected=reverse
    key=color(25)
    frozen=bold color(24)
    """,
    dark=False,
    lines="25 130 28 161 58 91",
    bands="110 180 108 175 186 140",
    bars="25 161 91 24 130 28",
)

ANSI = _look(
    "ansi",
    "the terminal's own sixteen colours",
    """
    dim=bright_black
    strong=bold
    title=bold
    focus=bold cyan
    good=green
    warn=yellow
    bad=bold red
    axis=bright_black
    grid=bright_black
    cursor=bold
    reference=default
    seam=yellow
    changed=bold underline
    selected=reverse
    key=cyan
    frozen=bold cyan
    """,
    dark=True,
    lines="bright_cyan bright_yellow bright_green bright_magenta bright_red bright_blue",
    bands="cyan yellow green magenta red blue",
    bars="blue magenta bright_blue cyan yellow green",
)

BLUE_ORANGE = _look(
    "blue-orange",
    "for eyes that confuse red and green (protanopia, deuteranopia); dark",
    """
    dim=color(245)
    strong=bold
    title=bold color(254)
    focus=bold color(75)
    good=color(117)
    warn=color(228)
    bad=bold color(214)
    axis=color(244)
    grid=color(238)
    cursor=color(255)
    reference=color(251)
    seam=color(180)
    changed=bold underline color(214)
    selected=reverse
    key=color(117)
    frozen=bold color(159)
    """,
    dark=True,
    lines="75 214 255 33 229 246",
    bands="24 94 240 18 101 238",
    bars="33 214 255 75 136 246",
)

RED_CYAN = _look(
    "red-cyan",
    "for eyes that confuse blue and green, yellow and violet (tritanopia); dark",
    """
    dim=color(245)
    strong=bold
    title=bold color(254)
    focus=bold color(80)
    good=color(80)
    warn=color(224)
    bad=bold color(209)
    axis=color(244)
    grid=color(238)
    cursor=color(255)
    reference=color(251)
    seam=color(181)
    changed=bold underline color(217)
    selected=reverse
    key=color(80)
    frozen=bold color(195)
    """,
    dark=True,
    lines="80 203 255 37 218 246",
    bands="23 88 240 236 95 238",
    bars="37 203 255 80 131 246",
)

THEMES: Mapping[str, Look] = MappingProxyType({look.name: look for look in (DARK, LIGHT, ANSI, BLUE_ORANGE, RED_CYAN)})

ROLES = tuple(DARK.styles)


def look_of(theme: str) -> Look:
    """A theme by its name; the dark one where there is none of that name."""
    return THEMES.get(theme, DARK)
