"""What keys ask of the world beyond the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cilda_tui.browser.state import State

EffectKind = Literal["leave", "quit", "copy", "export", "overwrite", "repaint", "keep", "neighbour"]


@dataclass(frozen=True)
class Effect:
    """What the screen cannot do by itself."""

    kind: EffectKind
    text: str = ""
    """Of `export` and `overwrite`: where to. Of `neighbour`: of what, `text` or `turn`."""
    by: int = 0
    """Of `neighbour`: 1 for the next, -1 for the one before."""


Answer = tuple[State, Effect | None]
