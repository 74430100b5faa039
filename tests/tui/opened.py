"""The screen on a run, without the command line: for terminals under test, at a time of their own.

`python -m tests.tui.opened RUN_FOLDER [--now SECONDS] [--option value …]`; without a run folder, `--runs-dir`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from cilda.runs.control import What, ask
from cilda.runs.layout import RunFolder
from cilda_tui.app import Dashboard
from cilda_tui.options import Options
from cilda_tui.wire import Meter, Wire


def steer(folder: RunFolder, what: str, text: str) -> str:
    """Asks, as the command does."""
    wanted: What = what  # type: ignore[assignment]
    ask(folder, wanted, text=text)
    return f"asked: {what}"


class Steady(Meter):
    """A line that is never slow and seems to carry the same all the time, so that screens can be compared."""

    def rate(self) -> float:
        """1.2 kB/s."""
        return 1200.0

    def stuck(self) -> bool:
        """Never."""
        return False

    def slow(self) -> bool:
        """Never."""
        return False


class Pictured(Dashboard):
    """A screen that depends on nothing but the run."""

    def connect_wire(self, wire: Wire) -> None:
        """Takes the line, and another meter."""
        super().connect_wire(wire)
        wire.meter = Steady()


def main() -> None:
    """Opens it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--runs-dir", type=Path)
    parser.add_argument("--now", type=float)
    parser.add_argument("--hz", type=float, default=10.0)
    parser.add_argument("--theme")
    parser.add_argument("--exports", type=Path, default=Path())
    for flag in ("ascii", "colourless", "read-only", "stock", "no-mouse", "pictured"):
        parser.add_argument(f"--{flag}", action="store_true")
    given = parser.parse_args()
    folder = None if given.folder is None else RunFolder(given.folder)
    options = Options(
        runs_dir=given.runs_dir or (given.folder.parent if given.folder else Path("runs")),
        folder=folder,
        steer=steer,
        why_read_only=lambda _: "it was opened with --read-only" if given.read_only else "",
        ascii=given.ascii,
        colourless=given.colourless,
        mouse=not given.no_mouse,
        hz=given.hz,
        theme=given.theme,
        exports=given.exports,
        stock=given.stock,
        clock=time.time if given.now is None else lambda: given.now,
        strict=True,
    )
    (Pictured if given.pictured else Dashboard)(options).run(mouse=options.mouse)


if __name__ == "__main__":
    main()
