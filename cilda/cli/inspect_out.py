"""Where exported rewrites go: a file that is whole or not there, a pipe, or a terminal that they cannot move."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from cilda.cli.beforehand import refuse_taken


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Takes some."""


@contextmanager
def opened(path: Path | None) -> Iterator[Sink]:
    """What to write to: a new file, which appears when it is whole; a device or named pipe as it is; or stdout.

    Raises:
        CildaError: something lies there, or the disk refused.
    """
    if path is None:
        yield _Terminal() if sys.stdout.isatty() else sys.stdout.buffer
        sys.stdout.flush()
    elif path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as file:
            yield file
    else:
        from cilda.rewrites.table_file import new_file
        from cilda.runs.atomic import refusal

        refuse_taken(path, "--out")
        try:
            with new_file(path) as file:
                yield file
        except OSError as error:
            raise refusal(error, path, elsewhere="--out") from error


class _Terminal:
    """A person's terminal: what would not print but act stands as its escape. JSON stays JSON: it has such escapes."""

    def write(self, data: bytes, /) -> object:
        sys.stdout.write("\n".join(_escaped(line) for line in data.decode().split("\n")))
        return len(data)


def _escaped(line: str) -> str:
    return line if line.isprintable() else "".join(map(_visible, line))


def _visible(letter: str) -> str:
    # \u and four digits, which JSON reads as the letter; two of them where it has more.
    if letter.isprintable():
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
