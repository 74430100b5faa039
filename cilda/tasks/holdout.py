"""A validation set held out of a training set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from cilda.errors import CildaError
from cilda.tasks.rows import Rows, shuffled

SHARE = 10  # one row in ten
FEWEST_ROWS = 20


def hold_out(rows: Rows, seed: int, *, by_class: bool) -> tuple[Rows, Rows]:
    """The rows that stay for training, and a tenth of them for validation, both in their old order.

    Rows with the same texts stay on one side, so that nothing is judged by what it was taught. With `by_class` every
    class gives its own tenth, and gives nothing rather than all it has.

    Raises:
        CildaError: fewer than 20 rows, or too few different ones.
    """
    if len(rows) < FEWEST_ROWS:
        raise CildaError(
            f"{rows.source} has {len(rows)} rows, too few to hold a tenth out", "give a second file with --validation"
        )
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, texts in enumerate(zip(*rows.texts, strict=True)):
        alike[texts].append(row)
    groups = list(alike.values())
    groups = [groups[position] for position in shuffled(len(groups), seed)]
    classes: dict[object, list[list[int]]] = defaultdict(list)
    for group in groups:
        classes[rows.labels[group[0]] if by_class and rows.labels else None].append(group)
    # Classes of fewer than ten rows each have no tenth: then draw from all of them at once.
    held = _tenth(classes.values()) or _tenth([groups])
    if not held:
        raise CildaError(
            f"{rows.source} has {len(rows)} rows with {len(groups)} different texts, too few to hold a tenth out",
            "give a second file with --validation",
        )
    kept = rows.take([row for row in range(len(rows)) if row not in held])
    out = rows.take([row for row in range(len(rows)) if row in held])
    count = f"{len(out):,} of {len(rows):,} rows"
    kept = replace(kept, source=f"{rows.source}, without {count} held out for validation")
    note = f"{count} of {rows.source}, held out with seed {seed}"
    return kept, replace(out, source=note, ids=[f"validation:{name.partition(':')[2]}" for name in out.ids])


def _tenth(classes: Iterable[list[list[int]]]) -> set[int]:
    """Whole groups of rows, up to a tenth of each class."""
    held: set[int] = set()
    for groups in classes:
        wanted = sum(map(len, groups)) // SHARE
        for group in groups:
            if len(group) <= wanted:
                held.update(group)
                wanted -= len(group)
    return held
