"""What the dashboard costs: `python -m tests.benchmarks.dashboard [--json] [--events N] [--growth-minutes M]`.

A real pseudo-terminal counts the bytes; the processor's time and memory are the kernel's own figures of the viewer.

- `bytes_per_second_120x40`, `cpu_percent_120x40`: four live charts and all panes beside them, a run that writes two
  lines of metrics a second, two frames a second; `bytes_per_second_80x24` the same on a small screen
- `idle_bytes_per_second`: a run that has ended, after its first seconds
- `first_paint_seconds`: from the command to a chart, of a run with so many events (`--events`, by default 10 million);
  `memory_mb`: the most that its viewer then held within half a minute
- `key_milliseconds`, `key_milliseconds_worst`: from a key to its answer on the line, the median and the worst of fifty,
  while 1,000 events a second arrive
- `growth_mb`: with `--growth-minutes`, what a viewer grew by at twenty frames a second after its first minute
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cilda.runs.layout import RunFolder
from tests.tui.made_bulk import bulk
from tests.tui.made_run import MadeRun, finished, grow, running
from tests.tui.terminal import Terminal, terminal

SECONDS = 30.0
TURNS, TURN_SECONDS = 2000, 0.15
KEYS = 50
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measures, and prints a table or, with --json, the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.dashboard", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--events", type=int, default=10_000_000, help="of the long history")
    parser.add_argument("--growth-minutes", type=float, default=0.0, help="also watch the memory for so long")
    given = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        # Nothing of this user's own is read or written.
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        figures |= live(Path(folder) / "large", 120, 40)
        small = live(Path(folder) / "small", 80, 24)
        figures["bytes_per_second_80x24"] = small["bytes_per_second_80x24"]
        figures["idle_bytes_per_second"] = idle(Path(folder) / "idle")
        figures |= long_history(Path(folder) / "long", given.events)
        figures |= keys(Path(folder) / "keys")
        if given.growth_minutes:
            figures["growth_mb"] = growth(Path(folder) / "growth", given.growth_minutes)
    shown = {name: round(value, 3) for name, value in figures.items()}
    if given.json:
        print(json.dumps(shown))
    else:
        print("\n".join(f"{name:<28}{value:>12,.3f}" for name, value in shown.items()))


def live(runs_dir: Path, width: int, height: int) -> dict[str, float]:
    """Bytes a second and the processor's share, on a screen of this size."""
    with living(runs_dir) as made, viewer(made.folder, width, height) as shown, going_on(made):
        shown.count(8)
        before = processor_seconds(shown)
        began = time.monotonic()
        sent = shown.count(SECONDS)
        passed = time.monotonic() - began
        share = 100 * (processor_seconds(shown) - before) / passed
    return {f"bytes_per_second_{width}x{height}": sent / passed, f"cpu_percent_{width}x{height}": share}


def idle(runs_dir: Path) -> float:
    """Bytes a second of a run in which nothing happens any more."""
    runs_dir.mkdir(parents=True)
    with finished(runs_dir) as made, viewer(made.folder, 120, 40, status="FINISHED") as shown:
        shown.count(10)
        return shown.count(SECONDS) / SECONDS


def long_history(runs_dir: Path, events: int) -> dict[str, float]:
    """How soon a run with so many events is seen, and what its viewer holds."""
    with living(runs_dir) as made:
        bulk(made.folder.events, events, began=time.time() - events * 0.05)
        began = time.monotonic()
        with viewer(made.folder, 120, 40, until="student losses") as shown:
            seconds = time.monotonic() - began
            shown.count(SECONDS)
            return {"first_paint_seconds": seconds, "memory_mb": most_memory_mb(shown)}


def keys(runs_dir: Path) -> dict[str, float]:
    """How long keys wait for their answer while very much arrives."""
    with living(runs_dir) as made, viewer(made.folder, 120, 40) as shown, flooding(made.folder, 1000):
        shown.count(3)
        waited = []
        for place in range(KEYS):
            mark = b"esc closes" if place % 2 == 0 else b"augmented texts"
            shown.count(0.1)
            seen = len(shown.raw)
            began = time.perf_counter()
            shown.press("?")
            while mark not in shown.raw[seen:]:
                shown.read(0.001)
                assert time.perf_counter() - began < 5, "no answer to a key"
            waited.append(1000 * (time.perf_counter() - began))
    return {"key_milliseconds": statistics.median(waited), "key_milliseconds_worst": max(waited)}


def growth(runs_dir: Path, minutes: float) -> float:
    """By how much a viewer's memory grows at twenty frames a second, its first minute left out."""
    with living(runs_dir) as made, viewer(made.folder, 120, 40, "--hz", "20") as shown, flooding(made.folder, 20):
        shown.count(min(60.0, minutes * 30))
        before = memory_mb(shown)
        shown.count(minutes * 60)
        return memory_mb(shown) - before


@contextmanager
def living(runs_dir: Path) -> Iterator[MadeRun]:
    """A run of five minutes that is alive now."""
    runs_dir.mkdir(parents=True)
    with running(runs_dir, began=time.time() - TURNS * TURN_SECONDS - 4, turns=TURNS) as made:
        yield made


@contextmanager
def going_on(made: MadeRun) -> Iterator[None]:
    """While open, the run goes on as fast as the clock."""
    over = threading.Event()
    began, its_own = time.monotonic(), made.now

    def play() -> None:
        while not over.wait(0.1):
            turns = int((time.monotonic() - began - (made.now - its_own)) / TURN_SECONDS)
            if turns > 0:
                grow(made, turns)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def flooding(folder: RunFolder, per_second: int) -> Iterator[None]:
    """While open, so many metrics a second are appended to the run's events, in twenty pieces a second."""
    over = threading.Event()

    def write() -> None:
        with tempfile.TemporaryDirectory() as kept:
            bulk(Path(kept), 100_000, began=time.time())
            lines = [line for path in sorted(Path(kept).iterdir()) for line in path.read_bytes().splitlines(True)]
        place, piece, newest = 0, max(1, per_second // 20), max(folder.events.glob("*.jsonl"))
        while not over.wait(piece / per_second):
            with newest.open("ab") as file:
                file.write(b"".join(lines[place : place + piece]))
            place = (place + piece) % (len(lines) - piece)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def viewer(
    folder: RunFolder, width: int, height: int, *options: str, status: str = "RUNNING", until: str = ""
) -> Iterator[Terminal]:
    """`cilda attach` on a terminal of this size, as soon as it shows the run; what it sends is only counted then."""
    command = (sys.executable, "-m", "cilda.cli.main", "attach", str(folder.path), *options)
    with terminal(command=command, width=width, height=height) as shown:
        shown.until(lambda screen: status in screen and until in screen)
        shown.draws = False
        yield shown


def processor_seconds(shown: Terminal) -> float:
    """What the viewer has computed so far."""
    fields = Path(f"/proc/{shown.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(shown: Terminal) -> float:
    """What the viewer holds now."""
    return _status_mb(shown, "VmRSS")


def most_memory_mb(shown: Terminal) -> float:
    """The most that the viewer has held."""
    return _status_mb(shown, "VmHWM")


def _status_mb(shown: Terminal, field: str) -> float:
    lines = Path(f"/proc/{shown.process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


if __name__ == "__main__":
    main()
