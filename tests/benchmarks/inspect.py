"""What browsing rewrites costs: `python -m tests.benchmarks.inspect [--json] [--rewrites N]`.

A run with so many made rewrites, by default a million (1.7 GB); making them takes some minutes and counts for nothing.

- `open_seconds`: from `cilda inspect RUN` on a pseudo-terminal of 120×40 to a list of rewrites, without any index;
  `open_again_seconds` with a whole one
- `index_seconds`: until the whole run is indexed, in the background of that screen
- `page_ms`, `page_ms_worst`: on that screen from a key (page down, to the last, to the first, in turn) to the first of
  its answer, with the whole index: the median and the worst of thirty
- `filter_ms`, `sort_ms`: of a number, over all rewrites, as the browser asks the index: medians of five
- `search_first_hit_ms`, `search_whole_ms`: a phrase in all texts
- `search_rare_ms`: the whole search for a phrase that nowhere occurs
- `memory_mb`: the most that the browser's process held, indexing, paging, sorting by four columns and searching
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from cilda.rewrites.index import Index
from cilda.rewrites.query import parse
from cilda.rewrites.query_order import order_of, sorted_places
from cilda.runs.layout import RunFolder
from tests.benchmarks.dashboard import most_memory_mb
from tests.rewrites.made_rewrites import LABELS, made_run
from tests.tui.terminal import Terminal, terminal

PAGES = 30
ROUNDS = 5
SORTS = 4
PATIENCE_SECONDS = 900.0


def main() -> None:
    """Measures, and prints a table or, with --json, the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.inspect", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rewrites", type=int, default=1_000_000, help="how many there are")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # Nothing of this user's own is read or written.
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            os.environ[name] = f"{folder}/{name}"
        run = made_run(Path(folder) / "runs", given.rewrites)
        figures = {**screen(run, given.rewrites), **index(run)}
    shown = {name: round(value, 3) for name, value in figures.items()}
    if given.json:
        print(json.dumps(shown))
    else:
        print("\n".join(f"{name:<28}{value:>12,.3f}" for name, value in shown.items()))


def screen(run: RunFolder, count: int) -> dict[str, float]:
    """The browser as a person meets it."""
    with browser(run) as shown:
        open_seconds = shown.until(listed)
        began = time.monotonic()
        shown.until(lambda text: f"{count:,}" in text and "%" not in text.splitlines()[0], PATIENCE_SECONDS)
        index_seconds = open_seconds + time.monotonic() - began
        shown.settled()
        pages = [answered(shown, ("pagedown", "end", "home")[number % 3]) for number in range(PAGES)]
        for _ in range(SORTS):
            # By the next column, then the other way round.
            shown.press("s")
            shown.settled()
            shown.press("O")
            shown.settled()
        shown.press("/", *"not good")
        shown.settled()
        memory = most_memory_mb(shown)
    with browser(run) as shown:
        again = shown.until(listed)
    return {
        "open_seconds": open_seconds,
        "open_again_seconds": again,
        "index_seconds": index_seconds,
        "page_ms": 1e3 * statistics.median(pages),
        "page_ms_worst": 1e3 * max(pages),
        "memory_mb": memory,
    }


def browser(run: RunFolder) -> AbstractContextManager[Terminal]:
    """`cilda inspect` on a terminal."""
    command = (sys.executable, "-m", "cilda.cli.main", "inspect", str(run.path))
    return terminal(command=command, width=120, height=40)


def listed(text: str) -> bool:
    """Whether rows stand on the screen."""
    return sum("train:" in line for line in text.splitlines()) > 5


def answered(shown: Terminal, key: str) -> float:
    """Seconds from a key to the first bytes of its answer; a moment of quiet before and after."""
    began = time.perf_counter()
    shown.press(key)
    while not shown.read(0.001):
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TimeoutError(key)
    seconds = time.perf_counter() - began
    shown.settled(0.1)
    return seconds


def index(run: RunFolder) -> dict[str, float]:
    """The index as the browser asks it."""
    with Index.open(run.augmentations) as whole:
        while not whole.catch_up(1.0):
            pass
        order = order_of("-kl")
        number = parse("kl>1 and step>5000 flip", LABELS)
        places = parse("kl>0", LABELS).mask(whole).nonzero()[0]
        return {
            "filter_ms": median_ms(lambda: number.mask(whole)),
            "sort_ms": median_ms(lambda: sorted_places(whole, places, order)),
            "search_first_hit_ms": median_ms(lambda: next(whole.containing("not good"))),
            "search_whole_ms": median_ms(lambda: list(whole.containing("not good"))),
            "search_rare_ms": median_ms(lambda: list(whole.containing("colourless green ideas"))),
        }


def median_ms(work: Callable[[], object]) -> float:
    """The median of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return 1e3 * statistics.median(seconds)


if __name__ == "__main__":
    main()
