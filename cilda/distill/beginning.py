"""What comes before a stage's first turn: said step by step, and open to requests in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from cilda.distill.world import world
from cilda.runs.control import Orders, Request, RunStopped
from cilda.runs.presence import Presence
from cilda.runs.writer import RunWriter

_REFUSALS = {
    "checkpoint": "it is still starting: there is nothing to save yet",
    "pause": "it is still starting: cilda stop ends it at once, and nothing is lost",
    "resume": "it is not paused",
}


class Beginning:
    """Says what a run does while it begins, and answers requests meanwhile; a stop ends it at once.

    No turn of this process has been played yet, so that nothing is there to be saved. Without `orders` nobody is heard.
    """

    def __init__(self, writer: RunWriter, orders: Orders | None = None) -> None:
        self.orders = orders
        self._writer = writer
        self._doing = "loading"
        self._presence = Presence(writer.folder)

    def step(self, doing: str) -> None:
        """Says, in an event and in the run's state, what is done from here on.

        Raises:
            RunStopped: as `hear`.
        """
        self._writer.event("alert", level="info", what=doing)
        self.detail(doing)

    def detail(self, doing: str) -> None:
        """Says in the run's state alone what is done from here on.

        Raises:
            RunStopped: as `hear`.
        """
        self._doing = doing
        # Behind the teacher's stage the run goes on running.
        self._writer.state(self._status, doing=doing)
        self.hear()

    def hear(self) -> None:
        """Answers what was asked since the last call; may be called as often as one likes.

        Raises:
            RunStopped: somebody asked for it.
            RunGone: somebody removed the run.
        """
        if not world().main:
            return
        self._writer.tick()
        self._presence.look()
        if self.orders is None:
            return
        stopped: RunStopped | None = None
        for request in self.orders.poll(attend=False):
            stopped = self._answer(request, stopped)
        if stopped is not None:
            raise stopped

    @contextmanager
    def heard_in(self, *models: nn.Module | None) -> Iterator[None]:
        """While open, requests are heard at every layer of the models: a large batch on a busy machine takes long."""
        handles = [
            layer.register_forward_pre_hook(lambda *_: self.hear())
            for model in models
            if model is not None
            for stack in model.modules()
            if isinstance(stack, nn.ModuleList)
            for layer in stack
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def over(self) -> None:
        """Says that the turns begin.

        Raises:
            RunStopped: as `hear`.
        """
        self.hear()
        self._writer.state(self._status, doing="")

    @property
    def _status(self) -> str:
        return "running" if self._writer.status == "running" else "starting"

    def _answer(self, request: Request, stopped: RunStopped | None) -> RunStopped | None:
        assert self.orders is not None
        if request.what == "note":
            self._writer.event("note", text=request.text, by=request.by)
            self.orders.answer(request, "done")
        elif request.what == "stop" and stopped is None:
            what = f"stopped by {request.by} before the first turn, while {self._doing}"
            self._writer.state("stopping", doing="")
            self.orders.answer(request, "accepted")
            self.orders.answer(request, "done", checkpoint=None)
            self._writer.event("stopped", what=what, checkpoint=None)
            return RunStopped(what, request, None)
        elif request.what == "stop":
            self.orders.answer(request, "done", checkpoint=None)
        else:
            why = "it is stopping" if stopped is not None else _REFUSALS[request.what]
            self.orders.answer(request, "refused", why=why)
        return stopped
