"""What compiling the layers does to turns: `python -m tests.benchmarks.compiled [--json]`.

Turns of kd and cilda as they are and with compiled layers, the teacher asked, in float32 on the CPU: 320 texts as long
as SST-2's, 32 a turn, and 32 texts of 128 tokens. The sides take turns batch by batch, so that what disturbs this
machine disturbs both. How many times as fast compiled turns are is the median over the rounds. What compiling took is
told apart; so is the largest difference between both sides' totals in the first pass, relative to the total.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from cilda.distill.batch import Batch
from cilda.distill.clock import Clock
from cilda.distill.compiling import compile_layers, graphs_made
from cilda.distill.data import TokenizedRows, by_length
from cilda.distill.step import TurnResult, Turns
from cilda.methods import METHODS
from tests.benchmarks.figures import show_figures
from tests.benchmarks.players import BATCH_SIZE, LONGEST, make_models, make_rows, our_turns, sst2_lengths

TEXTS = 320
ROUNDS = 3
NAMES = ("kd", "cilda")


def passed(turns: dict[str, Turns], player: str, rows: TokenizedRows, order: list[list[int]]) -> tuple[float, float]:
    """How many times as fast a pass of compiled turns is, and how far the sides' totals lie apart at most."""
    taken = dict.fromkeys(turns, 0.0)
    apart = 0.0
    for positions in order:
        batch = rows.batch(positions)
        totals = []
        for side, one in turns.items():
            play: Callable[[Batch], TurnResult] = one.student if player == "student" else one.generator
            torch.manual_seed(0)
            began = time.perf_counter()
            totals.append(float(play(batch).values["total"]))
            taken[side] += time.perf_counter() - began
        apart = max(apart, abs(totals[0] - totals[1]) / abs(totals[0]))
    return taken["plain"] / taken["compiled"], apart


def measured(rounds: int) -> dict[str, float]:
    """The figures by name."""
    models = make_models()
    sst2, full = make_rows(sst2_lengths(TEXTS)), make_rows([LONGEST] * BATCH_SIZE)
    texts = {"sst2": (sst2, by_length(sst2.lengths, BATCH_SIZE)), "128": (full, [list(range(BATCH_SIZE))])}
    figures: dict[str, float] = {}
    for name in NAMES:
        turns = {side: our_turns(models.copy(), Clock(), METHODS[name]) for side in ("plain", "compiled")}
        before = graphs_made()
        figures[f"{name}_compile_seconds"] = compile_layers(turns["compiled"], sst2, print) or float("nan")
        for kind, (rows, order) in texts.items():
            for player in turns["plain"].players_in_turn[::-1]:
                # The first pass warms up, and shows that both sides do the same.
                figures[f"{name}_{player}_{kind}_apart"] = passed(turns, player, rows, order)[1]
                ratios = [passed(turns, player, rows, order)[0] for _ in range(rounds)]
                figures[f"{name}_{player}_{kind}"] = statistics.median(ratios)
        figures[f"{name}_graphs"] = graphs_made() - before
    return figures


if __name__ == "__main__":
    show_figures("compiled", measured, ROUNDS)
