"""The live view before a real terminal: it leaves as it came, and whatever ends it, the run goes on."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cilda.runs.status import status_of
from tests.cli.standin import Standin, new_run

PATIENCE_SECONDS = 120.0


@dataclass
class Terminal:
    """A pseudo-terminal with a command on it."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    seen: bytes = b""

    def until(self, text: str) -> None:
        """Reads until this text was shown."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text.encode() not in self.seen:
            assert time.monotonic() < deadline, f"no {text!r} in {self.seen!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)

    def press(self, key: str) -> None:
        """Presses a key."""
        os.write(self.master, key.encode())

    def cooked(self) -> bool:
        """Whether the terminal edits lines and echoes, as a shell wants it."""
        flags = termios.tcgetattr(self.slave)[3]
        return bool(flags & termios.ICANON and flags & termios.ECHO)


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    """A command on a terminal of 80x24 that it controls."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-m", "cilda.cli.main", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=_control,  # noqa: PLW1509  one thread waits in a lock-free loop meanwhile
        env={**os.environ, "TERM": "xterm-256color"},
    )
    try:
        yield Terminal(process, master, slave)
    finally:
        process.kill()
        process.wait()
        for descriptor in (master, slave):
            try:
                os.close(descriptor)
            except OSError:
                continue


def _control() -> None:
    """Makes stdin the controlling terminal of a new session, by opening it, and hears what a shell's child hears."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        # Whoever runs the tests with nohup, or in the background, has them ignored.
        signal.signal(number, signal.SIG_DFL)
    os.close(os.open(os.ttyname(0), os.O_RDWR))


@pytest.fixture(name="run")
def _run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    monkeypatch.setenv("CILDA_RUNS_DIR", str(tmp_path))
    with Standin(new_run(tmp_path)) as run:
        yield run


@pytest.mark.parametrize("key", ["q", "Q", "\x03"])
def test_a_key_leaves_and_the_way_back_is_printed(run: Standin, key: str) -> None:
    with terminal("watch", "-f") as shown:
        shown.until("q leaves: the run goes on")
        assert not shown.cooked()
        shown.press(key)
        shown.until("run one goes on; see it again with: cilda watch one -f")
        assert shown.process.wait(PATIENCE_SECONDS) == 0
        assert shown.cooked()
    assert status_of(run.folder).word == "running"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", [("watch", "-f"), ("ps", "-w")])
def test_a_signal_ends_the_viewer_and_the_terminal_is_as_before(
    run: Standin, command: tuple[str, ...], number: signal.Signals
) -> None:
    with terminal(*command) as shown:
        shown.until("leaves")
        shown.process.send_signal(number)
        assert shown.process.wait(PATIENCE_SECONDS) == 128 + number
        assert shown.cooked()
        shown.until("\x1b[?25h")
    assert status_of(run.folder).word == "running"


def test_a_terminal_that_vanishes_ends_the_viewer_and_never_the_run(run: Standin) -> None:
    with terminal("watch", "-f") as shown:
        shown.until("leaves")
        os.close(shown.slave)
        os.close(shown.master)
        shown.process.wait(PATIENCE_SECONDS)
    assert status_of(run.folder).word == "running"


@pytest.mark.parametrize(("status", "code"), [("finished", 0), ("stopped", 4)])
def test_the_view_ends_with_the_run(run: Standin, status: str, code: int) -> None:
    with terminal("watch", "-f") as shown:
        shown.until("3/100")
        run.end(status)
        shown.until(f"{status}, ")
        assert shown.process.wait(PATIENCE_SECONDS) == code
        assert shown.cooked()


def test_the_list_of_runs_leaves_with_q_and_stays_below(run: Standin) -> None:
    with terminal("ps", "-w") as shown:
        shown.until("q leaves")
        shown.press("q")
        shown.until("\x1b[?1049l")
        shown.until("running")
        assert shown.process.wait(PATIENCE_SECONDS) == 0
        assert shown.cooked()


def test_a_job_in_the_background_reads_no_keys(run: Standin) -> None:
    script = f"{sys.executable} -m cilda.cli.main watch -f & wait"
    master, slave = pty.openpty()
    with subprocess.Popen(
        ["bash", "-ic", script],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=_control,  # noqa: PLW1509
        env={**os.environ, "TERM": "xterm-256color"},
    ) as process:  # fmt: skip
        shown = Terminal(process, master, slave)
        shown.until("ctrl-c leaves")
        run.end("finished")
        shown.until("finished, worked for")
        process.wait(PATIENCE_SECONDS)
    os.close(master)
    os.close(slave)
