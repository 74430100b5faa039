"""What a run says of itself: that it began, and how it ended."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cilda.distill.world import world
from cilda.errors import CildaError
from cilda.runs.last_words import say_end
from cilda.runs.layout import reference
from cilda.runs.writer import RunWriter


@contextmanager
def recorded(writer: RunWriter) -> Iterator[None]:
    """The outermost frame of a run: says in its files that it began, and what ended it before its time."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "cpu"
    writer.event("started", host=platform.node(), attempt=writer.attempt, device=device)
    writer.state("starting")
    try:
        yield
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        if world().lost(error):
            lost = CildaError(
                "another process of this run has died", f"what it said: cilda logs {reference(writer.folder)}"
            )
            say_end(writer, lost)
            # Only the main one need say it.
            world().heard = lost
            raise lost from error
        say_end(writer, error)
        world().leave(error)
        raise
