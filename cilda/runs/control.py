"""Requests to a live run: files that viewers put down and the trainer answers in its events."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from cilda.errors import CildaError
from cilda.runs.atomic import read_json, refusal, write_json_atomic
from cilda.runs.events import VERSION, Event, number
from cilda.runs.layout import RunFolder
from cilda.runs.store import Follower
from cilda.runs.writer import RunWriter

What = Literal["checkpoint", "pause", "resume", "stop", "note"]
WHATS: tuple[str, ...] = get_args(What)

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Request:
    """What somebody asked of a run."""

    id: str
    what: str
    by: str
    """Who asked: user@host, or the signal's name."""
    t: float
    """When, in Unix seconds by the asker's clock."""
    text: str = ""
    """A note's words."""
    now: bool = False
    """Of a stop: at once, without a checkpoint."""


class RunStopped(Exception):  # noqa: N818  it is none
    """A trainer's way out of its turns when somebody has asked it to stop: no error, and nothing is lost."""

    def __init__(self, what: str, request: Request, checkpoint: str | None) -> None:
        super().__init__(what)
        self.request = request
        self.checkpoint = checkpoint
        """The checkpoint's name; None where there is none."""

    def __reduce__(self) -> tuple[Any, ...]:
        return RunStopped, (str(self), self.request, self.checkpoint)


def ask(folder: RunFolder, what: What, *, text: str = "", now: bool = False) -> str:
    """Puts a request down, in one instant, and gives its id. The answer comes in the events: see `answers`.

    Raises:
        CildaError: the disk refused, or the run's folder is gone.
    """
    asked = time.time_ns()
    name = f"{asked:019d}-{os.urandom(3).hex()}"
    content = {"v": VERSION, "t": asked / 1e9, "what": what, "by": asker(), "text": text, "now": now}
    if not folder.path.is_dir():
        # Else a folder with nothing but a request would stand where a disk was unplugged.
        raise CildaError(f"the run's folder is gone: {folder.path}", "nothing was asked; see: cilda ps")
    try:
        folder.control_new.mkdir(parents=True, exist_ok=True)
        write_json_atomic(folder.control_new / f"{name}.json", content, durable=False)
    except OSError as error:
        raise refusal(error, folder.control_new) from error
    return name


def withdraw(folder: RunFolder, request_id: str) -> bool:
    """Takes back a request that nobody has taken up; False when it was too late."""
    try:
        (folder.control_new / f"{request_id}.json").unlink()
    except OSError:
        return False
    return True


class Answers:
    """Waits for the answers to one request; make it before asking, so that none is missed."""

    def __init__(self, folder: RunFolder) -> None:
        self._events = Follower(folder.events, from_end=True)

    def of(self, request_id: str) -> Iterator[Event | None]:
        """The request's answers as they come, and None after each look that found none; for ever: the caller ends it.

        Each is an event of the kind `request`, whose `answer` is `accepted`, `done` or `refused`.
        """
        while True:
            events = (event for event in self._events.poll() if event["kind"] == "request")
            mine = [event for event in events if event["id"] == request_id]
            yield from mine
            if not mine:
                yield None


class Orders:
    """The trainer's side: requests in the order in which they were asked, each answered once and then put aside.

    `poll` costs one look into a folder, at most five times a second. A signal is a request to stop like any other:
    `interrupt` may be called from its handler.
    """

    def __init__(
        self, folder: RunFolder, writer: RunWriter, *, stopwatch: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._writer = writer
        self._stopwatch = stopwatch
        self._next = 0.0
        self._taken: set[str] = set()
        self._signal: Request | None = None
        self.attended = False
        """Whether somebody polls: a signal that comes while models load ends the process instead."""

    def interrupt(self, name: str) -> None:
        """Asks the run to stop, in the name of a signal."""
        self._signal = Request(id=name, what="stop", by=name, t=time.time())

    def poll(self, *, at_once: bool = False, attend: bool = True) -> list[Request]:
        """Requests that are new since the last call; each is accepted, or refused where it makes no sense.

        Unless told to `attend`, signals go on ending the process: who polls may be long in coming back.
        """
        if attend:
            self.attended = True
        found: list[Request] = []
        if self._signal is not None:
            found.append(self._signal)
            self._signal = None
        if at_once or self._stopwatch() >= self._next:
            self._next = self._stopwatch() + _POLL_SECONDS
            found += self._waiting()
        return found

    def answer(self, request: Request, answer: Literal["accepted", "done", "refused"], **fields: Any) -> None:
        """Says in the events what became of a request. `fields` may be `why`, `checkpoint`, `stage`, `turn`."""
        self._writer.event("request", id=request.id, what=request.what, by=request.by, answer=answer, **fields)
        if answer != "accepted":
            self._put_aside(request.id)

    def refuse_all(self, why: str, *, before: float | None = None) -> None:
        """Answers everything that waits with no: all of it, or what was asked `before` that time."""
        for request in self._waiting():
            if before is None or request.t < before:
                self.answer(request, "refused", why=why)
            else:
                self._taken.discard(request.id)

    def close(self) -> None:
        """Answers what still waits when the run has ended: who asked for that has got it, all others have not."""
        # What an interrupted process took up and did not come to answer still lies there.
        self._taken.clear()
        for request in self._waiting():
            self.answer(request, "done" if request.what == "stop" else "refused", why="the run has ended")

    def _waiting(self) -> list[Request]:
        try:
            names = sorted(entry.name for entry in os.scandir(self._folder.control_new))
        except OSError:
            # Nobody has ever asked, or the file system has gone for a while.
            return []
        found = []
        for name in names:
            request_id = name.removesuffix(".json")
            if name.startswith(".") or request_id == name or request_id in self._taken:
                continue
            self._taken.add(request_id)
            request = _read(self._folder.control_new / name, request_id)
            if request.what in WHATS:
                found.append(request)
            else:
                self.answer(request, "refused", why=f"no request is called {request.what!r}: {', '.join(WHATS)}")
        return found

    def _put_aside(self, request_id: str) -> None:
        name = f"{request_id}.json"
        with contextlib.suppress(OSError):
            self._folder.control_done.mkdir(parents=True, exist_ok=True)
            (self._folder.control_new / name).rename(self._folder.control_done / name)


def _read(path: Path, request_id: str) -> Request:
    """A request as it lies there; a damaged one asks for nothing that there is."""
    content = read_json(path)
    return Request(
        id=request_id,
        what=str(content.get("what", "")),
        by=str(content.get("by", "?")),
        t=number(content.get("t")) or 0.0,
        text=str(content.get("text", "")),
        now=content.get("now") is True,
    )


def asker() -> str:
    """Who asks: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container's user may have no name.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def refused(event: Event, run: str) -> CildaError:
    """A refusal as an error of the command that asked; `run` is how the run is named there."""
    why = event.get("why") or "no reason given"
    return CildaError(f"the run refused to {event['what']}: {why}", f"see: cilda watch {run}")
