"""A run in this process: its folder, its files, its progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.runs.writer import RunWriter


@contextmanager
def started(config: RunConfig, origins: dict[str, str], *, purpose: str | None = None) -> Iterator[RunWriter]:
    """A new run's writer, while progress is shown. `purpose` stands for the method in the run's name.

    Raises:
        CildaError: a run of that name is there already, or the disk refuses.
    """
    from datetime import datetime

    from cilda.cli.progress import TerminalProgress
    from cilda.runs.layout import create, create_new, default_runs_dir
    from cilda.runs.writer import RunWriter

    runs_dir = config.runs_dir or default_runs_dir()
    if config.name is not None:
        folder = create(runs_dir, config.name)
    else:
        task = config.task if config.train_file is None else config.train_file.stem
        student = config.student if purpose is None else config.teacher
        now = datetime.now().astimezone()
        folder = create_new(runs_dir, task=task, student=student, method=purpose or config.method, now=now)
    print(f"run {folder.id} in {runs_dir}", file=sys.stderr)
    with TerminalProgress() as progress, RunWriter(folder, listeners=[progress]) as writer:
        from cilda.distill.session import describe_run

        writer.write_run(describe_run(config, origins, sys.argv))
        yield writer
