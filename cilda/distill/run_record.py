"""What a run says of itself: that it began, and how it ended."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cilda.errors import CildaError
from cilda.runs.control import RunStopped
from cilda.runs.writer import RunWriter


@contextmanager
def recorded(writer: RunWriter) -> Iterator[None]:
    """The outermost frame of a run: says in its files that it began, and what ended it before its time."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "cpu"
    writer.event("started", host=platform.node(), attempt=writer.attempt, device=device)
    writer.state("starting")
    try:
        yield
    except RunStopped:
        # The trainer has said so in the events.
        writer.state("stopped")
        raise
    except (KeyboardInterrupt, SystemExit):
        writer.event("stopped", what="interrupted, without a checkpoint of its own")
        writer.state("stopped")
        raise
    except CildaError as error:
        writer.event("failed", what=error.what, todo=error.todo)
        writer.state("failed", error=error.what, todo=error.todo)
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}".removesuffix(": ")
        writer.event("failed", what=what, todo="", traceback=traceback.format_exc())
        writer.state("failed", error=what)
        raise
