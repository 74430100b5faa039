"""From which checkpoint a run will go on, looked at before its trainer is started: no torch."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass

from cilda.distill.manifest import DamageError, refuse_damaged
from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder

LOOK_SECONDS = 1.0
"""What the comparing of hashes may take; of what is larger, names and sizes are compared."""


@dataclass(frozen=True)
class Place:
    """Where a run goes on."""

    name: str | None
    """The newest checkpoint that is whole; None where there is none."""
    damaged: tuple[DamageError, ...]
    """What is wrong with those after it, the newest first."""
    damaged_names: tuple[str, ...]
    lost: tuple[str, ...]
    """Damaged checkpoints that the trainer has set aside already."""


def place_of(folder: RunFolder) -> Place:
    """Where the trainer would go on, as far as a second's look can tell.

    Raises:
        CildaError: a newer version wrote the checkpoint.
    """
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = sorted(path.name for path in folder.checkpoints.iterdir())
    stage = read_json(folder.state_json).get("stage")
    stages = (stage,) if stage in ("student", "teacher") else ("student", "teacher")
    steps, lost = next((found for one in stages if any(found := _of_stage(names, one))), ([], []))
    until = time.monotonic() + LOOK_SECONDS
    damaged: list[DamageError] = []
    for place, name in enumerate(steps):
        try:
            refuse_damaged(folder.checkpoints / name, until)
        except DamageError as error:
            damaged.append(error)
        else:
            return Place(name, tuple(damaged), tuple(steps[:place]), tuple(lost))
    return Place(None, tuple(damaged), tuple(steps), tuple(lost))


def _of_stage(names: list[str], stage: str) -> tuple[list[str], list[str]]:
    """A stage's full checkpoints, the newest first, and those that were set aside."""
    steps = [name for name in reversed(names) if re.fullmatch(rf"step-{stage}-\d{{8,}}", name)]
    return steps, [name for name in names if name.startswith(f".damaged-step-{stage}-")]
