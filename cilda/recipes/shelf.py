"""The recipes by name: what `--config recipe:NAME` reads and `cilda recipes` lists."""

from __future__ import annotations

from pathlib import Path

from cilda.errors import unknown
from cilda.recipes import PUBLISHED

FOLDER = Path(__file__).parent
PREFIX = "recipe:"


def names() -> list[str]:
    """The recipes there are, such as `roberta-rte`."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def path_of(name: str) -> Path:
    """A recipe's file.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in names():
        raise unknown("recipe", name, names())
    return FOLDER / f"{name}.toml"


def published(name: str) -> dict[str, float]:
    """The published figures of a recipe's pair and task, by method; empty where there are none."""
    pair, _, task = name.partition("-")
    return PUBLISHED.get(task, {}) if pair == "roberta" else {}
