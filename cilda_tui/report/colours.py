"""The colours of a page, by day and by night: lines that every kind of eyes tells apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Colours by what they are for. Letters stand out from the ground by 4.5 to 1 at least, lines by 3 to 1."""

    ground: str
    raised: str
    """The ground of what lies on the page: cards, heads of tables."""
    text: str
    quiet: str
    rule: str
    good: str
    warning: str
    error: str
    lines: tuple[str, str, str, str, str, str]
    """Those of a chart, and of the parts of a bar. With protanopia, deuteranopia and tritanopia they are apart too."""


DAY = Palette(
    ground="#ffffff", raised="#f4f5f7", text="#1a1c1e", quiet="#5a6067", rule="#d5d9de",
    good="#00632e", warning="#8a4b00", error="#a8071a",
    lines=("#005faf", "#d75f00", "#000000", "#5f00d7", "#87875f", "#5f0000"),
)  # fmt: skip

NIGHT = Palette(
    ground="#14171a", raised="#1d2125", text="#e4e7ea", quiet="#9aa2ab", rule="#363c42",
    good="#87d7ff", warning="#ffd787", error="#ffaf5f",
    lines=("#5fafff", "#ffaf00", "#eeeeee", "#875fff", "#af5f87", "#ff5f5f"),
)  # fmt: skip


def variables(palette: Palette) -> str:
    """The palette as variables of a style sheet."""
    named = {
        "ground": palette.ground, "raised": palette.raised, "text": palette.text, "quiet": palette.quiet,
        "rule": palette.rule, "good": palette.good, "warning": palette.warning, "error": palette.error,
    }  # fmt: skip
    named |= {f"line{place}": colour for place, colour in enumerate(palette.lines)}
    return ";".join(f"--{name}:{colour}" for name, colour in named.items())
