"""The border: exit codes, the two lines of an error, options that may stand anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Annotated

import pytest
import typer

from cilda import __version__
from cilda.cli import main as border
from cilda.cli.commands import Command
from cilda.cli.main import hoisted, main
from cilda.errors import CildaError, UsageError

Run = Callable[[list[str]], int]


@pytest.fixture(name="with_command")
def _with_command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., None]], None]:
    """Puts one command called `try` in the table."""

    def put(run: Callable[..., None]) -> None:
        module = ModuleType("cilda.cli.trying")
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(border, "COMMANDS", (Command("try", "trying.run", "Look", ("cilda try", "cilda try")),))

    return put


def raiser(error: BaseException) -> Callable[[], None]:
    """A command that ends with the error."""

    def run() -> None:
        """Fail."""
        raise error

    return run


def test_no_arguments_show_the_help_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr()
    assert "methods" in shown.out
    assert shown.err == ""


def test_help_is_asked_for_with_two_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "-h"]) == 0
    short = capsys.readouterr().out
    assert main(["tasks", "--help"]) == 0
    assert capsys.readouterr().out == short
    assert short.rstrip().endswith("cilda tasks --json")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cilda {__version__}\n"


def test_what_a_user_can_mend_is_two_lines_and_an_exit_code(
    with_command: Callable[[Callable[..., None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with_command(raiser(CildaError("the disk of /runs is full", "free some space\nor give --runs-dir", exit_code=4)))
    assert main(["try"]) == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "cilda: the disk of /runs is full\n       free some space\n       or give --runs-dir\n"


def test_a_wrong_request_is_exit_code_2(
    with_command: Callable[[Callable[..., None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with_command(raiser(UsageError("--batch-size is 0")))
    assert main(["try"]) == 2
    assert capsys.readouterr().err == "cilda: --batch-size is 0\n"


@pytest.mark.parametrize("arguments", [["tsks"], ["tasks", "--jsn"], ["tasks", "extra"], ["--color", "blue", "tasks"]])
def test_a_mistyped_command_or_option_says_where_help_is(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    what, todo = shown.err.splitlines()
    assert what.startswith("cilda: ")
    assert todo.startswith("       see cilda")
    assert todo.endswith("--help")


def test_a_value_of_the_wrong_kind_is_a_wrong_request(
    with_command: Callable[[Callable[..., None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def run(number: Annotated[int, typer.Option()] = 1) -> None:
        """Take a number."""

    with_command(run)
    assert main(["try", "--number", "many"]) == 2
    assert capsys.readouterr().err.startswith("cilda: --number is 'many': it should be a valid integer\n")


def test_the_unforeseen_is_one_line_and_a_way_to_see_more(
    with_command: Callable[[Callable[..., None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with_command(raiser(RuntimeError("shapes (2, 3) and (4,)\ndo not match")))
    assert main(["try"]) == 1
    what, todo = capsys.readouterr().err.splitlines()
    assert what == "cilda: RuntimeError: shapes (2, 3) and (4,)"
    assert "--debug" in todo


@pytest.mark.parametrize("arguments", [["--debug", "try"], ["try", "--debug"]])
@pytest.mark.parametrize("error", [RuntimeError("boom"), CildaError("boom")])
def test_debug_shows_the_traceback_wherever_it_stands(
    arguments: list[str],
    error: Exception,
    with_command: Callable[[Callable[..., None]], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with_command(raiser(error))
    assert main(arguments) == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "in run" in shown


def test_an_interrupt_is_130(
    with_command: Callable[[Callable[..., None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with_command(raiser(KeyboardInterrupt()))
    assert main(["try"]) == 130
    assert capsys.readouterr().err == "cilda: interrupted\n"


def test_a_command_may_leave_with_a_code_of_its_own(with_command: Callable[[Callable[..., None]], None]) -> None:
    with_command(raiser(typer.Exit(75)))
    assert main(["try"]) == 75


def test_a_reader_that_leaves_is_no_news() -> None:
    program = "import sys; from cilda.cli.main import main; sys.exit(main(['models']))"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["distill", "--debug", "--name", "x"], ["--debug", "distill", "--name", "x"]),
        (["tasks", "--color", "never"], ["--color", "never", "tasks"]),
        (["tasks", "--color=never", "--json"], ["--color=never", "tasks", "--json"]),
        (["tasks", "--", "--debug"], ["tasks", "--", "--debug"]),
        (["tasks", "--color"], ["--color", "tasks"]),
        ([], []),
    ],
)
def test_options_of_every_command_come_first(given: list[str], expected: list[str]) -> None:
    assert hoisted(given) == expected


@pytest.mark.parametrize(
    ("environment", "choice", "escapes"),
    [
        ({}, "auto", False),
        ({}, "always", True),
        ({}, "never", False),
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({"FORCE_COLOR": "1"}, "never", False),
        ({"NO_COLOR": "1"}, "always", True),
    ],
)
def test_color_the_option_over_no_color_over_force_color_over_the_terminal(
    environment: dict[str, str], choice: str, escapes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    program = f"from cilda.cli.main import main; main(['--help', '--color', {choice!r}])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ("\x1b[" in done.stdout) is escapes


@pytest.mark.parametrize(
    ("where", "code", "words"), [(">/dev/full", 1, "the output cannot be written"), (">&-", 0, "")]
)
def test_an_output_that_takes_nothing_is_told_or_is_nobody_s(where: str, code: int, words: str) -> None:
    command = f'"{sys.executable}" -m cilda.cli.main tasks {where}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "not foreseen" not in done.stderr
    assert bool(done.stderr) == bool(words)
