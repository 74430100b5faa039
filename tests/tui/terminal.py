"""A pseudo-terminal with a command on it: what a person would see of it, press on it, and pay for it in bytes."""

from __future__ import annotations

import copy
import errno
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyte
from rich.cells import cell_len

PATIENCE_SECONDS = 20.0

KEYS = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "backspace": "\x7f", "space": " ",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "ctrl+c": "\x03", "ctrl+p": "\x10", "ctrl+u": "\x15", "ctrl+d": "\x04",
}  # fmt: skip

# Questions to the terminal and the protocol of kitty's keyboard, of which pyte would print parts.
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
_OTHER_SCREEN = re.compile(rb"(\x1b\[\?1049[hl])")
_UNFINISHED = re.compile(rb"\x1b(\[[<>=?]?[0-9;]*\$?)?\Z")


class _Screen(pyte.Screen):
    """pyte's, which would drop the rest of a text behind a mark without width that Unicode does not call combining."""

    def draw(self, data: str) -> None:
        """Draws a text without such marks."""
        super().draw("".join(letter for letter in data if cell_len(letter) or unicodedata.combining(letter)))


class Terminal:
    """A terminal of `width` × `height` cells; its output is read when somebody asks: `until`, `settled`, `read`."""

    def __init__(
        self, command: Sequence[str], width: int, height: int, environment: Mapping[str, str], cwd: Path
    ) -> None:
        self.screen = _Screen(width, height)
        self.raw = bytearray()
        """Everything that was sent to the terminal, as it came."""
        self.draws = True
        """Whether what is read is drawn on `screen`, which takes more time than to count it."""
        self._stream = pyte.ByteStream(self.screen)
        self._rest = b""
        self._below: Any = None
        self._read_to_end = False
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (height, width))
        self.process = subprocess.Popen(
            list(command),
            env=dict(environment),
            cwd=cwd,
            preexec_fn=self._login,  # noqa: PLW1509  one thread waits in a lock-free loop meanwhile
        )

    def _login(self) -> None:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            # Whoever runs the tests with nohup, or in the background, has them ignored.
            signal.signal(number, signal.SIG_DFL)
        os.close(self.master)
        os.login_tty(self.slave)

    @property
    def sent(self) -> int:
        """How many bytes were sent to the terminal, of those that were read."""
        return len(self.raw)

    def read(self, seconds: float = 0.0) -> bytes:
        """Reads for this long; gives what came."""
        deadline = time.monotonic() + seconds
        came = b""
        while True:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self.master], [], [], left)[0]:
                return came
            try:
                data = os.read(self.master, 65536)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                data = b""
            if not data:
                return came
            came += data
            self._show(data)
            if left == 0.0 and seconds:
                return came

    def until(self, wanted: str | Callable[[str], bool], seconds: float = PATIENCE_SECONDS) -> float:
        """Reads until the screen shows this text, or is as wanted; gives how long that took."""
        began = time.monotonic()
        seen = wanted if callable(wanted) else (lambda screen: wanted in screen)
        self.read()
        while not seen(self.text()):
            waited = time.monotonic() - began
            assert waited < seconds, f"no {wanted!r} within {seconds:g} s on:\n{self.text()}"
            assert self.process.poll() is None or self.read(0.2), f"it ended without {wanted!r} on:\n{self.text()}"
            self.read(0.02)
        return time.monotonic() - began

    def until_stopped(self) -> None:
        """Reads until the process has stopped itself; one that is told to go on before then stops for good."""
        began = time.monotonic()
        while os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is None:
            assert time.monotonic() - began < PATIENCE_SECONDS, f"not stopped:\n{self.text()}"
            self.read(0.02)

    def settled(self, quiet_seconds: float = 0.4, seconds: float = PATIENCE_SECONDS) -> None:
        """Reads until nothing has come for a while."""
        deadline = time.monotonic() + seconds
        while self.read(quiet_seconds):
            assert time.monotonic() < deadline, "it never comes to rest"

    def count(self, seconds: float) -> int:
        """How many bytes are sent in this time."""
        before, deadline = self.sent, time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.read(min(left, 0.5))
        return self.sent - before

    def press(self, *keys: str) -> None:
        """Presses keys, each a letter or one of `KEYS`."""
        for key in keys:
            os.write(self.master, KEYS.get(key, key).encode())

    def resize(self, width: int, height: int) -> None:
        """Makes the terminal another size; the program is told by the signal for it."""
        self.screen.resize(height, width)
        termios.tcsetwinsize(self.master, (height, width))

    def lines(self) -> list[str]:
        """The screen, blanks at the lines' ends dropped."""
        return [line.rstrip() for line in self.screen.display]

    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines())

    def cooked(self) -> bool:
        """Whether the terminal edits lines and echoes, as a shell wants it."""
        flags = termios.tcgetattr(self.slave)[3]
        return bool(flags & termios.ICANON and flags & termios.ECHO)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """The exit code of the command once it has ended; what it sends until then is read."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.text()}"
            if not self._read_to_end:
                self.read(0.02)
        if not self._read_to_end:
            self.read(0.05)
        return self.process.returncode

    def hang_up(self) -> None:
        """Closes the terminal, as a lost connection does."""
        self._read_to_end = True
        for descriptor in (self.master, self.slave):
            with suppress(OSError):
                os.close(descriptor)

    def _show(self, data: bytes) -> None:
        self.raw += data
        if not self.draws:
            return
        data = _UNKNOWN_TO_PYTE.sub(b"", self._rest + data)
        unfinished = _UNFINISHED.search(data)
        end = unfinished.start() if unfinished else len(data)
        self._rest = data[end:]
        for piece in _OTHER_SCREEN.split(data[:end]):
            if piece == b"\x1b[?1049h":
                self._below = (copy.deepcopy(self.screen.buffer), self.screen.cursor.x, self.screen.cursor.y)
                self.screen.erase_in_display(2)
            elif piece == b"\x1b[?1049l" and self._below is not None:
                self.screen.buffer, self.screen.cursor.x, self.screen.cursor.y = self._below
                self._below = None
            else:
                self._stream.feed(piece)


@contextmanager
def terminal(
    *arguments: str,
    width: int = 80,
    height: int = 24,
    environment: Mapping[str, str | None] | None = None,
    command: Sequence[str] = (sys.executable, "-m", "cilda.cli.main"),
    cwd: Path | None = None,
) -> Iterator[Terminal]:
    """A command, by default cilda's, on a terminal that it controls; ended when left, if it has not ended by then.

    In `environment` a None takes a variable away.
    """
    given = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_COLOR": None, "COLORTERM": None}
    given |= {"COLUMNS": None, "LINES": None, **(environment or {})}
    variables = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
    for name in [name for name, value in given.items() if value is None]:
        variables.pop(name, None)
    shown = Terminal([*command, *arguments], width, height, variables, cwd or Path.cwd())
    try:
        yield shown
    finally:
        shown.process.kill()
        shown.process.wait()
        shown.hang_up()
