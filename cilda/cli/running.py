"""The process that works on a run: its lock, its writer, its heartbeat, its signals."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

import typer

from cilda.cli.chosen import named
from cilda.cli.launch import new_run, next_attempt
from cilda.cli.processes import join, rank
from cilda.runs.atomic import read_json
from cilda.runs.control import Orders, RunStopped
from cilda.runs.events import number
from cilda.runs.heartbeat import heartbeat
from cilda.runs.last_words import say_end
from cilda.runs.layout import RunFolder
from cilda.runs.locks import Lock
from cilda.runs.silent import SilentWriter
from cilda.runs.words import one_line
from cilda.runs.writer import RunWriter

if TYPE_CHECKING:
    from rich.console import Console

    from cilda.config import RunConfig

TERMINATED = 143
_EXIT_CODES = {"SIGTERM": TERMINATED, "SIGINT": 130, "SIGHUP": 129}

# Clocks of two machines differ a little.
_SLACK_SECONDS = 2.0

# Whoever ends a whole process group reaches us twice: directly, and through the supervisor.
_SAME_SIGNAL_SECONDS = 2.0


@dataclass(frozen=True)
class Desk:
    """What a job works with."""

    writer: RunWriter
    orders: Orders


@contextmanager
def started(
    config: RunConfig, origins: dict[str, str], *, job: str, purpose: str | None = None, **more: Any
) -> Iterator[Desk]:
    """A new run that this process works on itself, with progress on stderr: `new_run`, then `working`."""
    # Seconds, and many more on a busy machine: a run begins when they are over.
    import cilda.distill.session  # noqa: F401

    folder = join(config).told(lambda: new_run(config, origins, job=job, purpose=purpose, **more))
    print(one_line(f"run {folder.id} in {folder.path.parent}"), file=sys.stderr)
    with working(folder, attempt=1) as desk:
        yield desk


@contextmanager
def working(folder: RunFolder, *, attempt: int | None = None, inherited: Lock | None = None) -> Iterator[Desk]:
    """While open, this process works on the run: it holds its lock, beats, shows progress and hears requests.

    The first SIGTERM, SIGINT or, when a terminal closes, SIGHUP asks the trainer to stop behind a checkpoint, where a
    trainer is at work to hear it; the second ends the process. Under `nohup` SIGHUP stays ignored. A supervisor hands
    down the lock, keeps what is printed and measures the machine; without one that is done here. Of several processes
    the main one does all that, and the others follow it.

    Raises:
        CildaError: another process works on the run (exit code 75), or the disk refuses.
        typer.Exit: somebody stopped the run.
    """
    if rank():
        with _following(folder) as desk:
            yield desk
        return
    from cilda.cli.progress import TerminalProgress

    attempt = next_attempt(folder) if attempt is None else attempt
    begun = time.time()
    if inherited is None:
        lock = Lock.take(folder.trainer_lock, attempt=attempt, supervised=False)
    else:
        lock = inherited
        # As whoever launched it wrote there: since then this process is the one that is asked, though it still loads.
        begun = number(read_json(folder.trainer_lock).get("t")) or begun
        lock.say(attempt=attempt, supervised=True)
    with ExitStack() as stack:
        stack.callback(lock.release)
        listeners = [stack.enter_context(TerminalProgress())]
        if inherited is None:
            from cilda.runs.machine import Readings

            listeners.append(stack.enter_context(TerminalProgress(_log_console(stack, folder, attempt), plain=True)))
            folder.exit_json.unlink(missing_ok=True)
            readings = Readings(folder.path)
            stack.callback(readings.close)
            stack.enter_context(heartbeat(lambda: readings.take(os.getpid()), seconds=1.0))
        writer = stack.enter_context(RunWriter(folder, attempt=attempt, listeners=listeners))
        _listen_to_trackers(writer, stack)
        orders = Orders(folder, writer)
        stack.enter_context(_hearing_signals(orders))
        try:
            writer.state("starting")
            orders.refuse_all("it was asked of a process that has ended since", before=begun - _SLACK_SECONDS)
            stack.enter_context(heartbeat(writer.beat))
            yield Desk(writer, orders)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            # The job says so itself, but not while its libraries are still loading.
            say_end(writer, error)
            if not isinstance(error, RunStopped):
                raise
            # The terminal may be what has gone.
            with suppress(OSError):
                print(f"{error}; go on with: cilda resume {one_line(named(folder))}", file=sys.stderr, flush=True)
            raise typer.Exit(_EXIT_CODES.get(error.request.by, 0)) from error
        finally:
            orders.close()


@contextmanager
def _following(folder: RunFolder) -> Iterator[Desk]:
    """As `working`, in a process beside the main one."""
    writer = SilentWriter(folder)
    try:
        # Nobody looks for requests here.
        yield Desk(writer, Orders(folder, writer))
    except RunStopped as stopped:
        # How it ended is the main process's to say.
        raise typer.Exit from stopped


def _listen_to_trackers(writer: RunWriter, stack: ExitStack) -> None:
    """Has the trackers of the run's settings, if there are any, hear what it says, until the stack closes."""
    told = read_json(writer.folder.run_json)
    config = told.get("config")
    # A bench has no numbers of its own.
    if not isinstance(config, dict) or not config.get("track") or told.get("job") == "bench":
        return
    from cilda.config import RunConfig
    from cilda.distill.trackers import tracked

    settings = RunConfig.checked(config)
    alert = partial(writer.event, "alert", level="warning", todo="")
    with_what = tracked(settings.trackers, writer.folder, settings.track_project, config, lambda what: alert(what=what))
    writer.listen(*stack.enter_context(with_what))


def _log_console(stack: ExitStack, folder: RunFolder, attempt: int) -> Console:
    from rich.console import Console

    folder.log.mkdir(exist_ok=True)
    path = folder.log / f"train.{attempt:06d}.log"
    file: TextIO = stack.enter_context(path.open("a", encoding="utf-8", buffering=1))
    return Console(file=file, highlight=False, markup=False, emoji=False, width=120)


@contextmanager
def _hearing_signals(orders: Orders) -> Iterator[None]:
    """While open, SIGTERM, SIGINT and SIGHUP are requests to stop, the second of them an order.

    A closed terminal is told in more ways than one, and never an order: nobody has asked for haste.
    """
    first: list[float] = []

    def hear(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the signature of a handler
        name = signal.Signals(number).name
        if not first and orders.attended:
            first.append(time.monotonic())
            orders.interrupt(name)
            # Not print: the handler may have interrupted one. The terminal may be what has gone.
            with suppress(OSError):
                os.write(2, b"\nstopping after this turn, behind a checkpoint; once more to leave at once\n")
        elif first and (
            number == signal.SIGHUP or (number == signal.SIGTERM and time.monotonic() - first[0] < _SAME_SIGNAL_SECONDS)
        ):
            return
        else:
            # What says how the run ended is written undisturbed.
            for other in before:
                signal.signal(other, signal.SIG_IGN)
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(_EXIT_CODES[name])

    heard = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heard.append(signal.SIGHUP)
    before = {number: signal.signal(number, hear) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
