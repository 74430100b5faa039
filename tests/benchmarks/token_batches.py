"""What batches of tokens do to kd's turns: `python -m tests.benchmarks.token_batches --models DIR --data DIR [--json]`.

Student turns of kd, the teacher asked each time, in float32, on the real texts of SST-2 and RTE, MiniLM-L6 to
MiniLM-L3: 32 texts a turn; as many tokens a turn as give as many turns in an epoch ("even"); as many tokens as the
largest batch of 32 has ("full"). Of each side's first epoch, batches are taken that are spread evenly over its lengths,
and the sides play them one after another, each side a batch, so that what disturbs this machine disturbs all. A speed
is texts, or real tokens, over seconds; a ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from cilda.config import RunConfig
from cilda.distill.batching import Batching, Lengths
from cilda.distill.data import TokenizedRows
from cilda.distill.loading import load_classifier
from cilda.distill.players import Players
from cilda.distill.rehearsal import fresh_turns
from cilda.distill.step import Turns
from cilda.distill.task_data import load_task_data

TEXTS = 32
ROUNDS = 3
BATCHES = 24
TASKS = ("sst2", "rte")


@dataclass
class Side:
    """One way of making batches, and what its turns took, round by round."""

    batching: Batching
    batches: list[list[int]]
    per_epoch: int
    real: list[int]
    """Tokens of each batch without padding."""
    largest: int
    """Tokens of the largest batch, padding counted in."""
    seconds: list[float] = field(default_factory=list)

    @property
    def texts_per_second(self) -> list[float]:
        """By round."""
        return [sum(map(len, self.batches)) / taken for taken in self.seconds]

    @property
    def tokens_per_second(self) -> list[float]:
        """Real ones, by round."""
        return [sum(self.real) / taken for taken in self.seconds]


def side_of(batching: Batching, lengths: Lengths) -> Side:
    """Batches of the first epoch, spread evenly over their lengths."""
    epoch = batching.epoch(lengths, 0, 0)
    rising = sorted(epoch, key=lambda batch: int(lengths[batch].max()))
    places = ((np.arange(BATCHES) + 0.5) / BATCHES * len(rising)).astype(int)
    chosen = [rising[place] for place in places]
    largest = max(len(batch) * int(lengths[batch].max()) for batch in epoch)
    return Side(batching, chosen, len(epoch), [int(lengths[batch].sum()) for batch in chosen], largest)


def even_tokens(lengths: Lengths) -> int:
    """The fewest tokens a turn that give no more turns in an epoch than 32 texts do."""
    wanted = Batching(TEXTS).per_epoch(lengths)
    few, many = 1, TEXTS * int(lengths.max())
    while few < many:
        middle = (few + many) // 2
        few, many = (few, middle) if Batching(TEXTS, middle).per_epoch(lengths) <= wanted else (middle + 1, many)
    return few


def sides_of(lengths: Lengths) -> dict[str, Side]:
    """All sides, by name."""
    sizes = {"texts": None, "even": even_tokens(lengths), "full": TEXTS * int(lengths.max())}
    return {name: side_of(Batching(TEXTS, tokens), lengths) for name, tokens in sizes.items()}


def turns_of(task: str, models: Path, data: Path) -> tuple[Turns, TokenizedRows]:
    """The turns of kd over a task's training texts."""
    config = RunConfig.checked({
        "task": task, "data_dir": data, "teacher": str(models / "minilm-l6-mlm"), "student": str(models / "minilm-l3"),
        "method": "kd", "precision": "float32", "device": "cpu",
    })  # fmt: skip
    rows = load_task_data(config)
    teacher = load_classifier(config.teacher, rows.task.labels, seed=config.seed)
    turns, train, _ = fresh_turns(config, rows, teacher, None)
    assert isinstance(turns.players, Players)
    return turns, train


def play(turns: Turns, rows: TokenizedRows, sides: dict[str, Side], rounds: int) -> None:
    """All rounds, after one that is not counted."""
    for place in range(rounds + 1):
        taken = dict.fromkeys(sides, 0.0)
        for batches in zip(*(side.batches for side in sides.values()), strict=True):
            for name, positions in zip(sides, batches, strict=True):
                began = time.perf_counter()
                turns.student(rows.batch(positions))
                taken[name] += time.perf_counter() - began
        for name, side in sides.items():
            side.seconds += [taken[name]] if place else []


def main() -> None:
    """Measures, and prints a table or, with --json, the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.token_batches")
    parser.add_argument("--models", type=Path, required=True, help="folder with minilm-l6-mlm and minilm-l3")
    parser.add_argument("--data", type=Path, required=True, help="folder with glue/sst2 and glue/rte")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="times that each side's batches are played")
    given = parser.parse_args()
    figures: dict[str, float] = {}
    lines = [
        f"{torch.get_num_threads()} threads, float32, {BATCHES} batches a side and round",
        "task batches        tokens  turns an epoch  texts  largest  texts/s  tokens/s  times as fast",
    ]
    for task in TASKS:
        turns, rows = turns_of(task, given.models, given.data)
        sides = sides_of(rows.lengths)
        play(turns, rows, sides, given.rounds)
        for name, side in sides.items():
            pairs = zip(side.tokens_per_second, sides["texts"].tokens_per_second, strict=True)
            ratio = statistics.median(one / other for one, other in pairs)
            figures[f"{task}_{name}"] = ratio
            lines.append(
                f"{task:4} {name:8} {side.batching.tokens or '':>12} {side.per_epoch:15,} "
                f"{len(rows) / side.per_epoch:6.1f} {side.largest:8,} {statistics.median(side.texts_per_second):8.1f} "
                f"{statistics.median(side.tokens_per_second):9.0f} {ratio:14.2f}"
            )
    print(json.dumps(figures, indent=2) if given.json else "\n".join(lines))


if __name__ == "__main__":
    main()
