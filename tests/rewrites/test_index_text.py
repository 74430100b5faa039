from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cilda.rewrites import index as index_module
from cilda.rewrites.index import Index
from cilda.rewrites.index_part import AFTER, BEFORE, folded
from cilda.rewrites.index_text import rows_with
from tests.rewrites.made_rewrites import made_events, write_events
from tests.rewrites.plain_index import places, whole
from tests.tui.strange_texts import strange_texts

_TEXTS = st.text(alphabet="aAbß \n", max_size=8) | strange_texts(12)


def indexed(tmp_path: Path, texts: list[tuple[str, str]]) -> Index:
    """An index of rewrites of these texts."""
    made = zip(made_events(len(texts)), texts, strict=True)
    write_events(tmp_path / "augmentations", ({**event, "real": real, "soft": soft} for event, (real, soft) in made))
    return whole(tmp_path / "augmentations", tmp_path / "cache")


@settings(max_examples=300)
@given(st.lists(_TEXTS, max_size=8), _TEXTS)
def test_a_search_finds_what_in_finds(texts: list[str], phrase: str) -> None:
    section = b"".join(BEFORE + folded(text) + AFTER for text in texts)
    wanted = phrase.casefold()
    assert rows_with(section, folded(phrase)).tolist() == [n for n, t in enumerate(texts) if wanted in t.casefold()]
    whole_ones = [n for n, t in enumerate(texts) if wanted == t.casefold()]
    assert rows_with(section, folded(phrase), whole=True).tolist() == whole_ones


@settings(max_examples=150)
@given(st.text(alphabet="ab\n", max_size=6), st.text(alphabet="ab\n", max_size=6), st.text(alphabet="ab\n", max_size=4))
def test_no_phrase_is_found_across_two_texts(one: str, other: str, phrase: str) -> None:
    section = BEFORE + folded(one) + AFTER + BEFORE + folded(other) + AFTER
    assert rows_with(section, folded(phrase)).tolist() == [n for n, t in enumerate((one, other)) if phrase in t]


def test_no_phrase_is_found_across_records_or_across_real_and_soft(tmp_path: Path) -> None:
    with indexed(tmp_path, [("good", "film"), ("film\nbad", "end"), ("good\nfilm", "x")]) as index:
        assert places(index, "good\nfilm") == [2]
        for phrase in ("goodfilm", "filmfilm", "badend", "endgood", "good film"):
            assert places(index, phrase) == []


@pytest.mark.parametrize("phrase", ["STRASSE", "straße", "Straẞe"])
def test_letters_are_folded_as_people_read_them(tmp_path: Path, phrase: str) -> None:
    with indexed(tmp_path, [("die Straße", "x"), ("x", "DIE STRASSE"), ("strase", "")]) as index:
        assert places(index, phrase) == [0, 1]


def test_one_looks_into_the_text_or_the_rewrite_or_both_or_the_names(tmp_path: Path) -> None:
    with indexed(tmp_path, [("one", "two"), ("two", "one"), ("none", "none")]) as index:
        found: dict[str, list[int]] = {}
        where: Literal["both", "real", "soft"]
        for where in ("both", "real", "soft"):
            found[where] = places(index, "one", where=where)
        assert found == {"both": [0, 1, 2], "real": [0, 2], "soft": [1, 2]}
        assert places(index, "one", where="both", whole=True) == [0, 1]
        assert places(index, "train:", where="id") == [0, 1, 2]
        assert places(index, index.rewrite(1).id, where="id", whole=True) == [1]
        whys = [index.rewrite(place).why for place in range(3)]
        assert places(index, "Sample", where="why", whole=True) == [n for n, why in enumerate(whys) if why == "sample"]


def test_a_search_goes_through_parts_from_the_newest_and_falls_throughout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "PART_REWRITES", 20)
    texts = [(f"number {place}", "even" if place % 2 == 0 else "odd") for place in range(2000)]
    with indexed(tmp_path, texts) as index:
        blocks = list(index.containing("even"))
        assert len(blocks) > 1
        assert np.concatenate(blocks).tolist() == list(range(1998, -1, -2))
        assert places(index, "even") == list(range(0, 2000, 2))
        assert next(index.containing("even"))[0] == 1998


def test_a_search_among_chosen_places_finds_only_those(tmp_path: Path) -> None:
    texts = [(f"number {place}", "even" if place % 2 == 0 else "odd") for place in range(100)]
    with indexed(tmp_path, texts) as index:
        chosen = np.array([7, 50, 3, 8, 99, 8])
        assert places(index, "even", places=chosen) == [8, 50]
        assert places(index, "", places=chosen, newest_first=True) == [99, 50, 8, 7, 3]
        assert places(index, "even", places=np.array([], np.int64)) == []
