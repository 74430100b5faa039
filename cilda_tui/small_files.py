"""The small files of a run as they are at one moment, and whether the run is there at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cilda.rewrites.labels import label_names
from cilda.runs.atomic import read_json
from cilda.runs.field import finite, name
from cilda.runs.layout import RunFolder
from cilda.runs.status import Status, status_of
from cilda.runs.store import RunRecord, open_run
from cilda_tui.requests import Asked

_MOST_WAITING = 100


@dataclass(frozen=True)
class Look:
    """What one look at a run's folder has seen."""

    record: RunRecord
    status: Status
    waiting: tuple[Asked, ...]
    """Requests that lie in `control/new`."""
    gone: bool = False
    trouble: str | None = None
    labels: tuple[str, ...] = ()
    """Names of the classes, in their order; none while nobody knows them."""


def look(folder: RunFolder, clock: Callable[[], float], before: Look | None = None) -> Look:
    """Looks at the small files; what cannot be read any more stays as it was `before`."""
    last = before or Look(RunRecord(folder, {}, {}, {}), Status("starting"), ())
    try:
        os.stat(folder.path)  # noqa: PTH116  Path.exists does not tell why it cannot say
    except (FileNotFoundError, NotADirectoryError):
        return replace(last, gone=True, trouble=None)
    except OSError as error:
        return replace(last, gone=False, trouble=error.strerror or str(error))
    record = open_run(folder)
    if not record.run and last.record.run:
        # It is written once, so that it can only have become unreadable.
        record = replace(record, run=last.record.run)
    if not record.state and last.record.state:
        record = replace(record, state=last.record.state)
    waiting = tuple(_waiting(folder.control_new))
    return Look(record, status_of(record, clock()), waiting, labels=last.labels or label_names(folder))


def _waiting(folder: Path) -> list[Asked]:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        # Nobody has ever asked.
        return []
    ids = [found.removesuffix(".json") for found in names if found.endswith(".json") and not found.startswith(".")]
    waiting = []
    for request_id in ids[:_MOST_WAITING]:
        content = read_json(folder / f"{request_id}.json")
        if content:
            what, by = name(content.get("what")), name(content.get("by"))
            waiting.append(Asked(name(request_id), what, "asked", by, t=finite(content.get("t"))))
    return waiting
