"""Rewrites read back from the lines that an index remembers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cilda.errors import CildaError
from cilda.rewrites.index_source import rewrite_in
from cilda.rewrites.rewrite import Rewrite
from cilda.runs.segments import segment_path

Line = tuple[int, int, int]
"""A segment's number, where the line begins in it, and how many bytes it has."""


def read_lines(folder: Path, lines: Sequence[Line]) -> list[Rewrite]:
    """The rewrites of these lines, in their order; each segment is opened once.

    Raises:
        CildaError: a line cannot be read, or holds no rewrite any more.
    """
    found: dict[Line, Rewrite] = {}
    for segment in {line[0] for line in lines}:
        path = segment_path(folder, segment)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = {line: os.pread(descriptor, line[2], line[1]) for line in lines if line[0] == segment}
            finally:
                os.close(descriptor)
        except OSError as error:
            raise CildaError(f"cannot read {path}: {error.strerror}", "check that the run still lies there") from error
        for line, content in data.items():
            rewrite = rewrite_in(content)
            if rewrite is None:
                raise CildaError(f"{path} has changed since it was indexed", "open the run anew")
            found[line] = rewrite
    return [found[line] for line in lines]
