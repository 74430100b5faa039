"""What the trainer does, between two turns, about the requests that have reached it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from cilda.errors import CildaError
from cilda.runs.control import Orders, Request, RunStopped
from cilda.runs.presence import Presence
from cilda.runs.writer import RunWriter

_NAP_SECONDS = 0.2


@dataclass(frozen=True)
class Kept:
    """What became of a checkpoint that somebody wanted."""

    name: str | None
    """None where the disk refused it."""
    why: str = ""


class Heeding:
    """Answers requests in the order in which they came; every one that was taken up gets an answer.

    `checkpoint` writes one, `place` gives the stage and the turn.
    """

    def __init__(
        self,
        orders: Orders,
        writer: RunWriter,
        checkpoint: Callable[[], Kept],
        place: Callable[[], dict[str, Any]],
        *,
        nap: Callable[[float], None] = time.sleep,
    ) -> None:
        self._orders = orders
        self._writer = writer
        self._checkpoint = checkpoint
        self._place = place
        self._nap = nap
        self._presence = Presence(writer.folder)
        self._stopped: RunStopped | None = None
        self.status: Literal["running", "paused", "stopping"] = "running"
        """What the run is doing, as it says of itself."""

    def heed(self) -> None:
        """Does what was asked for since the last call; while the run is paused it does not come back.

        Raises:
            RunStopped: somebody asked for it.
            CildaError: a checkpoint was wanted of numbers that are not finite.
            RunGone: somebody removed the run.
        """
        self._presence.look()
        self._answer_all(self._orders.poll())
        while self.status == "paused":
            self._nap(_NAP_SECONDS)
            self._presence.look()
            self._writer.beat()
            self._answer_all(self._orders.poll())

    def leave(self) -> None:
        """Says that nobody listens between turns any more: from now on a signal ends the process at once."""
        self._orders.attended = False

    def _answer_all(self, requests: list[Request]) -> None:
        waiting = list(requests)
        try:
            while waiting:
                self._answer(waiting[0])
                del waiting[0]
        except CildaError as error:
            for request in waiting:
                self._orders.answer(request, "refused", why=error.what, **self._place())
            raise
        if self._stopped is not None:
            raise self._stopped

    def _answer(self, request: Request) -> None:
        match request.what:
            case "checkpoint":
                self._write(request)
            case "pause":
                self._pause(request)
            case "resume":
                self._resume(request)
            case "note":
                self._writer.event("note", text=request.text, by=request.by)
                self._done(request)
            case _:
                self._stop(request)

    def _enter(self, status: Literal["running", "paused", "stopping"]) -> None:
        # Before the answer: who reads that and asks for the status must find the two in accord.
        self.status = status
        self._writer.state(status)

    def _done(self, request: Request, **fields: Any) -> None:
        self._orders.answer(request, "done", **fields, **self._place())

    def _refuse(self, request: Request, why: str) -> None:
        self._orders.answer(request, "refused", why=why, **self._place())

    def _write(self, request: Request) -> None:
        kept = self._checkpoint()
        if kept.name is None:
            self._refuse(request, kept.why)
        else:
            self._done(request, checkpoint=kept.name)

    def _pause(self, request: Request) -> None:
        if self._stopped is not None:
            self._refuse(request, "it is stopping")
        elif self.status == "paused":
            self._done(request, why="it is paused already")
        else:
            kept = self._checkpoint()
            self._enter("paused")
            self._done(request, **({"why": kept.why} if kept.name is None else {"checkpoint": kept.name}))

    def _resume(self, request: Request) -> None:
        if self._stopped is not None:
            self._refuse(request, "it is stopping")
        elif self.status != "paused":
            self._refuse(request, "it is not paused")
        else:
            self._enter("running")
            self._done(request)

    def _stop(self, request: Request) -> None:
        if self._stopped is not None:
            # Somebody else was faster; both get what they wanted.
            self._done(request, checkpoint=self._stopped.checkpoint)
            return
        self._enter("stopping")
        self._orders.answer(request, "accepted", **self._place())
        kept = Kept(None) if request.now else self._checkpoint()
        if kept.why:
            what = f"stopped without a checkpoint of this turn, which the disk refused: {kept.why}"
            self._writer.event("alert", level="warning", what=what, todo="")
        place = self._place()
        what = f"stopped by {request.by} at {place['stage']} turn {place['turn']:,}"
        self._done(request, checkpoint=kept.name)
        self._writer.event("stopped", what=what, checkpoint=kept.name)
        self._stopped = RunStopped(what, request, kept.name)
