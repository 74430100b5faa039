"""How fast our turns are beside the dense formulation, and what they need: `python -m tests.benchmarks.turns [--json]`.

Both sides play CILDA's turns with the same models, losses, settings and texts, 32 texts a turn, in float32 on the CPU.
SST-2's texts: 640 spread over its lengths, in 20 batches of similar length, which ours plays each round. They are 14.9
tokens long on average; those of training, sorted 1,600 texts at a time, 14.0. Full length: 32 texts of 128 tokens.
The dense side pads all texts to 128 tokens, so that they are alike to it: it plays one turn of each kind a round, on
SST-2's texts and on full ones in alternation. The sides take turns within a round, so that what disturbs this machine
disturbs both.
"kept" is our student turn where the teacher's answers to the texts as they stand are kept, beside the same dense turn;
asking once is not counted. `--bfloat16` has ours, or both sides, compute in bfloat16, where the processor knows it.
A speed-up is the dense side's seconds a turn over ours, the median over the rounds.

Peak memory: each side in a process of its own plays a turn of each kind at full length; told is by how much the
resident memory at its highest exceeds what was resident once models and texts stood: gradients, the optimiser's
state and everything a turn holds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from cilda.distill.batch import Batch
from cilda.distill.clock import Clock
from cilda.distill.data import TokenizedRows, by_length
from cilda.distill.encoder import Encoder
from tests.benchmarks.dense import DenseTurns
from tests.benchmarks.players import (
    BATCH_SIZE,
    LONGEST,
    MASK,
    make_contrast,
    make_models,
    make_rows,
    our_turns,
    sst2_lengths,
)
from tests.benchmarks.teacher_cache import ask

ROUNDS = 3
SST2_BATCHES = 20
PLAYERS = ("student", "generator")
KINDS = {"student": ("student", "kept"), "generator": ("generator",)}
"""Our turns that are held against a dense player's."""
SIDES = ("ours", "dense")
PARTS = ("data", "generator", "teacher", "student", "optimizer")


@dataclass
class Race:
    """Both sides in one kind of turn on one kind of text: seconds a turn, round by round."""

    player: str
    texts: str
    seconds: dict[str, list[float]] = field(default_factory=lambda: {side: [] for side in SIDES})
    parts: dict[str, float] = field(default_factory=dict)
    """Our seconds by part, over all rounds."""

    @property
    def speedup(self) -> float:
        """How many times as fast ours is."""
        pairs = zip(self.seconds["dense"], self.seconds["ours"], strict=True)
        return statistics.median(dense / ours for dense, ours in pairs)

    def row(self) -> str:
        """One line of the table."""
        median = {side: statistics.median(seconds) for side, seconds in self.seconds.items()}
        total = sum(self.parts.values())
        shares = "".join(f"{100 * self.parts.get(part, 0.0) / total:9.0f} %" for part in PARTS)
        return (
            f"{self.player:10} {self.texts:5} {1e3 * median['ours']:8.0f} {1e3 * median['dense']:8.0f} "
            f"{self.speedup:7.1f} {BATCH_SIZE / median['ours']:7.0f} {BATCH_SIZE / median['dense']:7.1f} {shares}"
        )


class Field:
    """Two sides that play the same kinds of turns, each with its own copy of the models."""

    def __init__(self, sides: tuple[str, ...] = SIDES, bfloat16: tuple[str, ...] = ()) -> None:
        models = make_models()
        self.clock = Clock()
        self.players: dict[str, dict[str, Callable[[Batch], object]]] = {}
        if "ours" in sides:
            ours, self.kept = (our_turns(models.copy(), self.clock, bfloat16="ours" in bfloat16) for _ in range(2))
            self.players["ours"] = {"student": ours.student, "generator": ours.generator, "kept": self.kept.student}
        if "dense" in sides:
            dense = DenseTurns(models.copy(), make_contrast(models), MASK, bfloat16="dense" in bfloat16)
            self.players["dense"] = {"student": dense.student, "generator": dense.generator}
        self.full = make_rows([LONGEST] * BATCH_SIZE)

    def keep(self, rows: TokenizedRows, folder: Path) -> None:
        """Asks the teacher about these texts; "kept" turns are played on them from here on."""
        teacher = self.kept.players.teacher
        assert isinstance(teacher, Encoder)
        folder.mkdir()
        answers, _ = ask(teacher, rows, folder)
        self.kept.players = replace(self.kept.players, answers=answers)

    def play(self, side: str, player: str, rows: TokenizedRows, batches: list[list[int]]) -> float:
        """Seconds a turn, from rows to the end of the optimiser's step."""
        began = time.perf_counter()
        for positions in batches:
            with self.clock("data"):
                batch = rows.batch(positions, length=LONGEST if side == "dense" else None)
            self.players[side][player](batch)
        return (time.perf_counter() - began) / len(batches)


