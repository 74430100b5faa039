"""What keys ask of the world beyond the screen: to leave, to write a file, to ask something of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cilda_tui.ui import Ui

EffectKind = Literal[
    "leave", "copy", "export", "steer", "open", "close", "load", "browse", "remember", "repaint",
]  # fmt: skip


@dataclass(frozen=True)
class Effect:
    """What the screen cannot do by itself."""

    kind: EffectKind
    what: str = ""
    """Of `steer`: checkpoint, pause, resume, stop or note. Of `open` and `load`: a run's id."""
    text: str = ""


Answer = tuple[Ui, Effect | None]
