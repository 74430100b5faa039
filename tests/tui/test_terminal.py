from __future__ import annotations

import sys

from tests.tui.terminal import terminal

PYTHON = (sys.executable, "-c")


def test_the_screen_is_what_the_program_drew_on_it() -> None:
    program = "print('\\x1b[2J\\x1b[3;5Hhello \\x1b[1mworld\\x1b[m\\x1b[>1u\\x1b[?2026$p'); input()"
    with terminal(program, command=PYTHON, width=40, height=6) as shown:
        shown.until("world")
        assert shown.lines()[2] == "    hello world"
        shown.press("enter")
        assert shown.wait() == 0


def test_keys_arrive_and_sizes_are_told() -> None:
    program = "import os, sys\nwhile line := sys.stdin.readline(): print(os.get_terminal_size().columns, line.upper())"
    with terminal(program, command=PYTHON, width=40, height=20) as shown:
        shown.press("abc", "\n")
        shown.until("40 ABC")
        shown.resize(70, 10)
        shown.press("d", "\n")
        shown.until("70 D")


def test_a_sequence_that_comes_in_two_pieces_is_not_printed() -> None:
    writing = "sys.stdout.write(piece); sys.stdout.flush(); time.sleep(0.1)"
    program = f"import sys, time\nfor piece in ('\\x1b[', '>1u', 'x'): {writing}"
    with terminal(program, command=PYTHON, width=40, height=6) as shown:
        shown.wait()
        assert shown.lines()[0] == "x"


def test_what_was_there_before_the_program_s_own_screen_comes_back() -> None:
    program = "print('before\\x1b[?1049h\\x1b[H\\x1b[2Jinside', flush=True); input(); print('\\x1b[?1049lafter')"
    with terminal(program, command=PYTHON, width=40, height=6) as shown:
        shown.until(lambda screen: "inside" in screen and "before" not in screen)
        shown.press("enter")
        shown.until(lambda screen: "before" in screen and "inside" not in screen)
