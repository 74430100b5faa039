"""What the terminal can show, as the environment tells it."""

from __future__ import annotations

import codecs
import locale
import os
import shutil
import sys
from collections.abc import Mapping

from cilda.cli.checks.check import Check

_LEAST_COLUMNS, _LEAST_LINES = 60, 16


def encoding(environment: Mapping[str, str], stdout_encoding: str | None) -> Check:
    """Whether any text can be printed."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    said = next((f"{name}={environment[name]}" for name in names if environment.get(name)), "no LANG, no LC_ALL")
    found = f"stdout is {stdout_encoding or 'of no known encoding'}; {said}"
    todo = "export LANG=C.UTF-8 (or PYTHONUTF8=1)"
    try:
        complete = codecs.lookup(stdout_encoding or "ascii").name == "utf-8"
    except LookupError:
        complete = False
    if not complete:
        return Check("encoding", "warning", f"{found}: letters outside of it cannot be shown", todo)
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        return Check("encoding", "warning", f"{found}, a locale that is not installed here", todo)
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return Check("encoding", "ok", found)


def terminal(environment: Mapping[str, str]) -> Check:
    """Which terminal, how large, and which streams lead to it."""
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    there = [name for name, stream in streams.items() if stream is not None and stream.isatty()]
    name = environment.get("TERM", "")
    if not there:
        return Check("terminal", "ok", f"none: no stream leads to one; TERM={name or '(not set)'}")
    columns, lines = shutil.get_terminal_size()
    found = f"{name or 'TERM is not set'}, {columns}×{lines}, {', '.join(there)}"
    if name in ("", "dumb", "unknown"):
        return Check("terminal", "warning", f"{found}: plain lines only", "export TERM=xterm-256color, if it is one")
    if columns < _LEAST_COLUMNS or lines < _LEAST_LINES:
        return Check("terminal", "warning", f"{found}: little room", f"{_LEAST_COLUMNS}×{_LEAST_LINES} is the least")
    return Check("terminal", "ok", found)


def color(environment: Mapping[str, str], *, is_terminal: bool) -> Check:
    """Whether output is coloured, by what, and in how many colours."""
    name, more = environment.get("TERM", ""), environment.get("COLORTERM", "")
    if more in ("truecolor", "24bit"):
        many = f"16 million colours (COLORTERM={more})"
    elif "256color" in name:
        many = f"256 colours (TERM={name})"
    elif name in ("", "dumb", "unknown"):
        many = "a terminal without colours"
    else:
        many = f"16 colours (TERM={name})"
    if environment.get("NO_COLOR"):
        return Check("colour", "ok", f"off, as NO_COLOR says; {many}")
    if environment.get("FORCE_COLOR"):
        return Check("colour", "ok", f"on, as FORCE_COLOR says; {many}")
    return Check("colour", "ok", f"{'on' if is_terminal else 'off: stdout is no terminal'}; {many}")


def multiplexer(environment: Mapping[str, str]) -> Check:
    """Whether this is inside of tmux or screen, else whether one is installed. No run needs them."""
    inside = [name for name, variable in (("tmux", "TMUX"), ("screen", "STY")) if environment.get(variable)]
    if inside:
        return Check("multiplexer", "ok", f"inside {' inside '.join(inside)}")
    there = [name for name in ("tmux", "screen") if shutil.which(name, path=environment.get("PATH", os.defpath))]
    return Check("multiplexer", "ok", f"not inside one; installed: {' and '.join(there) or 'neither'}; none is needed")


def ssh(environment: Mapping[str, str]) -> Check:
    """Whether the terminal is reached over SSH."""
    connection = environment.get("SSH_CONNECTION") or environment.get("SSH_CLIENT")
    if connection:
        return Check("ssh", "ok", f"from {connection.split(' ', maxsplit=1)[0]}; runs go on when the connection breaks")
    return Check("ssh", "ok", "no")
