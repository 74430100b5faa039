"""One thing that `cilda doctor` looked at: what was found, its verdict, its cure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "problem"]

_LONGEST = 300


@dataclass(frozen=True)
class Check:
    """The outcome of one check. `found` and `todo` may hold what the environment said, uncleaned: show them `shown`."""

    name: str
    verdict: Verdict
    found: str
    todo: str = ""

    def to_json(self) -> dict[str, str]:
        """As plain JSON values."""
        return asdict(self)


def shown(text: str) -> str:
    """A text in one line that cannot move the cursor: whatever does not print stands as its escape."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in cut)
