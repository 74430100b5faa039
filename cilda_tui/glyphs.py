"""The letters that lines, bars and states are drawn with: in Unicode, and in ASCII for terminals without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType


@dataclass(frozen=True)
class Glyphs:
    """Each text is one cell wide, or a row of letters that are."""

    braille: bool
    """Whether curves may be drawn with eight dots a cell."""
    colourless: bool
    """Whether meaning must do without colours: lines get letters, changed tokens brackets."""
    horizontal: str
    vertical: str
    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    tee: str
    """Where a horizontal line meets a vertical one below it."""
    dash: str
    """A reference line."""
    seam: str
    cursor: str
    ellipsis: str
    arrow: str
    rise: str
    fall: str
    bullet: str
    """Before an item of a list that is chosen."""
    chosen: str
    """Where the selection of a list stands."""
    cross: str
    """A value that is not finite."""
    point: str
    """A value for itself, such as a score."""
    star: str
    """The best so far."""
    full: str
    """A full cell of a bar."""
    empty: str
    partial: str
    """A cell of a bar that is filled by a part, from the least to the most; may be empty."""
    levels: str
    """A sparkline's nine levels, from nothing to full."""
    parts: str
    """What the parts of a bar are filled with, one after the other."""
    plus_minus: str
    changed_open: str
    changed_close: str
    states: Mapping[str, str]
    """By a status's word or an alert's level."""

    @property
    def ascii(self) -> bool:
        """Whether nothing but ASCII may be shown."""
        return not self.braille

    def state(self, word: str) -> str:
        """The symbol of a status's word, or of a level; a question mark for one that nobody knows."""
        return self.states.get(word, "?")

    def bar(self, fraction: float, width: int) -> str:
        """A bar of so many cells, filled from the left; what is not nothing shows at least a trace."""
        width = max(0, width)
        steps = len(self.partial) + 1
        filled = round(min(1.0, max(0.0, fraction)) * width * steps)
        if fraction > 0:
            filled = max(1, filled)
        whole, part = divmod(filled, steps)
        bar = self.full * whole + (self.partial[part - 1] if part else "")
        return (bar + self.empty * width)[:width]

    def without_colour(self) -> Glyphs:
        """The same for a screen without colours."""
        return replace(self, colourless=True, changed_open="[", changed_close="]")


# Statuses as cilda.runs.status words them, levels of notices, answers to requests.
_STATES = {
    "starting": "◌o", "running": "●*", "paused": "‖=", "stopping": "◐-", "stalled": "▲!", "orphaned": "▲!",
    "finished": "✓+", "stopped": "■#", "failed": "✗x", "killed": "✗x", "crashed": "✗x", "lost": "??",
    "info": "•-", "good": "✓+", "warning": "▲!", "error": "✗x",
    "pending": "○o", "accepted": "◐-", "done": "✓+", "refused": "✗x",
}  # fmt: skip


def _states(column: int) -> Mapping[str, str]:
    return MappingProxyType({word: symbols[column] for word, symbols in _STATES.items()})


UNICODE = Glyphs(
    braille=True,
    colourless=False,
    horizontal="─",
    vertical="│",
    top_left="┌",
    top_right="┐",
    bottom_left="└",
    bottom_right="┘",
    tee="┬",
    dash="╌",
    seam="┊",
    cursor="│",
    ellipsis="…",
    arrow="→",
    rise="↑",
    fall="↓",
    bullet="•",
    chosen="▸",
    cross="✗",
    point="●",
    star="★",
    full="█",
    empty="░",
    partial="▏▎▍▌▋▊▉",
    levels=" ▁▂▃▄▅▆▇█",
    parts="▚▓▒█░▞",
    plus_minus="±",
    changed_open="",
    changed_close="",
    states=_states(0),
)

ASCII = Glyphs(
    braille=False,
    colourless=False,
    horizontal="-",
    vertical="|",
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    tee="+",
    dash="-",
    seam=":",
    cursor="|",
    ellipsis="~",
    arrow=">",
    rise="^",
    fall="v",
    bullet="*",
    chosen=">",
    cross="x",
    point="o",
    star="*",
    full="#",
    empty=".",
    partial="",
    levels=" _.-=+*#@",
    parts="#=+%:o",
    plus_minus="~",
    changed_open="",
    changed_close="",
    states=_states(1),
)


def glyphs_for(*, ascii: bool, colourless: bool) -> Glyphs:  # noqa: A002  as the command's option is named
    """The letters for a terminal that has, or has not, more than ASCII and colours."""
    glyphs = ASCII if ascii else UNICODE
    return glyphs.without_colour() if colourless else glyphs
