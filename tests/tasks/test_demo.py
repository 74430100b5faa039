"""The demo corpus: the same everywhere, balanced, and labelled by form."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cilda.errors import UsageError
from cilda.tasks import TASKS
from cilda.tasks import demo_words as words
from cilda.tasks.demo import SIZES, Reviewer, demo_rows
from cilda.tasks.demo_grammar import NEUTRAL, OPINIONS, TEMPLATES
from cilda.tasks.loading import load_rows
from cilda.tasks.rows import Rows


@pytest.fixture(scope="module")
def splits() -> dict[str, Rows]:
    return {split: demo_rows(split) for split in SIZES}


def test_no_text_stands_twice_in_or_across_the_splits(splits: dict[str, Rows]) -> None:
    texts = [text for rows in splits.values() for text in rows.texts[0]]
    assert len(texts) == len(set(texts)) == sum(SIZES.values())


def test_labelled_splits_are_balanced_and_the_rest_bears_no_label(splits: dict[str, Rows]) -> None:
    for split in ("train", "validation"):
        assert Counter(splits[split].labels or []) == {0: SIZES[split] // 2, 1: SIZES[split] // 2}
    assert splits["unlabelled"].labels is None


def test_most_texts_have_ten_to_thirty_words(splits: dict[str, Rows]) -> None:
    lengths = sorted(len(text.split()) for text in splits["train"].texts[0])
    assert lengths[len(lengths) // 20] >= 8
    assert lengths[-len(lengths) // 20] <= 30


def test_unlabelled_text_shows_rare_words_more_often_than_labelled_text(splits: dict[str, Rows]) -> None:
    rare = {*words.PRAISING[-20:], *words.BLAMING[-20:]}
    share = {
        split: sum(bool(rare & set(re.findall("[a-z]+", text))) for text in splits[split].texts[0]) / SIZES[split]
        for split in SIZES
    }
    assert share["unlabelled"] > 2 * share["train"]


@pytest.mark.parametrize("seed", range(100))
def test_praise_and_blame_differ_in_their_opinions_only(seed: int) -> None:
    """So that no form of text is the sign of a label by itself."""
    turn = {
        word: other
        for blaming, praising in OPINIONS.values()
        for mine, its in ((blaming, praising), (praising, blaming))
        for place, word in enumerate(mine)
        for other in [its[min(place, len(its) - 1)]]
    }
    shape = [form(Reviewer(seed, 0.0).write("review", polarity), set(turn)) for polarity in (0, 1)]
    assert shape[0] == shape[1]


def form(text: str, opinions: set[str]) -> str:
    """A text with every opinion, and the article before it, replaced by a sign."""
    longest = sorted(opinions, key=len, reverse=True)
    return re.sub(rf"\b(an? )?({'|'.join(longest)})\b", "#", text)


def test_every_name_in_a_template_is_known() -> None:
    known = {*OPINIONS, *NEUTRAL, *TEMPLATES}
    used = {
        found.lstrip("-") for forms in TEMPLATES.values() for each in forms for found in re.findall("{(.+?)}", each)
    }
    assert used <= known
    assert known - used == {"review"}


def test_no_word_both_praises_and_blames() -> None:
    for blaming, praising in OPINIONS.values():
        assert not set(blaming) & set(praising)
        assert len(set(blaming)) == len(blaming)
        assert len(set(praising)) == len(praising)


def test_another_process_makes_the_same_corpus(splits: dict[str, Rows]) -> None:
    program = "from cilda.tasks.demo import demo_rows; print(demo_rows('unlabelled').fingerprint())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == splits["unlabelled"].fingerprint()


def test_the_corpus_is_the_one_that_was_measured(splits: dict[str, Rows]) -> None:
    """A change of the grammar changes these, and with them every figure that was measured on the corpus."""
    assert {split: rows.fingerprint()[:16] for split, rows in splits.items()} == {
        "validation": "19eb2cb7f5fed169",
        "train": "c774208a8e42152f",
        "unlabelled": "69e9de0eca6fd395",
    }


def test_the_demo_is_a_task_like_others(splits: dict[str, Rows]) -> None:
    assert load_rows(TASKS["demo"], "train", None) == splits["train"]
    with pytest.raises(UsageError, match="no split of demo named 'tarin'"):
        demo_rows("tarin")


def test_articles_fit_their_words(splits: dict[str, Rows]) -> None:
    texts = " ".join(splits["unlabelled"].texts[0])
    assert not re.search(r"\ba ([aeiou]|honest)", texts)
    assert not re.search(r"\ban (?!honest)[^aeiou]", texts)
