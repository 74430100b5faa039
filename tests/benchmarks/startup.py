"""How long a person waits for `cilda --help` and the lists: `python -m tests.benchmarks.startup [--json]`.

Each command runs in a fresh interpreter, as in a shell. Told are the median and the least of 20, beside Python alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 20
CILDA = str(Path(sys.executable).with_name("cilda"))
COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "help": [CILDA, "--help"],
    "tasks": [CILDA, "tasks"],
    "methods": [CILDA, "methods"],
    "distill_help": [CILDA, "distill", "--help"],
}


def measure(command: list[str], repeats: int) -> list[float]:
    """Seconds of each run."""
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds.append(time.perf_counter() - begin)
    return seconds


def main() -> None:
    """Prints a table, or JSON with the medians and minima in seconds."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.startup")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    given = parser.parse_args()
    results = {}
    for name, command in COMMANDS.items():
        seconds = measure(command, given.repeats)
        results[name] = {"median_seconds": statistics.median(seconds), "least_seconds": min(seconds)}
    if given.json:
        print(json.dumps(results, indent=2))
        return
    for name, result in results.items():
        print(f"{name:14} median {result['median_seconds']:.3f} s   least {result['least_seconds']:.3f} s")


if __name__ == "__main__":
    main()
