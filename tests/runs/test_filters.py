"""Words that choose among runs: each does what it says, and a mistaken one is named."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.errors import UsageError
from cilda.runs.filters import parse
from tests.runs.summaries import PLAIN, summary

NOW = PLAIN.created + 3600


def fits(*words: str, **fields: object) -> bool:
    return parse(words, NOW)(summary(**fields))


@pytest.mark.parametrize(
    "word",
    [
        "status:running", "status:RUNNING", "status=running", "status:paused,running", "status:live", "status!=failed",
        "task:sst2", "task==sst2", "method:cilda", "teacher:bert-base", "student:6l", "stage:student", "job:distill",
        "best>0.9", "best>=.91", "best=0.91", "best<1", "best!=1", "best>-1e2", "turn>=100", "turn<101",
        "progress<0.5", "progress=25%", "progress<=25%", "age<2d", "age>59m", "age<=60min", "age>0.5h", "age>30s",
        "age<1w", "sst2", "SST2", "a7f3", "id:6L-cilda", "20261122",
    ],
)  # fmt: skip
def test_a_word_that_is_true_of_a_run_chooses_it(word: str) -> None:
    assert fits(word)


@pytest.mark.parametrize(
    "word",
    [
        "status:finished", "status:ended", "status!=running", "task:sst", "method:cilda_minild", "best>0.91",
        "turn<100", "progress>25%", "age>2d", "age<59m", "rte", "id:rte",
    ],
)  # fmt: skip
def test_a_word_that_is_false_of_a_run_leaves_it_out(word: str) -> None:
    assert not fits(word)


def test_several_words_must_all_be_true() -> None:
    assert fits("status:running", "task:sst2", "best>0.9")
    assert not fits("status:running", "task:rte", "best>0.9")
    assert fits()


def test_lost_contact_is_found_as_lost() -> None:
    assert fits("status:lost", word="lost")
    assert fits("status:lost contact", word="lost")
    assert fits("status:live", word="lost")


def test_a_model_named_by_its_path_is_found_by_its_last_part() -> None:
    assert fits("teacher:bert", teacher="/models/BERT")
    assert fits("teacher:/models/bert", teacher="/models/BERT")
    assert not fits("teacher:models", teacher="/models/BERT")


@pytest.mark.parametrize("best", [None, math.nan])
@pytest.mark.parametrize("sign", [">", "<", ">=", "<=", "="])
def test_a_run_without_a_number_fits_no_comparison(best: float | None, sign: str) -> None:
    assert not fits(f"best{sign}0.5", best=best)


@pytest.mark.parametrize(
    ("word", "what", "todo"),
    [
        ("statsu:running", "no filter named 'statsu'", "did you mean status"),
        ("status:runing", "no status named 'runing'", "did you mean running"),
        ("best>high", "'high' is not a number", "'best>0.9'"),
        ("best>nan", "'nan' is not a number", "'best>0.9'"),
        ("best>", "'' is not a number", "'best>0.9'"),
        ("best:0.9", "asks for best with a colon", "'best>0.9'"),
        ("turn>=1_000", "'1_000' is not a number", "'turn>=100'"),
        ("age<2", "'2' is not an age", "'age<2d'"),
        ("age<2y", "'2y' is not an age", "'age<2d'"),
        ("task>sst2", "compares a text with >", "task:sst2"),
        ("task:", "has nothing after its sign", "task:VALUE"),
        (">0.9", "has no key before its sign", "for example"),
    ],
)
def test_a_mistaken_word_is_named_with_its_place_and_an_example(word: str, what: str, todo: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(["sst2", word], NOW)
    assert caught.value.what == f"word 2, {word!r}: {what}"
    assert todo in caught.value.todo


@given(st.lists(st.text(max_size=20) | st.from_regex(r"(best|age|turn|task|status)[:<>=!]{1,2}.{0,6}"), max_size=4))
def test_any_words_choose_or_are_refused(words: list[str]) -> None:
    with contextlib.suppress(UsageError):
        assert parse(words, NOW)(PLAIN) in (True, False)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_number_is_compared_as_it_is_written(best: float, limit: float) -> None:
    assert fits(f"best>{limit}", best=best) == (best > limit)
    assert fits(f"best<={limit}", best=best) == (best <= limit)
