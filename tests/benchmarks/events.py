"""What remembering a run costs: `python -m tests.benchmarks.events [--json]`."""

from __future__ import annotations

import argparse
import io
import json
import random
import tempfile
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from cilda.cli.progress import TerminalProgress
from cilda.runs.layout import create, create_new
from cilda.runs.store import list_runs, read_events
from cilda.runs.writer import Listener, RunWriter

TURNS_A_SECOND = 50
TURNS = 10_000
ROUNDS = 5
LINES_A_DAY = 24 * 3600 / 2 + 1600
KEYS = (
    "hard_label.real", "logit_kl.real", "logit_kl.soft", "critic.layer_contrast.soft", "total", "gradient_norm",
    "gradient_norm.hard_label.real", "gradient_norm.logit_kl.real", "gradient_norm.logit_kl.soft", "learning_rate",
    "texts_per_second", "seconds.data", "seconds.generator", "seconds.teacher", "seconds.student",
)  # fmt: skip


class TurnTime:
    """A clock on which each turn takes a fiftieth of a second, so that lines are as many as in a run of that speed."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def main() -> None:
    """Measures, and prints a table or, with --json, the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = {**writing(Path(folder)), **reading(Path(folder)), **listing(Path(folder) / "many")}
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:32} {value:12.4g}")


def writing(folder: Path) -> dict[str, float]:
    """What a turn's metrics and state cost: the call alone, with lines and files, with a listener that shows them."""
    call = best_of(lambda place: _turns(folder / f"call-{place}", seconds_a_turn=0.0))
    whole = best_of(lambda place: _turns(folder / f"plain-{place}"))
    with TerminalProgress(_nowhere(), plain=False) as progress:
        shown = best_of(lambda place: _turns(folder / f"shown-{place}", progress))
    segment = (folder / "plain-0" / "events" / "000001.jsonl").read_bytes()
    line_bytes = len(segment) / segment.count(b"\n")
    return {
        "metrics_each": len(KEYS),
        "call_microseconds": 1e6 * call / TURNS,
        "turn_microseconds": 1e6 * whole / TURNS,
        "event_cost_fraction": whole / TURNS * TURNS_A_SECOND,
        "shown_cost_fraction": shown / TURNS * TURNS_A_SECOND,
        "line_bytes": line_bytes,
        "megabytes_a_day": line_bytes * LINES_A_DAY / 1e6,
    }


def reading(folder: Path) -> dict[str, float]:
    """How fast a viewer takes in the events of a run."""
    events = folder / "plain-0" / "events"
    count = sum(1 for _ in read_events(events))
    seconds = best_of(lambda _: timed(lambda: deque(read_events(events), maxlen=0)))
    return {"read_microseconds_an_event": 1e6 * seconds / count}


def listing(folder: Path, runs: int = 1000) -> dict[str, float]:
    """How long a list of a thousand runs takes."""
    now = datetime.now(UTC)
    for _ in range(runs):
        with RunWriter(create_new(folder, task="sst2", student="6L", method="cilda", now=now)) as writer:
            writer.write_run({"config": dict.fromkeys(KEYS, 1.0)})
            writer.state("finished", turn=1, best=0.9)
    return {"list_1000_seconds": timed(lambda: list_runs(folder))}


def _turns(folder: Path, *listeners: Listener, seconds_a_turn: float = 1 / TURNS_A_SECOND) -> float:
    """Seconds that the writer takes for a run of many turns."""
    source = random.Random(0)
    values = [{key: source.random() for key in KEYS} for _ in range(100)]
    clock = TurnTime()
    with RunWriter(create(folder.parent, folder.name), listeners=listeners, clock=clock, stopwatch=clock) as writer:
        writer.event("stage", stage="student", total_turns=TURNS)

        def play() -> None:
            for turn in range(TURNS):
                clock.seconds += seconds_a_turn
                writer.metrics("student", "student", turn, turn / 1000, values[turn % len(values)], step=turn)
                writer.state("running", turn=turn, total_turns=TURNS)

        return timed(play)


def _nowhere() -> Console:
    """A terminal of 80 columns that nobody looks at."""
    return Console(file=io.StringIO(), force_terminal=True, width=80, height=24)


def best_of(work: Callable[[int], float]) -> float:
    """The least of a few times: what the work costs where nothing else disturbs it."""
    return min(work(place) for place in range(ROUNDS))


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
