"""Rewrites in an order: missing values last in either direction, equals as they were written, so many and no more."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.errors import UsageError
from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.index import Index
from cilda.rewrites.query import parse
from cilda.rewrites.query_order import Order, chosen_places, order_of, read, sorted_places
from cilda.rewrites.rewrite import Rewrite
from tests.rewrites.made_rewrites import made_events, write_events


@pytest.fixture(name="index", scope="module")
def _index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("order")
    write_events(folder / "augmentations", made_events(600, seed=2, hostile=True))
    with Index.open(folder / "augmentations", cache=folder / "cache") as index:
        assert index.catch_up(60)
        yield index


@pytest.fixture(name="rewrites", scope="module")
def _rewrites(index: Index) -> list[Rewrite]:
    return index.rewrites(range(len(index)))


def chosen(index: Index, text: str, order: Order | None, limit: int | None) -> list[int]:
    blocks = chosen_places(index, parse(text), order, limit)
    return [int(place) for block in blocks for place in block]


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_can_be_sorted_by(index: Index, rewrites: list[Rewrite], name: str, falling: bool) -> None:
    places = chosen(index, "", Order(name, falling), None)
    column = COLUMNS[name]
    values = [column.value(rewrite) for rewrite in rewrites]
    if column.kind == "text":
        keys = [str(value or "")[:100].casefold() for value in values]
        assert places == sorted(range(len(keys)), key=keys.__getitem__, reverse=falling)
        return
    numbers = [math.nan if value is None else float(value) for value in values]
    known = [place for place, value in enumerate(numbers) if not math.isnan(value)]
    missing = [place for place, value in enumerate(numbers) if math.isnan(value)]
    assert places == sorted(known, key=lambda at: -numbers[at] if falling else numbers[at]) + missing


@given(limit=st.one_of(st.integers(0, 700), st.just(10**30)), text=st.sampled_from(["", "flip", "kl>1 or the", "zzzz"]))
def test_without_an_order_the_newest_are_taken_and_the_newest_is_the_last(
    index: Index, rewrites: list[Rewrite], limit: int, text: str
) -> None:
    fitting = [place for place, rewrite in enumerate(rewrites) if parse(text).fits(rewrite)]
    assert chosen(index, text, None, None) == fitting
    assert chosen(index, text, None, limit) == fitting[max(0, len(fitting) - limit) :]
    by_kl = chosen(index, text, Order("kl"), None)
    assert chosen(index, text, Order("kl"), limit) == by_kl[:limit]


def test_an_order_is_a_column_and_a_minus_turns_it() -> None:
    assert order_of("kl") == Order("kl")
    assert order_of("-KL") == Order("kl", falling=True)
    with pytest.raises(UsageError, match="no column named 'kll'"):
        order_of("-kll")


def test_many_are_read_in_their_order(index: Index, rewrites: list[Rewrite]) -> None:
    places = sorted_places(index, np.arange(len(index)), Order("time", falling=True))
    assert list(read(index, places)) == [rewrites[place] for place in places.tolist()]
