"""The screen as a person meets it: keys, sizes, a line that is cut, and bytes, on a pseudo-terminal."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tui.made_run import MADE, MadeRun, grow, hostile, running, several, waiting
from tests.tui.terminal import Terminal, terminal

OPENED = (sys.executable, "-m", "tests.tui.opened")


@contextmanager
def opened(made: MadeRun, *options: str, width: int = 80, height: int = 24, **environment: str) -> Iterator[Terminal]:
    """The screen on a made run, as soon as it shows it."""
    given = (str(made.folder.path), "--now", str(made.now), *options)
    with terminal(*given, command=OPENED, width=width, height=height, environment=environment) as shown:
        shown.until(made.status.shown.upper())
        shown.settled()
        yield shown


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_q_and_ctrl_c_leave_and_the_terminal_is_as_before(tmp_path: Path, key: str) -> None:
    with running(tmp_path) as made, opened(made) as shown:
        assert not shown.cooked()
        shown.press(key)
        assert shown.wait(5) == 0
        assert shown.cooked()
        assert "RUNNING" not in shown.text()
        assert made.status.word == "running"


def test_a_closed_terminal_ends_the_viewer_at_once_and_never_the_run(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made) as shown:
        shown.hang_up()
        began = time.monotonic()
        shown.wait(5)
        assert time.monotonic() - began < 0.5
        assert shown.process.returncode == -signal.SIGHUP
        assert made.status.word == "running"


def test_a_viewer_that_does_not_hear_of_the_hang_up_notices_it_by_itself(tmp_path: Path) -> None:
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.executable, sys.argv)"
    )
    command = (sys.executable, "-c", ignoring.replace("sys.argv", "[sys.executable] + sys.argv[1:]"), "-m", OPENED[2])
    with (
        running(tmp_path) as made,
        terminal(str(made.folder.path), "--now", str(made.now), command=command) as shown,
    ):
        shown.until("RUNNING")
        shown.hang_up()
        began = time.monotonic()
        assert shown.wait(5) == 129
        assert time.monotonic() - began < 0.5


def test_after_ctrl_z_the_shell_has_its_terminal_and_after_fg_the_screen_is_back(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made) as shown:
        before = shown.text()
        shown.press("\x1a")
        shown.until(lambda screen: "RUNNING" not in screen)
        shown.until_stopped()
        assert shown.cooked()
        shown.process.send_signal(signal.SIGCONT)
        shown.until("RUNNING")
        shown.settled()
        assert _still(shown.text()) == _still(before)
        assert not shown.cooked()


def test_an_idle_run_sends_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made, width=120, height=40) as shown:
        shown.count(6)
        assert shown.count(4) <= 40


def test_what_is_new_is_shown(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made) as shown:
        assert "2,080/" in shown.text()
        grow(made, 40)
        shown.until("2,120/")


def test_a_storm_of_sizes_ends_where_it_should(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made) as shown:
        before = shown.text()
        for width, height in [(1, 1), (200, 60), (3, 2), (59, 15), (120, 40), (2, 100), (300, 1), (20, 5), (1, 1)] * 3:
            shown.resize(width, height)
            shown.read(0.03)
        shown.resize(80, 24)
        # On a busy machine the storm makes it think that the line is slow, for a while.
        shown.until(lambda screen: "RUNNING" in screen and "slow line" not in screen)
        shown.settled()
        assert _still(shown.text()) == _still(before)
        shown.press("q")
        assert shown.wait(5) == 0


def test_a_screen_of_one_cell_can_be_left(tmp_path: Path) -> None:
    with (
        running(tmp_path) as made,
        terminal(str(made.folder.path), command=OPENED, width=1, height=1) as shown,
    ):
        shown.read(2.0)
        shown.press("q")
        assert shown.wait(10) == 0


def test_both_ways_to_the_terminal_show_the_same(tmp_path: Path) -> None:
    for attempt in range(3):
        screens = []
        with running(tmp_path / str(attempt)) as made:
            for options in ((), ("--stock",)):
                with opened(made, *options, width=120, height=40) as shown:
                    for key in ("z", "2", "z", "S", "3", "?", "escape", "1"):
                        shown.press(key)
                        shown.settled(0.15)
                    screens.append(_still(shown.text()))
        # A busy machine looks like a slow line, on which less is drawn.
        if not any("slow line" in text for text in screens):
            break
    assert screens[0] == screens[1]


def test_keys_are_answered_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made) as shown:
        for key, wanted in (("?", "esc closes"), ("?", "RUNNING"), (":", "actions:"), ("escape", "RUNNING")):
            shown.press(key)
            # A busy machine takes its time; what is promised is measured by the benchmark.
            assert shown.until(wanted) < 2


def test_several_viewers_watch_one_run(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made) as one, opened(made, width=120, height=40) as other:
        grow(made, 40)
        one.until("2,120/")
        other.until("2,120/")
        one.press("q")
        one.wait(5)
        grow(made, 40)
        other.until("2,160/")


def test_a_request_is_confirmed_asked_and_seen(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made, width=120, height=40) as shown:
        shown.press("K")
        shown.until("Write a checkpoint after this turn? y/N")
        assert not made.folder.control_new.exists() or not list(made.folder.control_new.iterdir())
        shown.press("y")
        shown.until("asked: checkpoint")
        (request,) = made.folder.control_new.iterdir()
        assert json.loads(request.read_text(encoding="utf-8"))["what"] == "checkpoint"


def test_a_note_is_typed_and_sent(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made) as shown:
        shown.press("W", *"colder é", "enter")
        shown.until("asked: note")
        (request,) = made.folder.control_new.iterdir()
        assert json.loads(request.read_text(encoding="utf-8"))["text"] == "colder é"


def test_read_only_looks_and_does_not_ask(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made, "--read-only") as shown:
        for key in "KPXW":
            shown.press(key)
            shown.until("only to look at")
        assert not made.folder.control_new.exists()


@pytest.mark.parametrize("options", [(), ("--ascii",), ("--colourless",)])
def test_no_escape_out_of_data_reaches_the_terminal(tmp_path: Path, options: tuple[str, ...]) -> None:
    with hostile(tmp_path) as made, opened(made, *options, width=120, height=40) as shown:
        for key in ("3", "z", "z", "5", "z", "z", "6", "z", "z", "4", "z"):
            shown.press(key)
            shown.settled(0.15)
        shown.press("q")
        shown.wait(5)
    sent = shown.raw.decode("utf-8")
    own = re.compile(r"\x1b\[[0-9;:<>=?]*\$?[a-zA-Z]|\x1b\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)")
    rest = own.sub("", sent)
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", rest)
    assert "\x1b]52" not in sent and "\x1b]0;" not in sent
    if options == ("--ascii",):
        assert sent.isascii()


def test_without_colours_none_is_sent(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made, "--colourless", width=120, height=40) as shown:
        shown.press("?", "escape", "3", "z")
        shown.settled()
        parameters = re.findall(rb"\x1b\[([0-9;]*)m", bytes(shown.raw))
    assert not any(re.search(rb"(^|;)(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;|$)", found) for found in parameters)


def test_the_list_of_runs_opens_one_and_comes_back(tmp_path: Path) -> None:
    runs = several(tmp_path)
    try:
        given = ("--runs-dir", str(tmp_path), "--now", str(runs[-1].now))
        with terminal(*given, command=OPENED, width=100, height=30) as shown:
            shown.until(runs[0].folder.id[:20])
            shown.press("down", "enter")
            shown.until("FAILED")
            shown.press("escape")
            shown.until(lambda screen: "FAILED" not in screen and runs[0].folder.id[:20] in screen)
            shown.press("q")
            assert shown.wait(5) == 0
    finally:
        for run in runs:
            run.__exit__(None, None, None)


def test_a_run_that_vanishes_is_told(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made) as shown:
        subprocess.run(["rm", "-r", str(made.folder.path)], check=True)
        shown.count(3)
        shown.press("?")
        shown.until("esc closes")
        shown.press("q")
        shown.press("q")
        assert shown.wait(5) == 0


def test_a_run_that_only_begins_is_shown(tmp_path: Path) -> None:
    with waiting(tmp_path) as made, opened(made) as shown:
        assert "STARTING" in shown.text()


@pytest.mark.parametrize("situation", MADE)
def test_every_situation_is_shown_with_every_pane_and_left(tmp_path: Path, situation: str) -> None:
    make: Callable[[Path], MadeRun] = MADE[situation]
    with make(tmp_path) as made, opened(made, width=100, height=30) as shown:
        for key in (
            "1",
            "c",
            "left",
            "+",
            "x",
            "L",
            "]",
            "2",
            "z",
            "z",
            "3",
            "[",
            "d",
            "4",
            "o",
            "D",
            "escape",
            "5",
            "6",
        ):
            shown.press(key)
            shown.read(0.02)
        shown.settled(0.2)
        assert "cannot be drawn" not in shown.text()
        shown.press("q")
        assert shown.wait(10) == 0, shown.text()


def test_a_terminal_that_stops_taking_bytes_slows_the_screen_down_and_not_the_viewer(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made, width=120, height=40) as shown:
        for _ in range(60):
            # Nobody reads: the terminal's buffer fills up.
            shown.press("?", "escape")
            time.sleep(0.02)
        shown.settled(1.0)
        shown.press("q")
        assert shown.wait(10) == 0


def test_exports_lie_where_the_screen_says(tmp_path: Path) -> None:
    with running(tmp_path) as made, opened(made, "--exports", str(tmp_path / "out"), width=120, height=40) as shown:
        shown.press("e")
        shown.until("exported: ", 30)
        assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".csv", ".json", ".png", ".svg"]
        shown.press("y")
        shown.until("copied, and written to")
        assert b"\x1b]52;c;" in shown.raw


def _still(screen: str) -> str:
    """A screen without the rate of bytes, which is no part of the run."""
    return re.sub(r" *\d+\.\d kB/s", "", screen)
