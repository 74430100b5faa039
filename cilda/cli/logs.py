"""`cilda logs`: what a run's processes printed."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cilda.cli.chosen import RunArgument, RunsDirOption, chosen, named, say
from cilda.errors import CildaError, UsageError
from cilda.runs.layout import RunFolder
from cilda.runs.log_lines import LogReader, tail_offset
from cilda.runs.status import status_of

_LOOK_SECONDS = 0.5
_STATUS_SECONDS = 2.0
_TRAIN = re.compile(r"train\.(\d{6,})\.log")


def logs(
    run: RunArgument = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    lines: Annotated[
        int | None, typer.Option("-n", "--lines", metavar="LINES", help="Only the last lines; by default all.")
    ] = None,
    attempt: Annotated[int | None, typer.Option("--attempt", metavar="N", help="Only what attempt N printed.")] = None,
    runs_dir: RunsDirOption = None,
) -> None:
    """Print what a run has printed.

    Its trainer's words attempt by attempt, and then its supervisor's, if there are any.
    """
    if lines is not None and lines < 0:
        raise UsageError(f"--lines is {lines}: there are no fewer lines than none", "give a count, such as -n 50")
    folder = chosen(run, runs_dir)
    printer = _Printer(folder, attempt, lines)
    try:
        printer.print_written()
        if follow:
            printer.follow()
        printer.print_supervisor()
    except KeyboardInterrupt:
        return
    if not printer.found:
        raise _nothing(folder, attempt)


def log_files(folder: RunFolder) -> dict[int, Path]:
    """What each attempt printed, the first attempt first."""
    try:
        names = [entry.name for entry in folder.log.iterdir()]
    except OSError:
        return {}
    return {int(match[1]): folder.log / match[0] for match in map(_TRAIN.fullmatch, sorted(names)) if match}


class _Printer:
    """Prints the logs of one run, each line once."""

    def __init__(self, folder: RunFolder, attempt: int | None, lines: int | None) -> None:
        self.found = False
        """Whether there was any log at all."""
        self._folder = folder
        self._attempt = attempt
        self._lines = lines
        self._reader: LogReader | None = None
        self._number = 0
        self._terminal = sys.stdout.isatty()

    def print_written(self) -> None:
        """Prints what is there now; of several attempts the last `lines` together."""
        files = self._files()
        offsets, left = dict.fromkeys(files, 0), self._lines
        for number, path in reversed(files.items()):
            if left is not None:
                offsets[number], count = tail_offset(path, left)
                left -= count
        for number, path in files.items():
            if number == max(files) or not offsets[number] or offsets[number] < path.stat().st_size:
                self._begin(number, path, offsets[number], announced=len(files) > 1)
                self._print()

    def follow(self) -> None:
        """Prints what comes until the run has ended."""
        next_status = 0.0
        while True:
            # Asked first: what it printed before its end is read below.
            ended = False
            if time.monotonic() >= next_status:
                ended = status_of(self._folder).ended
                next_status = time.monotonic() + _STATUS_SECONDS
            self._print()
            for number, path in self._files().items():
                if number > self._number:
                    self._begin(number, path, 0, announced=number > 1)
                    self._print()
            if ended:
                return
            time.sleep(_LOOK_SECONDS)

    def print_supervisor(self) -> None:
        """Ends the trainer's last line, and prints what the supervisor said, if it said anything."""
        self._end()
        path = self._folder.log / "supervisor.log"
        try:
            if not path.stat().st_size:
                return
            offset = 0 if self._lines is None else tail_offset(path, self._lines)[0]
        except OSError:
            return
        say("== supervisor ==")
        self._reader, self.found = LogReader(path, offset), True
        self._print()
        self._end()

    def _files(self) -> dict[int, Path]:
        files = log_files(self._folder)
        return {number: path for number, path in files.items() if self._attempt in (None, number)}

    def _begin(self, number: int, path: Path, offset: int, *, announced: bool) -> None:
        self._end()
        if announced:
            say(f"== attempt {number} ==")
        self._number, self._reader, self.found = number, LogReader(path, offset), True

    def _print(self) -> None:
        if self._reader is None:
            return
        lines = self._reader.read()
        while True:
            try:
                line = next(lines, None)
            except OSError as error:
                say(f"warning: cannot read on: {error.strerror or error}")
                break
            if line is None:
                break
            self._write(line)
        sys.stdout.buffer.flush()

    def _end(self) -> None:
        rest = b"" if self._reader is None else self._reader.end()
        if rest:
            self._write(rest)
        self._reader = None
        sys.stdout.buffer.flush()

    def _write(self, line: bytes) -> None:
        sys.stdout.buffer.write((_shown(line) if self._terminal else line) + b"\n")


def _nothing(folder: RunFolder, attempt: int | None) -> CildaError:
    attempts = ", ".join(map(str, log_files(folder)))
    if attempt is not None and attempts:
        return CildaError(f"run {folder.id} has no log of an attempt {attempt}", f"its attempts: {attempts}")
    return CildaError(
        f"run {folder.id} has no log: nothing that it printed was kept",
        f"what happened in it: cilda watch {named(folder)}",
    )


def _shown(line: bytes) -> bytes:
    """A line for a terminal: what would move its cursor, or colour it, is shown as its escape."""
    text = line.decode("utf-8", "backslashreplace")
    visible = "".join(letter if letter.isprintable() or letter == "\t" else repr(letter)[1:-1] for letter in text)
    return visible.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
