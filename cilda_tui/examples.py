"""Texts that the generator rewrote, with what both models said of them before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda.runs.events import Event
from cilda_tui.thinned import Thinned

MOST_EXAMPLES = 2000
MOST_BYTES = 20_000_000
"""What their texts may take together."""

_PER_TEXT = 64


class Examples(Sequence[Rewrite]):
    """The rewritten texts of a run, oldest first: the newest all, older ones thinned evenly, in bounded memory."""

    def __init__(self) -> None:
        self.seen = 0
        """How many there were, the thinned ones included."""
        self._kept: Thinned[Rewrite] = Thinned(MOST_EXAMPLES, heaviest=MOST_BYTES, weigh=_bytes)

    def take(self, event: Event) -> None:
        """Takes an event `augmentation`."""
        example = rewrite_of(event)
        if example is not None:
            self.seen += 1
            self._kept.add(example.t, example)

    def until(self, seconds: float) -> Sequence[Rewrite]:
        """Those that were there at a time."""
        return self._kept.until(seconds)

    @property
    def newest(self) -> Rewrite | None:
        """The newest; None before the first."""
        return self._kept[-1] if self._kept else None

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, place: int) -> Rewrite: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Rewrite]: ...
    def __getitem__(self, place: int | slice) -> Rewrite | Sequence[Rewrite]:
        return self._kept[place]


def _bytes(example: Rewrite) -> float:
    tokens = (*example.real_tokens, *example.soft_tokens)
    letters = len(example.real) + len(example.soft) + sum(map(len, tokens))
    # Letters beyond Latin take two or four bytes: told in the middle.
    return 2 * letters + _PER_TEXT * (len(tokens) + 8) + 32 * len(example.drawn) + 32 * 4 * len(example.teacher_real)
