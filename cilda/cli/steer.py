"""`cilda stop`, `pause`, `checkpoint`, `note`: requests to a run, and its answers in words."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any, Literal

import typer

from cilda.cli.chosen import RunArgument, RunsDirOption, chosen, named, say
from cilda.cli.completion import complete_runs
from cilda.cli.run_words import raise_unless_finished, way_on, words_of
from cilda.cli.writable import refuse_unwritable
from cilda.errors import CildaError, UsageError
from cilda.runs.control import Answers, What, ask, asker, refused, withdraw
from cilda.runs.events import Event
from cilda.runs.layout import RunFolder
from cilda.runs.locks import await_release
from cilda.runs.status import Status, status_of
from cilda.runs.words import one_line

ANSWER_SECONDS = 10.0
CHECKPOINT_SECONDS = 60.0
KILL_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_STATUS_SECONDS = 1.0

_UNANSWERED = {
    "starting": (
        "it is still starting: it will be answered when the first turn is over; to end it now: cilda stop {run} --kill"
    ),
    "stalled": "the request stays, should it ever go on; to end it: cilda stop {run} --kill",
    "lost": "the request stays there, should it be alive",
}
_HOPELESS = ("stalled", "lost")


def stop(
    run: RunArgument = None,
    now: Annotated[bool, typer.Option("--now", help="At once, without a checkpoint.")] = False,
    kill: Annotated[
        bool, typer.Option("--kill", help="End the trainer's process on this machine, whatever it is doing.")
    ] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return as soon as the run has agreed.")] = False,
    runs_dir: RunsDirOption = None,
) -> None:
    """Stop a run behind a checkpoint.

    It returns when the run has ended, with 4 if it failed meanwhile; `cilda resume` goes on with it. A run that is
    stalled is not waited for: --kill ends it.
    """
    if now and kill:
        raise UsageError("--now and --kill are both given", "choose one: --kill asks nobody, --now still does")
    folder = _steerable(run, runs_dir, "stopped")
    if kill:
        _kill(folder)
        return
    answer = _asked(folder, "stop", until="accepted", seconds=ANSWER_SECONDS, now=now)
    if answer is None:
        _tell_unanswered(folder)
    if no_wait:
        if answer is None:
            raise typer.Exit(1)
        say(f"{folder.id} will stop")
        return
    if answer is not None and answer["answer"] == "accepted":
        say(f"{folder.id} is stopping")
    try:
        status = _stopped(folder)
    except KeyboardInterrupt:
        say("the request stands: the run will still stop")
        raise
    if status.word in ("finished", "stopped"):
        _tell_end(folder, status)
    else:
        raise_unless_finished(folder, status)


def pause(run: RunArgument = None, runs_dir: RunsDirOption = None) -> None:
    """Pause a run until `cilda resume`.

    It keeps its memory and its place, and computes nothing.
    """
    folder = _steerable(run, runs_dir, "paused")
    _answered(folder, "pause", ANSWER_SECONDS)
    say(f"{folder.id} is paused; it goes on with: cilda resume {named(folder)}")


def checkpoint(run: RunArgument = None, runs_dir: RunsDirOption = None) -> None:
    """Have a run write a checkpoint now, and print where."""
    folder = _steerable(run, runs_dir, "asked for a checkpoint")
    answer = _answered(folder, "checkpoint", CHECKPOINT_SECONDS)
    name = answer.get("checkpoint")
    at = f" at {one_line(answer['stage'])} turn {answer['turn']}" if {"stage", "turn"} <= answer.keys() else ""
    found = re.search(r"-0*(\d+)$", name) if isinstance(name, str) else None
    steps = f"; its name counts the turns of all players: {found[1]}" if found else ""
    say(f"{folder.id} wrote a checkpoint{at}{steps}")
    if isinstance(name, str):
        print(one_line(folder.checkpoints / name))


def note(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A run's id, the beginning of one, or a path.", autocompletion=complete_runs
        ),
    ],
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="What to remember about it.")],
    runs_dir: RunsDirOption = None,
) -> None:
    """Write a note into a run's events, also after its end."""
    words = " ".join(text).strip()
    if not words:
        raise UsageError("the note is empty", f"write it behind the run: cilda note {run} 'a colder learning rate'")
    folder = chosen(run, runs_dir)
    refuse_unwritable(folder)
    if status_of(folder).ended:
        note_dead(folder, words)
    else:
        _answered(folder, "note", ANSWER_SECONDS, text=words)
    say(f"noted in {folder.id}")


def _steerable(run: str | None, runs_dir: Any, done: str) -> RunFolder:
    """The run that is meant, if it lives.

    Raises:
        CildaError: nobody works on it, or its folder cannot be written to.
    """
    folder = chosen(run, runs_dir)
    status = status_of(folder)
    if status.ended:
        raise CildaError(f"{folder.id} cannot be {done}: it is {words_of(status)}", f"see: cilda watch {named(folder)}")
    refuse_unwritable(folder)
    return folder


