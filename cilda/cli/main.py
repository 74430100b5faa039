"""The `cilda` command: from the table of commands to one that runs, and the border where errors become two lines."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from cilda import __version__
from cilda.cli.commands import COMMANDS, GROUP_EXAMPLES
from cilda.cli.help import WIDTH, CommandHelp, GroupHelp, examples
from cilda.cli.processes import one_voice, part, speak_up
from cilda.cli.threads import spin_briefly
from cilda.errors import CildaError

INTERRUPTED = 130


class Color(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _version(asked: bool) -> None:
    if asked:
        print(f"cilda {__version__}")
        raise typer.Exit


def _color(context: typer.Context, choice: Color) -> Color:
    """Says the choice in the environment's own words, which rich and every process started from here read."""
    if choice is not Color.AUTO:
        wanted, unwanted = ("FORCE_COLOR", "NO_COLOR") if choice is Color.ALWAYS else ("NO_COLOR", "FORCE_COLOR")
        os.environ[wanted] = "1"
        os.environ.pop(unwanted, None)
    if os.environ.get("NO_COLOR"):
        context.color = False
    elif os.environ.get("FORCE_COLOR"):
        context.color = True
    return choice


def _cilda(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    color: Annotated[  # noqa: ARG001
        Color, typer.Option(help="Colour the output; auto: on a terminal.", callback=_color, is_eager=True)
    ] = Color.AUTO,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001
) -> None:
    """Distil a fine-tuned text encoder into a smaller one.

    A generator rewrites the training texts so that teacher and student disagree; the student learns to agree on both.
    Alone in a terminal, cilda opens the list of runs.
    """
    if context.invoked_subcommand is None:
        from cilda.cli.attach import open_list

        if not open_list():
            typer.echo(context.get_help())


def build(only: str | None = None) -> typer.Typer:
    """The application with every command of the table, or with one of them."""
    app = typer.Typer(
        name="cilda",
        cls=GroupHelp,
        callback=_cilda,
        invoke_without_command=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
        epilog=examples(GROUP_EXAMPLES),
    )
    for command in COMMANDS:
        if only is not None and command.name != only:
            continue
        app.command(
            command.name,
            cls=CommandHelp,
            rich_help_panel=command.group,
            epilog=examples(command.examples),
            context_settings={"help_option_names": ["-h", "--help"]},
        )(command.run)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0 ok, 1 failure, 2 usage, 130 interrupted; commands may give others."""
    code = _run(arguments)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Its reader has gone, or its disk is full: what is left must not complain again at the interpreter's end.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return part(code)


def _run(arguments: Sequence[str] | None) -> int:
    one_voice()
    given = list(sys.argv[1:] if arguments is None else arguments)
    # A shell's >&- closes a stream for good: what would go there goes nowhere.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    debug = "--debug" in _before_terminator(given)
    spin_briefly()
    try:
        arguments = hoisted(given)
        application = typer.main.get_command(build(_meant(arguments)))
        code = application.main(arguments, prog_name="cilda", standalone_mode=False)
        sys.stdout.flush()
    except CildaError as error:
        speak_up(error)
        if debug:
            traceback.print_exc()
        return _say(error.what, error.todo, error.exit_code)
    except typer.TyperException as error:
        return _say(_sentence(error), f"see {_command_path(error)} --help", error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _say("interrupted", "", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone.
        return 1
    except OSError as error:
        if debug:
            traceback.print_exc()
        if error.errno not in (errno.ENOSPC, errno.EIO) or error.filename is not None:
            return _unforeseen(error)
        return _say(f"the output cannot be written: {error.strerror}", "give it a place with room", 1)
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _unforeseen(error)
    if code == INTERRUPTED:
        return _say("interrupted", "", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _unforeseen(error: Exception) -> int:
    speak_up(error)
    what = f"{type(error).__name__}: {error}".strip().removesuffix(":")
    return _say(what.splitlines()[0], "not foreseen; the same command with --debug shows where it happened", 1)


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The arguments with --debug and --color first, so that they may stand anywhere before a `--`."""
    head: list[str] = []
    tail: list[str] = []
    own = _before_terminator(arguments)
    position = 0
    while position < len(own):
        argument = own[position]
        if argument == "--color":
            head += own[position : position + 2]
            position += 1
        elif argument == "--debug" or argument.startswith("--color="):
            head.append(argument)
        else:
            tail.append(argument)
        position += 1
    return [*head, *tail, *arguments[len(own) :]]


def _meant(arguments: Sequence[str]) -> str | None:
    """The command that the line begins with, behind options of all commands; None where it begins with none."""
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] == "--color" else 1]
    return next((command.name for command in COMMANDS if rest and command.name == rest[0]), None)


def _before_terminator(arguments: Sequence[str]) -> list[str]:
    """The arguments up to `--`, which ends the options."""
    return list(arguments[: arguments.index("--")]) if "--" in arguments else list(arguments)


def _command_path(error: typer.TyperException) -> str:
    """The command that a usage error belongs to, such as `cilda distill`."""
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context is not None else "cilda"


def _sentence(error: typer.TyperException) -> str:
    """Typer's message in the middle of our line; a wrong value is named, which typer leaves out."""
    if isinstance(error, typer.BadParameter) and error.param is not None:
        from pydantic import ValidationError

        if isinstance(error.__cause__, ValidationError):
            wrong = error.__cause__.errors()[0]
            rule = wrong["msg"].removeprefix("Value error, ").replace("Input ", "it ", 1).partition(", unable")[0]
            rule = rule.removeprefix(f"{wrong['input']!r} is ").removesuffix(".")
            return f"{max(error.param.opts, key=len)} is {wrong['input']!r}: {rule}"
    message = " ".join(error.format_message().split()).removesuffix(".")
    return message[:1].lower() + message[1:]


def printable(text: str) -> str:
    """A text in one line, whatever does not print as its escape."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _say(what: str, todo: str, code: int) -> int:
    """One line what, one line what to do, on stderr. Names of files and columns in it cannot move the cursor."""
    lines = [f"cilda: {printable(what)}", *(f"       {printable(line)}" for line in todo.split("\n") if line)]
    print("\n".join(lines), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