def race(rounds: int, bfloat16: tuple[str, ...] = ()) -> list[Race]:
    """The sides against each other, after one turn of each kind to warm up."""
    with tempfile.TemporaryDirectory() as folder:
        return _race(Field(bfloat16=bfloat16), rounds, Path(folder))


def _race(field_: Field, rounds: int, folder: Path) -> list[Race]:
    everyone = list(range(BATCH_SIZE))
    sst2 = make_rows(sst2_lengths(SST2_BATCHES * BATCH_SIZE))
    batches = by_length(sst2.lengths, BATCH_SIZE)
    races = [Race(kind, texts) for kinds in KINDS.values() for kind in kinds for texts in ("sst2", "128")]
    answers = {}
    for name, rows in (("sst2", sst2), ("128", field_.full)):
        field_.keep(rows, folder / name)
        answers[name] = field_.kept.players.answers
    for player, kinds in KINDS.items():
        for kind in kinds:
            field_.play("ours", kind, field_.full, [everyone])
        field_.play("dense", player, field_.full, [everyone])
    texts = {"sst2": (sst2, batches), "128": (field_.full, [everyone])}
    for place in range(rounds):
        for player, kinds in KINDS.items():
            rows, some = texts["sst2" if place % 2 == 0 else "128"]
            dense = field_.play("dense", player, rows, some[:1])
            for one in (one for one in races if one.player in kinds):
                field_.kept.players = replace(field_.kept.players, answers=answers[one.texts])
                field_.clock.take()
                one.seconds["ours"].append(field_.play("ours", one.player, *texts[one.texts]))
                one.seconds["dense"].append(dense)
                for part, seconds in field_.clock.take().items():
                    one.parts[part] = one.parts.get(part, 0.0) + seconds
    return races


def peak_bytes(side: str) -> int:
    """How far a side's turns at full length raise the resident memory of this process."""
    field_ = Field((side,))
    before = resident_bytes()
    for player in PLAYERS:
        field_.play(side, player, field_.full, [list(range(BATCH_SIZE))])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def resident_bytes() -> int:
    """What this process holds in memory now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_in_child(side: str) -> int:
    """`peak_bytes` in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.turns", "--peak", side]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def main() -> None:
    """Measures, and prints a table or, with --json, the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.turns")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of all kinds of turns")
    parser.add_argument("--bfloat16", choices=("ours", "both"), help="who computes in bfloat16; by default nobody")
    parser.add_argument("--peak", choices=SIDES, help="print one side's peak memory in bytes, and nothing else")
    given = parser.parse_args()
    if given.peak:
        print(peak_bytes(given.peak))
        return
    peaks = {side: peak_in_child(side) for side in SIDES}
    races = race(given.rounds, SIDES if given.bfloat16 == "both" else (given.bfloat16,) if given.bfloat16 else ())
    figures = {f"{one.player}_speedup_{one.texts}": one.speedup for one in races}
    figures["peak_memory_fraction"] = peaks["ours"] / peaks["dense"]
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    precision = f"bfloat16: {given.bfloat16 or 'nobody'}"
    print(f"{torch.get_num_threads()} threads, batch {BATCH_SIZE}, {precision}; shares are of our seconds")
    print("turn       texts  ours ms dense ms   times  texts/s (dense)" + "".join(f"{part:>11}" for part in PARTS))
    for one in races:
        print(one.row())
    gigabytes = {side: f"{peak / 1e9:.2f} GB" for side, peak in peaks.items()}
    print(f"peak memory {gigabytes['ours']}, dense {gigabytes['dense']}: {figures['peak_memory_fraction']:.2f} of it")
    print("In generator turns the backward pass runs through all three models and counts as the generator's.")


if __name__ == "__main__":
    main()
