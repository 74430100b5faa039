"""Files of rows that the user names, looked at before anything else is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cilda.errors import CildaError

if TYPE_CHECKING:
    from cilda.config import RunConfig

QUICK_BYTES = 20_000_000
"""A file of this size is read in a second or so."""


def refuse_missing(*paths: Path | None) -> None:
    """Refuses files that are not there, in the words of whoever would read them.

    Raises:
        CildaError: with the names that are near.
    """
    for path in paths:
        if path is not None and not path.exists():
            from cilda.tasks.table_files import missing

            raise missing(path)


def refuse_unreadable_rows(config: RunConfig) -> None:
    """Refuses the user's own rows that nothing can be learned from; large files are left to the run.

    Raises:
        CildaError: what is wrong with them.
    """
    if config.train_file is None:
        return
    refuse_missing(config.train_file, config.validation_file)
    files = [path for path in (config.train_file, config.validation_file) if path is not None]
    try:
        quick = sum(path.stat().st_size for path in files) <= QUICK_BYTES
    except OSError as error:
        raise CildaError(f"cannot read {error.filename}: {error.strerror}", "check who owns it and its mode") from error
    if quick:
        from cilda.distill.task_data import load_task_data

        load_task_data(config)
