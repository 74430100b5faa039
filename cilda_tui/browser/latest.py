"""Work in a thread of its own, of which only what was asked for last counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Ended(Exception):  # noqa: N818  not a mistake
    """What a job may raise when it was told to end."""


class Job(Generic[Found]):
    """What a job knows of its asker: whether it is still wanted, and where its findings go."""

    def __init__(self, publish: Callable[[Job[Found], Found], None]) -> None:
        self._over = threading.Event()
        self._publish = publish

    @property
    def over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._over.is_set()

    def check(self) -> None:
        """Ends the job if nobody waits for it any more.

        Raises:
            Ended: so it is.
        """
        if self._over.is_set():
            raise Ended

    def wait(self, seconds: float) -> None:
        """Waits, or ends as `check` does."""
        if self._over.wait(seconds):
            raise Ended

    def say(self, found: Found) -> None:
        """Tells what is found so far; what an old job says, nobody hears."""
        self._publish(self, found)

    def end(self) -> None:
        """Nobody waits for it any more."""
        self._over.set()


class Latest(Generic[Found]):
    """Runs one job after another; a new one makes the one before end as soon as it looks up.

    `changed` is called in the job's thread when there is something new. Threads never keep the process alive: a file
    system that hangs holds up nobody.
    """

    def __init__(self, name: str, changed: Callable[[], None]) -> None:
        self.found: Found | None = None
        """What the job that was asked for last has said last."""
        self._name = name
        self._changed = changed
        self._lock = threading.Lock()
        self._job: Job[Found] | None = None

    def ask(self, work: Callable[[Job[Found]], None], *, keep: bool = False) -> None:
        """Begins a job; what the one before had found is forgotten, or kept until there is more."""
        job = Job[Found](self._take)
        with self._lock:
            if self._job is not None:
                self._job.end()
            self._job = job
            if not keep:
                self.found = None
        threading.Thread(target=_run, args=(work, job), daemon=True, name=self._name).start()

    def stop(self) -> None:
        """Ends the job. Does not wait for it."""
        with self._lock:
            if self._job is not None:
                self._job.end()

    def _take(self, job: Job[Found], found: Found) -> None:
        with self._lock:
            if self._job is not job or job.over:
                return
            self.found = found
        self._changed()


def _run(work: Callable[[Job[Found]], None], job: Job[Found]) -> None:
    try:
        work(job)
    except Ended:
        return
