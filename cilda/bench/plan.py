"""What a bench is to run: tasks by methods by variants by seeds, each cell a run with a name of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from cilda.bench.concerns import concerns, is_term
from cilda.config import RunConfig
from cilda.errors import UsageError, unknown
from cilda.methods import METHODS

Settings = tuple[tuple[str, str], ...]
"""Keys and values as they were written."""


@dataclass(frozen=True)
class Cell:
    """One run of a bench."""

    task: str
    method: str
    settings: Settings
    """What a sweep sets in it; empty without a sweep."""
    seed: int

    @property
    def variant(self) -> str:
        """What a sweep sets, in words: `mask_fraction=0.4`."""
        return ", ".join(f"{key}={value}" for key, value in self.settings)

    @property
    def label(self) -> str:
        """The method, and what a sweep sets."""
        return f"{self.method} {self.variant}".strip()

    def run(self, bench: str) -> str:
        """The name of its run in a bench of that name."""
        variant = [re.sub(r"[^\w.+=-]+", "-", f"{key}={value}") for key, value in self.settings]
        return "-".join((bench, self.task, self.method, *variant, f"s{self.seed}"))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What `asdict` gave, also after a trip through JSON."""
        settings = tuple((str(key), str(value)) for key, value in values["settings"])
        return cls(str(values["task"]), str(values["method"]), settings, int(values["seed"]))


@dataclass(frozen=True)
class Plan:
    """What a bench was asked for."""

    tasks: tuple[str, ...]
    cells: tuple[Cell, ...]
    """In the order in which they run."""
    reference: str
    """The label of the method that the others are compared with."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Methods and variants, each once, in order."""
        return tuple(dict.fromkeys(cell.label for cell in self.cells))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, each once, in order."""
        return tuple(dict.fromkeys(cell.seed for cell in self.cells))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"tasks": self.tasks, "reference": self.reference, "cells": [asdict(cell) for cell in self.cells]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What `to_json` gave, also after a trip through JSON."""
        cells = tuple(Cell.from_json(cell) for cell in values["cells"])
        return cls(tuple(values["tasks"]), cells, str(values["reference"]))


def make_plan(
    tasks: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    sweeps: Mapping[str, Sequence[str]],
    against: str | None = None,
) -> Plan:
    """The cells, seed by seed, so that a bench that is broken off has something of everything.

    A sweep's values are crossed with each other, for the methods that they concern; the others run once. `against`
    names a method, or one with what a sweep sets; by default it is kd where it takes part, else the first.

    Raises:
        UsageError: an unknown method; a sweep that concerns no method; nothing of the name in `against`.
    """
    for name in methods:
        if name not in METHODS:
            raise unknown("method", name, METHODS)
    for key in sweeps:
        if not any(concerns(METHODS[name], key) for name in methods):
            what = "term" if is_term(key) else "setting"
            raise UsageError(
                f"--sweep {key}: none of {', '.join(methods)} has to do with this {what}",
                "name a method that it concerns with --methods",
            )
    cells = tuple(
        Cell(task, method, settings, seed)
        for seed in seeds
        for task in tasks
        for method in methods
        for settings in variants(method, sweeps)
    )
    labels = list(dict.fromkeys(cell.label for cell in cells))
    if against is not None and against not in labels:
        raise unknown("method or variant in this bench", against, labels)
    reference = against or ("kd" if "kd" in labels else labels[0])
    return Plan(tuple(tasks), cells, reference)


def variants(method: str, sweeps: Mapping[str, Sequence[str]]) -> list[Settings]:
    """What sweeps make of one method; one empty variant where none concerns it."""
    keys = [key for key in sweeps if concerns(METHODS[method], key)]
    return [tuple(zip(keys, values, strict=True)) for values in itertools.product(*(sweeps[key] for key in keys))]


def parse_sweeps(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`key=a,b,c` by key. A value that holds commas itself is put in brackets: `layer_map=last,[3:6,6:12]`.

    Raises:
        UsageError: no such form, no setting or term of that name, a value given twice, or a key given twice.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        key, equals, rest = text.partition("=")
        key = key.strip()
        values = [value.strip().strip("[]") for value in re.findall(r"\[[^\]]*\]|[^,\[\]]+", rest) if value.strip()]
        whole = rest.count("[") == rest.count("]")
        if not equals or not key or not values or not whole:
            raise UsageError(
                f"--sweep {text!r} is not of the form KEY=A,B,C", "for example --sweep mask_fraction=0.2,0.3,0.4"
            )
        if key not in RunConfig.model_fields and not is_term(key):
            raise unknown("setting or term", key, RunConfig.model_fields)
        if key in ("task", "method", "seed", "weights", "name", "runs_dir"):
            raise UsageError(f"--sweep {key} is not for a sweep", "use --tasks, --methods, --seeds")
        if key in found or len(set(values)) < len(values):
            raise UsageError(f"--sweep {text!r} says something twice", "give each key, and each value of it, once")
        found[key] = tuple(values)
    return found
