"""Columns as texts and labels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.errors import CildaError
from cilda.tasks.columns import class_numbers, labels_of, numbers_of, texts_of
from cilda.tasks.table import Table


def table(values: list[object], **class_names: tuple[str, ...]) -> Table:
    return Table("a.csv", {"it": values}, range(2, 2 + len(values)), unit="line", class_names=class_names)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("1", 1),
        (" 1 ", 1),
        ("1.0", 1),
        ("01", 1),
        ("-1", -1),
        ("2.5", 2.5),
        (".5", 0.5),
        ("1e2", 100),
        (3.0, 3),
        (3.5, 3.5),
        (7, 7),
        (True, "true"),
        (False, "false"),
        ("good ", "good"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("1_000", "1_000"),
        ("٣", "٣"),
        ("12345678901234567890", 12345678901234567890.0),
    ],
)
def test_labels_are_whole_numbers_other_numbers_or_words(value: object, label: object) -> None:
    (found,) = labels_of(table([value]), "it")
    assert found == label
    assert isinstance(found, str) == isinstance(label, str)


@pytest.mark.parametrize("value", [None, "", "  ", math.nan])
def test_a_missing_label_is_named_by_its_row(value: object) -> None:
    with pytest.raises(CildaError, match="1 row without a label in 'it': line 3"):
        labels_of(table(["a", value]), "it")


def test_a_label_beyond_all_numbers_is_refused() -> None:
    with pytest.raises(CildaError, match="line 2"):
        labels_of(table([math.inf]), "it")
    with pytest.raises(CildaError, match="line 2"):
        labels_of(table(["1e999"]), "it")


def test_numbers_become_the_names_that_the_file_states() -> None:
    assert labels_of(table([1, 0], it=("bad", "good")), "it") == ["good", "bad"]
    with pytest.raises(CildaError, match="without a label"):
        labels_of(table([1, -1], it=("bad", "good")), "it")


def test_names_and_numbers_become_class_numbers() -> None:
    names = ("bad", "good")
    assert class_numbers(table(["good", "bad"]), "it", ["good", "bad"], names) == [1, 0]
    assert class_numbers(table([1, 0]), "it", [1, 0], names, or_numbers=True) == [1, 0]
    assert class_numbers(table([3, 1]), "it", [3, 1], ("1", "3")) == [1, 0]
    # A number that is a name is meant as the name.
    assert class_numbers(table([1, 0]), "it", [1, 0], ("1", "0"), or_numbers=True) == [0, 1]


def test_an_unknown_label_is_named_with_its_rows_and_the_nearest_name() -> None:
    with pytest.raises(CildaError) as caught:
        class_numbers(table(["good", "god", "god"]), "it", ["good", "god", "god"], ("bad", "good"))
    assert "lines 3 and 4" in caught.value.what
    assert "did you mean good?" in caught.value.todo
    with pytest.raises(CildaError, match="line 3"):
        class_numbers(table([1, 2]), "it", [1, 2], ("bad", "good"), or_numbers=True)
    with pytest.raises(CildaError, match="line 2"):
        class_numbers(table([1, 0]), "it", [1, 0], ("bad", "good"))


def test_a_word_among_numbers_is_named() -> None:
    assert numbers_of(table([1, 2.5]), "it", [1, 2.5]) == [1.0, 2.5]
    with pytest.raises(CildaError, match=r"line 3.*'n/a'"):
        numbers_of(table([1, "n/a"]), "it", [1, "n/a"])


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip), max_size=5))
def test_texts_stay_as_they_are(texts: list[str]) -> None:
    assert texts_of(table(list(texts)), "it", allow_empty=False) == texts


def test_empty_texts_are_counted_and_named_unless_allowed() -> None:
    values: list[object] = ["a", "", " ", None]
    with pytest.raises(CildaError, match="3 rows without a text in 'it': lines 3, 4 and 5"):
        texts_of(table(values), "it", allow_empty=False)
    assert texts_of(table(values), "it", allow_empty=True) == ["a", "", " ", ""]


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(CildaError, match=r"line 3: 'it' holds 5 \(int\), not text"):
        texts_of(table(["a", 5]), "it", allow_empty=True)
    with pytest.raises(CildaError, match=r"line 2.*surrogate"):
        texts_of(table(["\ud83d"]), "it", allow_empty=True)
