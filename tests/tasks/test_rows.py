"""Rows in a fixed order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.errors import UsageError
from cilda.tasks.rows import Rows, shuffled

TEN = Rows(([f"text {n}" for n in range(10)],), [n % 2 for n in range(10)], [f"train:{n}" for n in range(10)], "here")


@given(st.integers(1, 9), st.integers(0, 99))
def test_a_smaller_limit_is_the_beginning_of_a_larger_one(n: int, seed: int) -> None:
    assert TEN.first(9, seed).ids[:n] == TEN.first(n, seed).ids


def test_texts_labels_and_ids_stay_together() -> None:
    for text, label, name in zip(
        *TEN.first(7, 3).texts, TEN.first(7, 3).labels or [], TEN.first(7, 3).ids, strict=True
    ):
        number = int(text.split()[1])
        assert (label, name) == (number % 2, f"train:{number}")


def test_a_limit_beyond_the_rows_changes_nothing() -> None:
    assert TEN.first(10, 5) is TEN
    assert TEN.first(999, 5) is TEN
    assert "4 of 10 rows drawn with seed 5" in TEN.first(4, 5).source


@pytest.mark.parametrize("n", [0, -1])
def test_a_limit_of_nothing_is_refused(n: int) -> None:
    with pytest.raises(UsageError, match=f"a limit of {n} rows"):
        TEN.first(n, 0)


def test_the_fingerprint_knows_texts_labels_and_order_and_nothing_else() -> None:
    assert TEN.fingerprint() == replace(TEN, source="there", ids=list("abcdefghij")).fingerprint()
    others = [
        replace(TEN, labels=None),
        replace(TEN, labels=[float(n % 2) + 0.5 for n in range(10)]),
        replace(TEN, texts=(["text 0 ", *TEN.texts[0][1:]],)),
        replace(TEN, texts=(TEN.texts[0], TEN.texts[0])),
        TEN.take([1, 0, *range(2, 10)]),
    ]
    assert len({rows.fingerprint() for rows in [TEN, *others]}) == 6
    assert replace(TEN, texts=(["é\n\ud83d"] * 10,)).fingerprint()


def test_rows_of_different_lengths_cannot_be_made() -> None:
    with pytest.raises(AssertionError):
        Rows((["a"],), [0, 1], ["x"], "here")


@given(st.integers(0, 50), st.integers(0, 9))
def test_a_shuffle_holds_every_number_once(n: int, seed: int) -> None:
    assert sorted(shuffled(n, seed)) == list(range(n))


def test_a_shuffle_is_the_same_on_every_python() -> None:
    assert shuffled(8, 0) == [3, 7, 5, 2, 4, 1, 6, 0]
