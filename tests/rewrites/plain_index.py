"""What an index must say, in plain Python over all events: the meaning that the fast one is compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.index import Index
from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda.runs.store import read_events


def plain(augmentations: Path) -> list[Rewrite]:
    """All rewrites that lie there, in order."""
    events = read_events(augmentations, ["augmentation"])
    return [rewrite for event in events if (rewrite := rewrite_of(event)) is not None]


def whole(augmentations: Path, cache: Path) -> Index:
    """An index that has caught up."""
    index = Index.open(augmentations, cache=cache)
    catch_up(index)
    return index


def catch_up(index: Index) -> None:
    """Indexes until the end is met."""
    while not index.catch_up(0.0):
        pass


def assert_tells(index: Index, rewrites: list[Rewrite], phrases: tuple[str, ...] = ("the", "NOT ", "kyoto.")) -> None:
    """That an index says of its rewrites what plain Python says."""
    assert len(index) == len(rewrites)
    assert index.rewrites(range(len(rewrites))) == rewrites
    for name, column in COLUMNS.items():
        if column.kind != "text":
            values = np.array([column.value(rewrite) for rewrite in rewrites], np.float64)
            assert np.array_equal(index.column(name), values, equal_nan=True), name
    for phrase in phrases:
        assert places(index, phrase) == containing(rewrites, phrase), phrase


def places(index: Index, phrase: str, *, newest_first: bool = False, **options: object) -> list[int]:
    """The places that a search gives, all blocks together."""
    blocks = index.containing(phrase, newest_first=newest_first, **options)  # type: ignore[arg-type]
    return [place for block in blocks for place in block.tolist()]


def containing(rewrites: list[Rewrite], phrase: str) -> list[int]:
    """The places of rewrites with a phrase in one of their texts."""
    wanted = phrase.casefold()
    return [
        place for place, one in enumerate(rewrites) if wanted in one.real.casefold() or wanted in one.soft.casefold()
    ]
