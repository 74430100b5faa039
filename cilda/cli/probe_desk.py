"""Where texts are put to a probe: given on the command line, typed at a prompt, or read from a pipe."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cilda.cli.eval_target import note
from cilda.cli.probe import check_rewrites
from cilda.cli.probe_json import answer_json, error_json
from cilda.cli.probe_page import page
from cilda.cli.progress import ProgressConsole
from cilda.cli.table import harmless_json
from cilda.cli.terminal import shows_unicode
from cilda.distill.probe import Probe, written
from cilda.distill.probe_models import ProbeModels
from cilda.distill.probe_rewrites import Rewriting
from cilda.errors import CildaError, UsageError
from cilda.runs.events import finite

_PROMPT = "text> "
_LONGEST_LINE_BYTES = 4 * 1024 * 1024
# A text may begin with a colon, as many do in mails: :) is no command.
_COMMAND = re.compile(r":([a-z]+)(?:\s+(\S.*))?\s*")


class Desk:
    """Answers texts on stdout, as pages for people or as one JSON object a line."""

    def __init__(self, models: ProbeModels, how: Rewriting, *, as_json: bool) -> None:
        self.how = how
        self.rewrites = models.rewriter is not None
        """Whether there is a generator."""
        self._probe = Probe(models)
        self._as_json = as_json
        self._console = ProgressConsole(stderr=False)
        utf8 = self._console.encoding.lower().replace("-", "") == "utf8"
        self._ascii = not utf8 or (sys.stdout.isatty() and not shows_unicode())

    def answer(self, line: str, pair: str | None = None) -> None:
        """Answers one text, or one pair.

        Raises:
            CildaError: it cannot be answered.
        """
        texts = written(line, self._probe.models.texts, pair)
        answer = self._probe.answer(texts, self.how)
        if self._as_json:
            self._print(answer_json(self._probe.models, answer, self.how))
            return
        for part in page(answer, self._probe.models, self.how, width=self._console.width, plain=self._ascii):
            self._console.print(part, soft_wrap=True)
        sys.stdout.flush()

    def answered(self, lines: Iterable[str]) -> bool:
        """Answers line after line; whether all could be. What is wrong with a line is told in its place."""
        right = True
        for number, line in enumerate(lines, start=1):
            try:
                self.answer(line)
            except CildaError as error:
                right = False
                if self._as_json:
                    self._print(error_json(line, error))
                else:
                    note(f"line {number}: {error.what}; {error.todo}")
        return right

    def _print(self, value: dict[str, Any]) -> None:
        text = json.dumps(finite(value), ensure_ascii=False, allow_nan=False)
        print(harmless_json(text) if sys.stdout.isatty() else text, flush=True)


def lines_of_stdin() -> Iterator[str]:
    """The lines of stdin without their ends, as they come; what is no UTF-8 is replaced, what is too long cut."""
    while line := sys.stdin.buffer.readline(_LONGEST_LINE_BYTES):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = sys.stdin.buffer.readline(_LONGEST_LINE_BYTES)
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def ask(desk: Desk) -> None:
    """Asks for texts at a prompt until an empty line, ctrl+d or ctrl+c; lines are remembered for this session only."""
    _edits_lines()
    note(_hints(desk))
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        while (line := _read()).strip():
            try:
                command = _COMMAND.fullmatch(line)
                if command is None:
                    desk.answer(line)
                else:
                    _obey(desk, command[1], command[2] or "")
            except CildaError as error:
                note(f"{error.what}; {error.todo}" if error.todo else error.what)
        return
    # The prompt's own line is not yet ended.
    print(file=sys.stderr)


def _read() -> str:
    """One line that a person typed.

    Raises:
        EOFError: there will be no more.
    """
    if sys.stdout.isatty():
        return input(_PROMPT)
    # Into a file or a pipe go answers only.
    print(_PROMPT, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def _edits_lines() -> None:
    """Lets `input` edit lines and remember them; a tab is a tab."""
    with contextlib.suppress(ImportError):
        import readline

        readline.set_completer(lambda _text, _state: None)


@dataclass(frozen=True)
class _Command:
    """A line that is no text."""

    name: str
    value: str
    what: str
    change: Callable[[Rewriting, str], Rewriting]


def _number_of(how: Rewriting, value: str) -> Rewriting:
    count = int(value)
    check_rewrites(count)
    return replace(how, count=count)


def _mask_of(how: Rewriting, value: str) -> Rewriting:
    fraction = float(value)
    if not 0 < fraction <= 1:
        raise UsageError(f"{value} is no share of the tokens", "say more than 0, and 1 at most")
    return replace(how, mask_fraction=fraction)


def _seed_of(how: Rewriting, value: str) -> Rewriting:
    seed = int(value)
    if not 0 <= seed < 2**31:
        raise UsageError(f"{value} is no seed", f"say 0 to {2**31 - 1}")
    return replace(how, seed=seed)


_COMMANDS = (
    _Command("n", "10", "so many rewrites of each text", _number_of),
    _Command("mask", "0.5", "this share of the tokens is drawn anew", _mask_of),
    _Command("seed", "7", "other rewrites", _seed_of),
)


def _obey(desk: Desk, name: str, value: str) -> None:
    """Does what a command says; `:help` tells all of them.

    Raises:
        UsageError: no such command, or a value that it cannot take.
    """
    if name == "help":
        lines = [f":{command.name} {command.value}".ljust(12) + command.what for command in _COMMANDS]
        for line in (*lines, ":help".ljust(12) + "this", "an empty line, ctrl+d or ctrl+c leaves"):
            print(line, file=sys.stderr)
        return
    command = next((command for command in _COMMANDS if command.name == name), None)
    if command is None:
        raise UsageError(
            f"there is no command :{name}", "a text that begins so is meant? Put a blank before it; or :help"
        )
    try:
        desk.how = command.change(desk.how, value)
    except ValueError:
        raise UsageError(f":{name} takes a number", f"as in :{name} {command.value}") from None
    note(_hints(desk))


def _hints(desk: Desk) -> str:
    how = desk.how
    rewrites = f":n {how.count} rewrites, :mask {how.mask_fraction:g}, :seed {how.seed}, " if desk.rewrites else ""
    return f"{rewrites}:help; an empty line leaves"
