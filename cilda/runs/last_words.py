"""How a run ended, said in its files by the process that worked on it."""

from __future__ import annotations

import traceback

from cilda.errors import CildaError
from cilda.runs.control import RunStopped
from cilda.runs.presence import RunGone
from cilda.runs.writer import RunWriter


def say_end(writer: RunWriter, error: BaseException) -> None:
    """Says what ended the run before its time, in an event and in its state, as far as nobody has said it yet.

    Two frames call it, one within the other: what ends the process while the inner one is not open yet, or while it is
    speaking, is said by the outer one.
    """
    if isinstance(error, RunGone):
        # Nobody is left to read it, and whoever removed the run wants nothing of it back.
        return
    fields: dict[str, str] = {}
    if isinstance(error, CildaError):
        fields = {"error": error.what, "todo": error.todo}
    elif isinstance(error, Exception) and not isinstance(error, RunStopped):
        fields = {"error": f"{type(error).__name__}: {error}".removesuffix(": ")}
    if writer.end is None:
        if fields:
            traced = {} if isinstance(error, CildaError) else {"traceback": "".join(traceback.format_exception(error))}
            writer.event("failed", what=fields["error"], todo=fields.get("todo", ""), **traced)
        else:
            writer.event("stopped", what="interrupted, without a checkpoint of its own")
    assert writer.end is not None
    writer.state(writer.end, **(fields if writer.end == "failed" else {}))
