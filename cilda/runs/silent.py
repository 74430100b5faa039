"""The writer of a process that works on a run beside the main one: it writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cilda.runs.layout import RunFolder
from cilda.runs.writer import ENDS, Listener, RunWriter


class SilentWriter(RunWriter):
    """Takes what a `RunWriter` takes. One process alone writes a run's files."""

    def __init__(self, folder: RunFolder, *, attempt: int = 1) -> None:
        self.folder = folder
        self.attempt = attempt
        self.end = None
        self._status = ""

    @property
    def trouble(self) -> str | None:
        """None."""
        return None

    @property
    def lost_lines(self) -> int:
        """None are."""
        return 0

    def listen(self, *listeners: Listener) -> None:
        """Has them hear nothing."""

    def event(self, kind: str, **fields: Any) -> None:  # noqa: ARG002  the signature of a writer
        """Notes how the run ended, if it did."""
        if kind in ENDS:
            self.end = kind

    def augmentation(self, record: Mapping[str, Any]) -> None:
        """Writes nothing."""

    def metrics(
        self,
        stage: str,
        player: str,
        turn: int,
        epoch: float,
        values: Mapping[str, float],
        *,
        step: int | None = None,
    ) -> None:
        """Writes nothing."""

    def state(self, status: str, **fields: Any) -> None:  # noqa: ARG002  the signature of a writer
        """Notes the status."""
        self._status = status

    def tick(self) -> None:
        """Says nothing."""

    def beat(self) -> None:
        """Says nothing."""

    def close(self) -> None:
        """Has nothing to close."""
