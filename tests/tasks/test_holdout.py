"""A tenth of the rows, held out."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cilda.errors import CildaError
from cilda.tasks.holdout import hold_out
from cilda.tasks.rows import Rows


def rows(texts: list[str], labels: list[int] | list[float]) -> Rows:
    return Rows((texts,), labels, [f"train:{row}" for row in range(len(texts))], "a.csv")


LABELLED = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4)), min_size=20, max_size=200)


@example([(row % 4, row % 2) for row in range(24)], 0, False)
@given(LABELLED, st.integers(0, 3), st.booleans())
def test_every_row_is_on_one_side_and_equal_texts_together(
    pairs: list[tuple[int, int]], seed: int, by_class: bool
) -> None:
    whole = rows([str(text) for text, _ in pairs], [label for _, label in pairs])
    if min(Counter(whole.texts[0]).values()) > len(whole) // 10:
        with pytest.raises(CildaError, match="different texts, too few to hold a tenth out"):
            hold_out(whole, seed, by_class=by_class)
        return
    kept, held = hold_out(whole, seed, by_class=by_class)
    assert len(kept) + len(held) == len(whole)
    assert not set(kept.texts[0]) & set(held.texts[0])
    assert 0 < len(held) <= len(whole) / 10
    assert {name.replace("validation", "train") for name in held.ids} | set(kept.ids) == set(whole.ids)


def test_every_class_gives_its_tenth() -> None:
    whole = rows([str(number) for number in range(200)], [0] * 150 + [1] * 50)
    kept, held = hold_out(whole, 0, by_class=True)
    assert held.labels is not None
    assert kept.labels is not None
    assert (held.labels.count(0), held.labels.count(1)) == (15, 5)
    assert (kept.labels.count(0), kept.labels.count(1)) == (135, 45)


def test_many_small_classes_give_a_tenth_together() -> None:
    _, held = hold_out(rows([str(number) for number in range(40)], list(range(8)) * 5), 0, by_class=True)
    assert len(held) == 4


def test_the_seed_decides_who_goes() -> None:
    whole = rows([str(number) for number in range(100)], [0, 1] * 50)
    assert hold_out(whole, 1, by_class=True) == hold_out(whole, 1, by_class=True)
    assert hold_out(whole, 1, by_class=True)[1].ids != hold_out(whole, 2, by_class=True)[1].ids
