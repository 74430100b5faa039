"""What a teacher's kept answers save: `python -m tests.benchmarks.teacher_cache [--json]`.

Student turns of five methods on texts as long as SST-2's, 32 a turn, with the teacher asked and with its answers kept,
in turns within each round, so that what disturbs this machine disturbs both. A speed-up is the median over the rounds
of the one's seconds a turn over the other's. Asking once is told in epochs of what it saves: below one it pays at once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from cilda.distill.answers import AnswerFiles, Answers, Shape
from cilda.distill.clock import Clock
from cilda.distill.data import TokenizedRows, by_length, places_in
from cilda.distill.encoder import Encoder
from cilda.distill.losses.loss import Moment
from cilda.distill.step import Turns
from cilda.methods import METHODS
from tests.benchmarks.players import BATCH_SIZE, make_models, make_rows, our_turns, sst2_lengths

TEXTS = 320
ROUNDS = 3
NAMES = ("kd", "pkd", "rail_kd", "mate_kd", "cilda")
SIDES = ("asked", "kept")


def ask(teacher: Encoder, rows: TokenizedRows, folder: Path) -> tuple[Answers, float]:
    """The answers to all texts, layers among them, and how long they took to ask for and to write."""
    shape = Shape(len(rows), 2, teacher.depth, teacher.width, "first")
    files = AnswerFiles(folder, shape)
    began = time.perf_counter()
    order = by_length(rows.lengths, 64)
    with torch.no_grad():
        said = [teacher(rows.batch(positions), want_layers=True) for positions in order]
    back = torch.from_numpy(places_in(order))
    files.write("logits", 0, torch.cat([one.logits_BC for one in said])[back], elsewhere="")
    files.write(
        "layers", 0, torch.cat([one.pooled_BLD for one in said if one.pooled_BLD is not None])[back], elsewhere=""
    )
    seconds = time.perf_counter() - began
    answers = files.opened()
    assert answers is not None
    return answers, seconds


def played(turns: Turns, rows: TokenizedRows, order: list[list[int]]) -> float:
    """Seconds for a pass over the texts."""
    began = time.perf_counter()
    for positions in order:
        turns.student(rows.batch(positions))
    return time.perf_counter() - began


def measured(rounds: int) -> dict[str, float]:
    """The figures by name."""
    models = make_models()
    rows = make_rows(sst2_lengths(TEXTS))
    order = by_length(rows.lengths, BATCH_SIZE)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        answers, seconds = ask(Encoder(models.teacher).eval(), rows, Path(folder))
        for name in NAMES:
            sides = {side: our_turns(models.copy(), Clock(), METHODS[name]) for side in SIDES}
            sides["kept"].players = replace(sides["kept"].players, answers=answers)
            taken: dict[str, list[float]] = {side: [] for side in SIDES}
            for turns in sides.values():
                turns.enter(1, Moment())
                played(turns, rows, order[:2])
            for _ in range(rounds):
                for side, turns in sides.items():
                    taken[side].append(played(turns, rows, order))
            pairs = list(zip(taken["asked"], taken["kept"], strict=True))
            figures[f"{name}_speedup"] = statistics.median(asked / kept for asked, kept in pairs)
            saved = statistics.median(asked - kept for asked, kept in pairs)
            figures[f"{name}_epochs_to_pay"] = seconds / saved
    return figures


def main() -> None:
    """Measures, and prints a table or, with --json, the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.teacher_cache")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="passes of each side")
    given = parser.parse_args()
    figures = measured(given.rounds)
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{torch.get_num_threads()} threads, {BATCH_SIZE} texts a turn, float32")
    print("method    times as fast  epochs until it has paid")
    for name in NAMES:
        print(f"{name:9} {figures[f'{name}_speedup']:13.2f} {figures[f'{name}_epochs_to_pay']:25.2f}")


if __name__ == "__main__":
    main()
