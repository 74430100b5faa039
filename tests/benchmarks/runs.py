"""What a run in the background costs: `python -m tests.benchmarks.runs [--json]`.

- `event_cost_fraction`: share of a turn that goes into its events, at 50 turns a second
- `supervisor_mb`: the most memory that a supervisor held (its resident set), after a few seconds of readings
- `ps_1000_seconds`: `cilda ps` over 1,000 runs, a new process, the median of some
- `detach_seconds`: from `cilda distill --detach` to the run's id, the median of some; `detach_67000_seconds` the same
  with as many rows as SST-2 has
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cilda.cli.description import describe_run
from cilda.config_sources import resolve
from cilda.runs.layout import RunFolder, create, create_new
from cilda.runs.locks import Lock
from cilda.runs.writer import RunWriter
from tests.benchmarks.events import writing
from tests.storm import job, kill, until

CILDA = str(Path(sys.executable).with_name("cilda"))
REPEATS = 7
ROWS = 67_000


def main() -> None:
    """Measures, and prints a table or, with --json, the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.runs", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = {
            "event_cost_fraction": writing(folder)["event_cost_fraction"],
            **supervisor(folder),
            "ps_1000_seconds": listing(folder / "many"),
            "detach_seconds": detaching(folder / "few", rows=1000),
            "detach_67000_seconds": detaching(folder / "large", rows=ROWS),
        }
    if given.json:
        print(json.dumps(figures))
        return
    for key, value in figures.items():
        print(f"{key:24} {value:10.4g}")


def supervisor(folder: Path) -> dict[str, float]:
    """A supervisor's memory while it watches a sleeping trainer: resident at most, and its own share of it."""
    run = create(folder, "supervised")
    locks = [Lock.take(path, attempt=1) for path in (run.supervisor_lock, run.trainer_lock)]
    descriptors = [lock.descriptor for lock in locks]
    arguments = [str(run.path), "1", *map(str, descriptors), "--", "sleep", "6"]
    process = subprocess.Popen([sys.executable, "-m", "cilda.runs.supervisor", *arguments], pass_fds=descriptors)
    for lock in locks:
        lock.release()
    until(lambda: any(run.system.glob("*.jsonl")))
    time.sleep(3.0)
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    process.wait()
    return {
        "supervisor_mb": _kilobytes(status, "VmHWM:") / 1024,
        "supervisor_private_mb": sum(_kilobytes(rollup, key) for key in ("Private_Clean:", "Private_Dirty:")) / 1024,
    }


def listing(folder: Path, runs: int = 1000) -> float:
    """Seconds of `cilda ps` over so many runs, one in ten of which nobody ended."""
    config, origins = resolve([])
    described = describe_run(config, origins, ["cilda", "distill"], job="distill")
    now = datetime.now(UTC)
    for number in range(runs):
        run = create_new(folder, task="sst2", student="6L", method="cilda", now=now)
        for path in (run.supervisor_lock, run.trainer_lock):
            Lock.take(path, attempt=1).release()
        with RunWriter(run) as writer:
            writer.write_run(described)
            writer.metrics("student", "student", 1, 0.1, {"total": 1.0})
            writer.state("running" if number % 10 == 0 else "finished", turn=1, total_turns=1, best=0.9)
        if number % 10:
            run.exit_json.write_text('{"v":1,"attempt":1,"code":0,"signal":null}', encoding="ascii")
    return _median_seconds([CILDA, "ps", "--runs-dir", str(folder)])


def detaching(folder: Path, *, rows: int) -> float:
    """Seconds from the command to the id of a run that is then ended."""
    folder.mkdir()
    command = [CILDA, "distill", *job(folder, rows=rows), "--epochs", "100000", "--runs-dir", str(folder / "runs")]
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - began)
        # All of it, and before the next one: what lives on would slow down all that is measured later.
        kill(RunFolder(folder / "runs" / done.stdout.strip()), "supervisor", "trainer")
    return statistics.median(seconds)


def _median_seconds(command: list[str]) -> float:
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, "NO_COLOR": "1"})
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _kilobytes(text: str, key: str) -> float:
    return float(next(line for line in text.splitlines() if line.startswith(key)).split()[1])


if __name__ == "__main__":
    main()
