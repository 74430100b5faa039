"""What the command that opens the screen hands to it: where the runs are, how to draw, and what may be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cilda.runs.layout import RunFolder

Steer = Callable[[RunFolder, str, str], str]
"""Asks something of a run: `(run, what, a note's text)`; gives a line that says that it was asked.

Raises:
    CildaError: it cannot be asked.
"""

DEFAULT_HZ = 2.0
MOST_HZ = 20.0


def _refuse(folder: RunFolder, what: str, text: str) -> str:  # noqa: ARG001
    raise AssertionError("a screen without a way to steer must be read-only")


def _only_looking(folder: RunFolder) -> str:  # noqa: ARG001
    return "this screen was opened to look at runs"


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How a screen is drawn, on what terminal, and where its files go; each may be left out."""

    ascii: bool = False
    colourless: bool = False
    mouse: bool = True
    hz: float = DEFAULT_HZ
    """Most frames a second."""
    theme: str | None = None
    """None: the one that was chosen last."""
    exports: Path = field(default_factory=Path.cwd)
    """The folder that files are exported to."""
    remembered: Path | None = None
    """The file that holds what was chosen last; None: nothing is remembered."""
    strict: bool = False
    """Whether an error while drawing ends the screen; else it is told in the screen's place."""
    stock: bool = False
    """Whether all cells go through Textual, as they do where its way to the terminal is another one."""


@dataclass(frozen=True, kw_only=True)
class Options(Looks):
    """Everything that the dashboard is told when it is opened; each may be left out but for where runs are."""

    runs_dir: Path
    folder: RunFolder | None = None
    """The run to show; None: the list of runs."""
    steer: Steer = _refuse
    why_read_only: Callable[[RunFolder], str] = _only_looking
    """Why a run cannot be steered from here; an empty text where it can."""
    bell: bool | None = None
    clock: Callable[[], float] = time.time
    """Unix seconds; another one shows a run as it was then."""
    marks: Path | None = None
    """The folder of what was marked and noted among rewrites; None: that is forgotten when the screen is left."""