def _asked(
    folder: RunFolder, what: What, *, until: Literal["accepted", "done"], seconds: float, **more: Any
) -> Event | None:
    """Asks, and gives the answer waited for; None when there is none in time, or the run ended without.

    Raises:
        CildaError: the run refused; or the disk did.
    """
    answers = Answers(folder)
    request = ask(folder, what, **more)
    began = time.monotonic()
    next_status = began + _STATUS_SECONDS
    ended = False
    for answer in answers.of(request):
        if answer is not None:
            if answer["answer"] == "refused":
                raise refused(answer, named(folder))
            if answer["answer"] in (until, "done"):
                return answer
            continue
        now = time.monotonic()
        if ended:
            # Nobody will take it up any more; left there it would be asked of whoever goes on with the run.
            withdraw(folder, request)
            return None
        if now - began > seconds:
            return None
        if now >= next_status:
            # Once more after its end: its last answer may have come with it.
            ended = status_of(folder).ended
            next_status = now + _STATUS_SECONDS
        time.sleep(_LOOK_SECONDS)
    raise AssertionError("answers end only when nobody looks")


def _answered(folder: RunFolder, what: What, seconds: float, **more: Any) -> Event:
    """What the run did.

    Raises:
        CildaError: it refused, or has not done it in time.
    """
    answer = _asked(folder, what, until="done", seconds=seconds, **more)
    if answer is None:
        status = status_of(folder)
        raise CildaError(f"{folder.id} has not answered: it is {words_of(status)}", _meaning(status, folder))
    return answer


def _tell_unanswered(folder: RunFolder) -> None:
    """Says that a request waits.

    Raises:
        CildaError: the run will not take it up, as far as can be seen.
    """
    status = status_of(folder)
    if status.word in _HOPELESS:
        raise _hopeless(folder, status)
    if not status.ended:
        say(f"{folder.id} has not answered yet ({words_of(status)}): {_meaning(status, folder)}")


def _meaning(status: Status, folder: RunFolder) -> str:
    if status.ended:
        return way_on(folder)
    told = _UNANSWERED.get(status.word, "the request stays; see: cilda watch {run} -f")
    return told.format(run=named(folder))


def _hopeless(folder: RunFolder, status: Status) -> CildaError:
    return CildaError(f"{folder.id} has not answered: it is {words_of(status)}", _meaning(status, folder))


def _stopped(folder: RunFolder) -> Status:
    """The status of a run that was asked to stop, once it has ended.

    Raises:
        CildaError: it is stalled, or contact with it is lost.
    """
    while (status := _ended(folder, _STATUS_SECONDS)) is None:
        now = status_of(folder)
        if now.word in _HOPELESS:
            raise _hopeless(folder, now)
    return status


def _ended(folder: RunFolder, seconds: float) -> Status | None:
    """The status of a run once it has ended; None if it has not in time."""
    deadline = time.monotonic() + seconds
    while True:
        if status_of(folder).ended:
            await_release(folder.supervisor_lock, folder.trainer_lock)
            return status_of(folder)
        if time.monotonic() > deadline:
            return None
        time.sleep(2 * _LOOK_SECONDS)


def _tell_end(folder: RunFolder, status: Status) -> None:
    say(f"{folder.id}: {words_of(status)}")
    if status.word != "finished":
        say(way_on(folder))


def _kill(folder: RunFolder) -> None:
    from cilda.cli.killing import kill_holder

    pid = kill_holder(folder.trainer_lock)
    status = _ended(folder, KILL_SECONDS)
    if status is None:
        raise CildaError(
            f"process {pid} was killed, and {folder.id} is still {words_of(status_of(folder))}",
            "another process has its lock: see cilda ps",
        )
    _tell_end(folder, status)


def note_dead(folder: RunFolder, words: str) -> None:
    """Writes a note into the events of a run that nobody works on.

    Raises:
        CildaError: somebody does, after all (exit code 75); the disk refused; or the run's folder is gone.
    """
    from cilda.runs.locks import Lock, holder
    from cilda.runs.writer import RunWriter

    if not folder.path.is_dir():
        raise CildaError(f"the run's folder is gone: {folder.path}", "nothing was noted; see: cilda ps")
    before = holder(folder.trainer_lock).says
    kept = {key: before[key] for key in ("attempt", "supervised") if key in before}
    lock = Lock.take(folder.trainer_lock, **kept)
    try:
        with RunWriter(folder) as writer:
            writer.event("note", text=words, by=asker())
        if writer.trouble:
            raise CildaError(f"the note is lost: {writer.trouble}", "see to the disk, and write it again")
    finally:
        lock.release()
