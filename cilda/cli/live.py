"""A run on a terminal as it goes on, until it ends or the viewer leaves; the run never notices."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from cilda.cli.chosen import named, say
from cilda.cli.keys import LEAVE, Keys, keys
from cilda.cli.progress import TerminalProgress
from cilda.cli.run_words import way_on, words_of
from cilda.runs.events import Event
from cilda.runs.layout import RunFolder
from cilda.runs.status import Status, status_of
from cilda.runs.store import Follower

STATUS_SECONDS = 2.0
_LOOK_SECONDS = 0.5
_PLAIN_WORDS = ("running", "finished", "failed", "stopped")


@dataclass(frozen=True)
class Ending:
    """How the watching of a run ended."""

    left: bool
    """The viewer left; else the run ended."""
    status: Status
    """The run's, as it was last seen."""


def watch_live(folder: RunFolder) -> Ending:
    """Shows a run on stderr, a terminal, until it ends; `q` and ctrl-c leave it, and the way back is printed.

    What has happened so far is told first, and an end that is no finish is told last. A terminal that vanishes ends
    this process, by the signal for it, and nothing else.
    """
    follower, progress = Follower(folder.events), TerminalProgress()
    try:
        _drain(follower, progress)
        with keys() as pressed, progress:
            ending = _watched(folder, follower, progress, pressed)
    except KeyboardInterrupt:
        ending = Ending(left=True, status=status_of(folder))
    tell_of_damage(follower)
    if ending.left and not ending.status.ended:
        say(f"run {folder.id} goes on; see it again with: cilda watch {named(folder)} -f")
    elif ending.status.word != "finished":
        say(f"run {folder.id}: {words_of(ending.status)}")
        say(way_on(folder))
    return ending


def follow(folder: RunFolder, show: Callable[[Event], object], tell: Callable[[Status], object]) -> Status:
    """Hands on each event of a run, then `tell`s each change of its status, until it has ended; gives the last one."""
    follower = Follower(folder.events)
    before: Status | None = None
    while True:
        # Asked first: what it wrote before its end is read below.
        status = status_of(folder)
        _drain(follower, show)
        if before is None or status.word != before.word:
            tell(status)
            before = status
        if status.ended:
            tell_of_damage(follower)
            return status
        deadline = time.monotonic() + STATUS_SECONDS
        while time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            _drain(follower, show)


def tell_of_damage(follower: Follower) -> None:
    """Says on stderr what of a run could not be read."""
    if follower.bad_lines:
        say(f"note: {follower.bad_lines} damaged lines were skipped")
    if follower.newer_lines:
        say(f"note: {follower.newer_lines} lines were written by a newer cilda, and skipped")
    if follower.trouble:
        say(f"warning: cannot read on: {follower.trouble}")


def _watched(folder: RunFolder, follower: Follower, progress: TerminalProgress, pressed: Keys) -> Ending:
    next_status = 0.0
    status = Status("starting")
    while True:
        asked = time.monotonic() >= next_status
        if asked:
            status = status_of(folder)
            next_status = time.monotonic() + STATUS_SECONDS
        _drain(follower, progress)
        footer = _footer(status, pressed)
        if footer != progress.footer:
            progress.footer = footer
            progress.draw()
        if asked and status.ended:
            progress.footer = ""
            progress.draw()
            return Ending(left=False, status=status)
        if LEAVE in pressed.pressed(_LOOK_SECONDS).lower():
            progress.footer = ""
            with contextlib.suppress(OSError):
                progress.draw()
            return Ending(left=True, status=status)


def _footer(status: Status, pressed: Keys) -> str:
    leave = "q leaves: the run goes on" if pressed.able else "ctrl-c leaves: the run goes on"
    return leave if status.word in _PLAIN_WORDS else f"{words_of(status)} · {leave}"


def _drain(follower: Follower, show: Callable[[Event], object]) -> None:
    """Hands on all events that are there now."""
    while True:
        for event in follower.poll():
            show(event)
        if follower.at_end:
            return
