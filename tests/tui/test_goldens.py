"""The screen of every situation as plain text, at three sizes, as a person sees it on a real terminal.

After a change that is wanted, write the pictures anew and read them in the diff:

    GOLDENS=write pytest tests/tui/test_goldens.py

They are written from screens opened at their size, and compared with screens that came to it from another one.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tui.made_run import MADE, MadeRun, several
from tests.tui.terminal import Terminal, terminal

OPENED = (sys.executable, "-m", "tests.tui.opened")
GOLDENS = Path(__file__).parent / "goldens"
SIZES = ((80, 24), (120, 40), (200, 60))
WRITE = os.environ.get("GOLDENS") == "write"
PATIENCE_SECONDS = 15.0

SITUATIONS = (
    "waiting", "running", "generator phase", "paused", "stalled", "failed", "finished", "not a number", "no gpu",
    "eight gpus",
)  # fmt: skip
OVERLAID = "two runs overlaid"


@dataclass(frozen=True)
class Scene:
    """A run to look at, and the keys that lead to the picture."""

    made: MadeRun
    keys: Sequence[str] = ()


@contextmanager
def scene(situation: str, runs_dir: Path) -> Iterator[Scene]:
    """The run of a situation, alive as long as it is looked at."""
    with ExitStack() as stack:
        if situation == OVERLAID:
            runs = [stack.enter_context(made) for made in several(runs_dir)]
            # The list is newest first: the bar goes to the oldest, then up to the second, which is laid over.
            yield Scene(runs[-1], ("4", "G", "up", "o", "1"))
        else:
            yield Scene(stack.enter_context(MADE[situation](runs_dir)))


@contextmanager
def opened(given: Scene, size: tuple[int, int]) -> Iterator[Terminal]:
    """The screen on it, all that there is to read read, at rest."""
    made, (width, height) = given.made, size
    arguments = (str(made.folder.path), "--now", str(made.now), "--pictured")
    with terminal(*arguments, command=OPENED, width=width, height=height) as shown:
        shown.until(made.status.shown.upper())
        shown.settled()
        for key in given.keys:
            shown.press(key)
            shown.settled(0.25)
        # What rang while the run was read is no part of the picture; the next key takes it away.
        shown.press("1")
        shown.settled()
        yield shown


def golden(situation: str, size: tuple[int, int]) -> Path:
    """The file of a picture."""
    return GOLDENS / f"{situation.replace(' ', '-')}-{size[0]}x{size[1]}.txt"


def compare(shown: Terminal, path: Path) -> None:
    """Waits until the screen is the picture; shows where they differ if that never comes."""
    wanted = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        shown.until(lambda screen: screen + "\n" == wanted, PATIENCE_SECONDS)
        shown.read(0.1)
    except AssertionError:
        pass
    seen = shown.text() + "\n"
    if seen != wanted:
        lines = difflib.unified_diff(wanted.splitlines(), seen.splitlines(), path.name, "the screen", lineterm="", n=2)
        pytest.fail(
            "\n".join([*lines, "if that is wanted: GOLDENS=write pytest tests/tui/test_goldens.py"]), pytrace=False
        )


@pytest.mark.parametrize("situation", [*SITUATIONS, OVERLAID])
def test_the_screen_is_as_it_was_reviewed_and_a_change_of_size_leaves_nothing_behind(
    situation: str, tmp_path: Path
) -> None:
    with scene(situation, tmp_path) as given:
        if WRITE:
            for size in SIZES:
                with opened(given, size) as shown:
                    shown.settled(1.0)
                    golden(situation, size).write_text(shown.text() + "\n", encoding="utf-8")
        # Each size is the first one for some situations, and each is come back to.
        first = [*SITUATIONS, OVERLAID].index(situation) % len(SIZES)
        sizes = [*SIZES[first:], *SIZES[: first + 1]]
        with opened(given, sizes[0]) as shown:
            for size in sizes:
                shown.resize(*size)
                compare(shown, golden(situation, size))


def test_there_is_a_picture_for_each_and_none_too_many() -> None:
    wanted = {golden(situation, size).name for situation in [*SITUATIONS, OVERLAID] for size in SIZES}
    assert {path.name for path in GOLDENS.iterdir()} == wanted


@pytest.mark.parametrize("path", sorted(GOLDENS.glob("*.txt")), ids=lambda path: path.stem)
def test_a_picture_is_as_large_as_its_name_says(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    width, height = map(int, path.stem.rpartition("-")[2].split("x"))
    assert len(lines) == height
    assert max(map(len, lines)) <= width
