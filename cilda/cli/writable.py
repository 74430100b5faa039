"""A run's folder that can only be looked at, told before anything is asked of it."""

from __future__ import annotations

import os
from pathlib import Path

from cilda.errors import CildaError
from cilda.runs.layout import RunFolder


def refuse_unwritable(folder: RunFolder, *paths: Path) -> None:
    """Refuses to change a run in whose folder, or in one of these, nothing can be written.

    Raises:
        CildaError: with the folder that refuses.
    """
    for path in (folder.path, *paths):
        if not os.access(path, os.W_OK | os.X_OK):
            raise CildaError(
                f"{folder.id} can only be looked at from here: no permission to write {path}",
                "ask whoever owns it, or try on the machine it runs on",
            )
