"""A benchmark's command line, where all it tells are figures by name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping

import torch

from tests.benchmarks.players import BATCH_SIZE


def show_figures(name: str, measured: Callable[[int], Mapping[str, float]], rounds: int) -> None:
    """Measures with so many rounds, or with as many as asked for, and prints the figures, with --json for programs."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.benchmarks.{name}")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=rounds, help="passes of each side")
    given = parser.parse_args()
    figures = measured(given.rounds)
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{torch.get_num_threads()} threads, {BATCH_SIZE} texts a turn, float32")
    for key, figure in figures.items():
        print(f"{key:34} {figure:.3g}")
