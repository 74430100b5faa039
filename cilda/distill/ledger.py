"""The turns since the last look, kept on the device so that nobody waits for it more often than needed."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cilda.distill.batch import Batch
from cilda.errors import CildaError
from cilda.methods.recipe import Player
from cilda.runs.atomic import write_atomic
from cilda.tasks.rows import Rows


@dataclass(frozen=True)
class Entry:
    """One turn that was played and not yet looked at."""

    player: Player
    turn: int
    step: int
    epoch: float
    values: Mapping[str, Tensor]
    numbers: Mapping[str, float]
    """What is known without asking the device: rates, texts, seconds."""
    batch: Batch
    rewritten_ids_BT: Tensor | None


class Ledger:
    """Collects turns and hands their numbers on, about twice a second or when asked.

    One transfer for all turns since the last: each `.item()` would wait for the GPU. Every value is looked at; the
    first that is not finite stops the run with its term's name, and its batch is kept in `folder`.
    """

    def __init__(
        self, write: Callable[[Entry, dict[str, float]], None], rows: Rows, folder: Path, *, seconds: float = 0.5
    ) -> None:
        self._write = write
        self._rows = rows
        self._folder = folder
        self._seconds = seconds
        self._entries: list[Entry] = []
        self._next = 0.0

    def add(self, entry: Entry) -> None:
        """Takes a turn; now and then looks at all that wait."""
        self._entries.append(entry)
        if time.monotonic() >= self._next:
            self.look()

    def look(self) -> None:
        """Hands on the numbers of all waiting turns.

        Raises:
            CildaError: a term, or a gradient norm, is not finite.
        """
        entries, self._entries = self._entries, []
        self._next = time.monotonic() + self._seconds
        if not entries:
            return
        flat = torch.stack([value for entry in entries for value in entry.values.values()]).tolist()
        for entry in entries:
            values = dict(zip(entry.values, flat, strict=False))
            del flat[: len(values)]
            self._write(entry, {**values, **entry.numbers})
            broken = next((key for key, value in values.items() if not math.isfinite(value)), None)
            if broken is not None:
                raise self._not_finite(entry, broken, values)

    def _not_finite(self, entry: Entry, key: str, values: Mapping[str, float]) -> CildaError:
        assert entry.batch.rows_B is not None
        positions = entry.batch.rows_B.tolist()
        kept: dict[str, Any] = {
            "player": entry.player,
            "turn": entry.turn,
            "values": {name: str(value) for name, value in values.items()},
            "ids": [self._rows.ids[position] for position in positions],
            "texts": [[column[position] for column in self._rows.texts] for position in positions],
            "labels": [self._rows.label(position) for position in positions],
            "token_ids": entry.batch.ids_BT.tolist(),
            "rewritten_token_ids": None if entry.rewritten_ids_BT is None else entry.rewritten_ids_BT.tolist(),
        }
        path = self._folder / f"not-finite-{entry.player}-{entry.turn}.json"
        try:
            write_atomic(path, json.dumps(kept, indent=1).encode())
            where = f"its batch is kept in {path}"
        except OSError as error:
            # What went wrong with the numbers matters more than a disk that refuses.
            where = f"its batch could not be kept ({error.strerror or error})"
        return CildaError(
            f"{key} is {values[key]} in {entry.player} turn {entry.turn}: the run stopped there",
            f"{where}; a smaller learning rate or clip_norm, or precision=float32, may help",
        )
