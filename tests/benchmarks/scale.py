"""What several processes, and a GPU, make of our turns: `python -m tests.benchmarks.scale [--json]`.

Processes: two, on this machine's processor (gloo), share every batch. `two_process_max_difference` is how far the
losses, gradients and rewrites of all methods lie from those of one process, in parts of the larger number where that
exceeds 1. `two_process_speedup` compares seconds a turn of CILDA's student on 32 texts of 128 tokens, a thread a
process: one process, then two, then one again. `word_milliseconds` is what a turn waits for the main process's word,
`sum_milliseconds` what the sum of the student's gradients takes.

Device: turns of models as large as RoBERTa-large (teacher) and DistilRoBERTa (student, generator), random weights, 32
texts a turn at the lengths of SST-2 and RTE and at 128, on a GPU: the dense formulation in float32, as it was
published, and in bfloat16, and ours in bfloat16, with the teacher asked and with its answers kept. Sides take turns
within a round. Told are milliseconds a turn, texts a second, peak memory, and the share of what a large matrix product
reaches. Without a GPU there is no such table: the processor's is that of `tests.benchmarks.turns`. `--smoke` plays it
with small models on the processor, all in float32, to see that it runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from cilda.distill.batch import Batch
from cilda.distill.clock import Clock
from cilda.distill.data import TokenizedRows, by_length
from cilda.distill.dry_turn import wait_for
from cilda.distill.encoder import Encoder
from cilda.distill.memory import measured
from cilda.distill.speed import counted, product_rate
from cilda.distill.world import join, part, world
from tests.benchmarks.dense import DenseTurns
from tests.benchmarks.players import (
    BATCH_SIZE,
    LONGEST,
    MASK,
    Shapes,
    make_contrast,
    make_models,
    make_rows,
    our_turns,
    sst2_lengths,
)
from tests.benchmarks.teacher_cache import ask
from tests.distill.shared_turns import CASES, difference, found
from tests.processes import together

TURNS = 8
WORDS = 200
BATCHES = 4
ROUNDS = 5
LARGE = Shapes(teacher=(24, 1024, 16), student=(6, 768, 12), generator=(6, 768, 12), vocabulary=50_265)
SMALL = Shapes(teacher=(2, 64, 4), student=(1, 64, 4), generator=(1, 64, 4))
# RTE's 2,490 training pairs by tokens, cut at 128: the 0th, 2.5th, … 100th percentile.
RTE_LENGTHS = (
    14, 26, 30, 32, 34, 36, 38, 39, 41, 42, 43, 45, 46, 47, 49, 50, 51, 53, 54, 55, 57, 59, 60, 62, 64, 66, 69, 72, 76,
    81, 87, 93, 101, 110, 119, 128, 128, 128, 128, 128, 128,
)  # fmt: skip


def processes() -> dict[str, float]:
    """The figures of two processes beside those of one."""
    with tempfile.TemporaryDirectory() as folder:
        together(["-m", "tests.distill.shared_turns", folder])
        shared = load_file(Path(folder) / "0.safetensors")
    alone = {f"{name}: {key}": value for name, case in CASES.items() for key, value in found(case).items()}
    before, two, after = (_timed(number) for number in (1, 2, 1))
    one = (before["turn"] + after["turn"]) / 2
    return {
        "two_process_max_difference": difference(alone, shared),
        "two_process_speedup": one / two["turn"],
        "one_process_turn_milliseconds": 1e3 * one,
        "two_process_turn_milliseconds": 1e3 * two["turn"],
        "word_milliseconds": 1e3 * two["word"],
        "sum_milliseconds": 1e3 * two["sum"],
    }


def _timed(number: int) -> dict[str, float]:
    """What the main one of so many processes measured."""
    printed = together(["-m", "tests.benchmarks.scale", "--one-of-them"], processes=number, timeout_seconds=600)
    told: dict[str, float] = json.loads(printed[0][0])
    return told


def one_of_them() -> dict[str, float]:
    """Seconds of a student's turn, of a word from the main process, and of a sum as large as the student's gradient."""
    torch.set_num_threads(1)
    join(cpu=True)
    turns = our_turns(make_models(), Clock())
    batch = make_rows([LONGEST] * BATCH_SIZE).batch(list(range(BATCH_SIZE)))
    weights = [torch.ones_like(weight) for weight in turns.players.student.parameters()]
    told = {
        "turn": _least(lambda: turns.student(batch), TURNS),
        "word": statistics.median(_seconds(lambda: world().told(lambda: None)) for _ in range(WORDS)),
        "sum": _least(lambda: world().add_up(weights), TURNS),
    }
    part()
    return told


def _least(call: Callable[[], object], times: int) -> float:
    return min(_seconds(call) for _ in range(times))


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


@dataclass
class Side:
    """One way to play the turns."""

    name: str
    play: dict[str, Callable[[Batch], object]]
    dense: bool

    def batches(self, rows: TokenizedRows, device: torch.device) -> list[Batch]:
        """The texts as this side reads them; the dense one pads all of them to the longest that there may be."""
        order = by_length(rows.lengths, BATCH_SIZE)
        return [rows.batch(places, length=LONGEST if self.dense else None).to(device) for places in order]


def device_table(device: torch.device, shapes: Shapes, rounds: int, *, smoke: bool) -> list[dict[str, Any]]:
    """One row for each kind of text, player and side."""
    rate = product_rate(device, torch.float32 if smoke else torch.bfloat16)
    full = [LONGEST] * BATCH_SIZE * (1 if smoke else BATCHES)
    rte = np.quantile(RTE_LENGTHS, (np.arange(len(full)) + 0.5) / len(full)).astype(int).tolist()
    rows: list[dict[str, Any]] = []
    for texts, lengths in {"sst2": sst2_lengths(len(full)), "rte": rte, "128": full}.items():
        tokens = make_rows(lengths)
        with tempfile.TemporaryDirectory() as folder:
            for player in ("student", "generator"):
                sides = _sides(device, shapes, tokens, Path(folder), smoke=smoke)
                rows += _raced(sides, tokens, device, player, texts, rounds, rate)
    return rows


def _sides(device: torch.device, shapes: Shapes, rows: TokenizedRows, folder: Path, *, smoke: bool) -> list[Side]:
    models = make_models(shapes)
    for model in (models.teacher, models.student, models.generator):
        model.to(device)  # type: ignore[arg-type]
    sides = []
    for name, bfloat16 in (("dense float32", False), ("dense bfloat16", True)):
        dense = DenseTurns(models.copy(), make_contrast(models).to(device), MASK, bfloat16=bfloat16 and not smoke)
        sides.append(Side(name, {"student": dense.student, "generator": dense.generator}, dense=True))
    for name in ("ours bfloat16", "ours bfloat16, kept"):
        ours = our_turns(models.copy(), Clock(), bfloat16=not smoke)
        if name.endswith("kept"):
            answers, _ = ask(Encoder(models.teacher).eval(), rows, folder)
            ours.players = replace(ours.players, answers=answers)
        sides.append(Side(name, {"student": ours.student, "generator": ours.generator}, dense=False))
    return sides


def _raced(
    sides: list[Side], rows: TokenizedRows, device: torch.device, player: str, texts: str, rounds: int, rate: float
) -> list[dict[str, Any]]:
    """The sides in turns, after a pass of each to warm up, in which its operations and its memory are taken."""
    batches = {side.name: side.batches(rows, device) for side in sides}
    flops, peaks = {}, {}
    for side in sides:
        with measured(device) as peak, counted() as counter:
            for batch in batches[side.name]:
                side.play[player](batch)
        flops[side.name], peaks[side.name] = counter.get_total_flops() / len(batches[side.name]), peak.bytes
    taken: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            wait_for(device)
            began = time.perf_counter()
            for batch in batches[side.name]:
                side.play[player](batch)
            wait_for(device)
            taken[side.name].append((time.perf_counter() - began) / len(batches[side.name]))
    seconds = {name: statistics.median(some) for name, some in taken.items()}
    return [
        {
            "texts": texts,
            "player": player,
            "side": name,
            "milliseconds": 1e3 * each,
            "texts_per_second": BATCH_SIZE / each,
            "peak_gb": peaks[name] / 1e9,
            "utilisation": flops[name] / each / rate,
            "times_dense_float32": seconds["dense float32"] / each,
            "times_dense_bfloat16": seconds["dense bfloat16"] / each,
        }
        for name, each in seconds.items()
    ]


def main() -> None:
    """Measures, and prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument(
        "--smoke", action="store_true", help="the device's table with small models, to see that it runs"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the device's table")
    parser.add_argument("--one-of-them", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one_of_them:
        print(json.dumps(one_of_them()))
        return
    figures: dict[str, Any] = dict(processes())
    if torch.cuda.is_available() or given.smoke:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        figures["table"] = device_table(device, SMALL if given.smoke else LARGE, given.rounds, smoke=given.smoke)
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    table = figures.pop("table", [])
    for name, value in figures.items():
        print(f"{name:32} {value:.3g}")
    for row in table:
        print("  ".join(f"{value:>9.3g}" if isinstance(value, float) else f"{value:20}" for value in row.values()))


if __name__ == "__main__":
    main()
