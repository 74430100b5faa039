"""A run in this process: its folder, its files, its progress on stderr."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from cilda.cli.stage_view import one_line

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.runs.layout import RunFolder
    from cilda.runs.writer import RunWriter


TERMINATED = 143


@contextmanager
def started(config: RunConfig, origins: dict[str, str], *, purpose: str | None = None) -> Iterator[RunWriter]:
    """A new run's writer, while progress is shown. `purpose` stands for the method in the run's name.

    Raises:
        CildaError: a run of that name is there already, or the disk refuses.
    """
    # Seconds, and many more on a busy machine: a run begins when they are over.
    from cilda.cli.progress import TerminalProgress
    from cilda.distill.run_record import describe_run
    from cilda.runs.writer import RunWriter

    described = describe_run(config, origins, sys.argv)
    folder = _new_folder(config, purpose)
    with _told_of_termination(), TerminalProgress() as progress, RunWriter(folder, listeners=[progress]) as writer:
        try:
            writer.write_run(described)
        except BaseException:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
        print(one_line(f"run {folder.id} in {folder.path.parent}"), file=sys.stderr)
        yield writer


@contextmanager
def _told_of_termination() -> Iterator[None]:
    """While open, `kill` ends the run as Ctrl-C does, so that its files say that it was stopped."""

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the signature of a handler
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _new_folder(config: RunConfig, purpose: str | None) -> RunFolder:
    from datetime import datetime

    from cilda.runs.layout import create, create_new, default_runs_dir

    runs_dir = config.runs_dir or default_runs_dir()
    if config.name is not None:
        return create(runs_dir, config.name)
    task = config.task if config.train_file is None else config.train_file.stem
    student = config.student if purpose is None else config.teacher
    now = datetime.now().astimezone()
    return create_new(runs_dir, task=task, student=student, method=purpose or config.method, now=now)
