"""Figures of many rewrites beside a slow count of the same."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda.rewrites.summaries.counts import Counts
from cilda.rewrites.summaries.spread import EDGES, Spreading
from cilda.rewrites.summary import summarise
from tests.rewrites.made_rewrites import LABELS, made_events


def made(count: int, *, seed: int = 0, hostile: bool = False) -> list[Rewrite]:
    events = made_events(count, seed=seed, hostile=hostile)
    return [rewrite for event in events if (rewrite := rewrite_of(event)) is not None]


def by_lot(rewrites: list[Rewrite]) -> list[Rewrite]:
    return [rewrite for rewrite in rewrites if rewrite.why != "disagreement"]


def test_rates_are_those_of_rewrites_that_nobody_chose() -> None:
    rewrites = made(3000)
    summary, lot = summarise(rewrites, LABELS), by_lot(rewrites)
    assert 0 < len(lot) < len(rewrites)
    assert (summary.rewrites, summary.rated) == (3000, len(lot))
    assert summary.rates is not None and summary.rates.count == len(lot)
    for name, flag in (
        ("teacher_flips", "teacher_flips"),
        ("student_flips", "student_flips"),
        ("disagree", "disagree"),
    ):
        assert getattr(summary.rates, name) == pytest.approx(sum(getattr(one, flag) for one in lot) / len(lot))
    assert summary.rates.kl == pytest.approx(sum(one.kl_soft or 0 for one in lot) / len(lot))
    assert summary.texts == len({one.real for one in rewrites}) and summary.distinct == len(
        {one.soft for one in rewrites}
    )
    assert summary.why == dict(Counter(one.why for one in rewrites))
    drawn, changed = sum(len(one.drawn) for one in lot), sum(len(one.changed) for one in lot)
    assert summary.unchanged_share == pytest.approx(1 - changed / drawn)
    only = [one for one in rewrites if one.why == "disagreement"]
    assert summarise(only).rated == len(only)


def test_rates_by_class_length_and_step_add_up_to_all() -> None:
    rewrites = made(4000)
    summary, lot = summarise(rewrites, LABELS), by_lot(rewrites)
    assert [one.label for one in summary.by_class] == list(LABELS)
    for place, one in enumerate(summary.by_class):
        mine = [rewrite for rewrite in lot if rewrite.label == place]
        assert one.rates.count == len(mine)
        assert one.rates.disagree == pytest.approx(sum(rewrite.disagree for rewrite in mine) / len(mine))
    for rates in (summary.by_length, summary.over_steps):
        assert sum(one.rates.count for one in rates) == len(lot)
    for length in summary.by_length:
        longest = math.inf if length.longest is None else length.longest
        assert length.rates.count == sum(length.shortest <= len(one.real_tokens) <= longest for one in lot)
    assert 8 <= len(summary.over_steps) <= 16
    assert all(one.last + 1 <= other.first for one, other in pairwise(summary.over_steps))
    for step in summary.over_steps:
        assert step.rates.count == sum(step.first <= (one.step or 0) <= step.last for one in lot)


def test_words_are_counted_with_what_came_instead() -> None:
    rewrites = made(500)
    words = summarise(rewrites).words
    replaced: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for one in rewrites:
        for place in one.changed:
            replaced[one.real_tokens[place]] += 1
            pairs[one.real_tokens[place], one.soft_tokens[place]] += 1
    assert [word.count for word in words.replaced] == [count for _, count in replaced.most_common(20)]
    top = words.replaced[0]
    assert replaced[top.token] == top.count
    assert all(pairs[top.token, token] == count for token, count in top.partners)
    assert words.changed == sum(replaced.values()) == sum(sum(row.values()) for row in words.kinds.values())
    assert sum(word.count for word in words.inserted) > 0 and words.error == 0


def doubled(real: list[str], soft: list[str]) -> int:
    event = {"t": 0.0, "real": "x", "soft": "y", "real_tokens": real, "soft_tokens": soft, "drawn": [1]}
    rewrite = rewrite_of(event)
    assert rewrite is not None
    return summarise([rewrite]).words.doubled


def test_a_word_that_follows_itself_is_counted_where_it_did_not_before() -> None:
    assert doubled(["a", "b", "c"], ["a", "a", "c"]) == 1
    assert doubled(["a", "b", "c"], ["a", "c", "c"]) == 1
    assert doubled(["a", "a", "c"], ["a", "a", "c"]) == 0
    assert doubled(["!", "b", "!"], ["!", "!", "!"]) == 0


def said(**fields: object) -> Rewrite:
    event = {"t": 0.0, "real": "x", "soft": "y", "teacher_soft": [0.9, 0.1], "student_soft": [0.9, 0.1], **fields}
    rewrite = rewrite_of(event)
    assert rewrite is not None
    return rewrite


def test_a_share_is_of_those_whose_own_answer_before_is_known() -> None:
    teacher_alone = said(teacher_real=[0.1, 0.9])
    both = said(teacher_real=[0.9, 0.1], student_real=[0.1, 0.9])
    other_classes = said(teacher_real=[0.2, 0.3, 0.5], student_real=[0.2, 0.3, 0.5])
    rates = summarise([teacher_alone, teacher_alone, both, other_classes]).rates
    assert rates is not None and rates.count == 4
    assert rates.teacher_flips == pytest.approx(2 / 3)
    assert (rates.student_flips, rates.disagree_before) == (1, 1)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), count=st.integers(0, 60))
def test_every_share_lies_between_none_and_all(seed: int, count: int) -> None:
    summary = summarise(made(count, seed=seed, hostile=True), LABELS)
    rates = [one.rates for group in (summary.by_class, summary.over_steps, summary.by_length) for one in group]
    for one in [*rates, *([summary.rates] if summary.rates else [])]:
        for share in (one.teacher_flips, one.student_flips, one.disagree_before, one.disagree):
            assert share is None or 0 <= share <= 1


def test_a_text_without_tokens_has_no_length() -> None:
    summary = summarise([said(), said(real_tokens=["a"] * 9, soft_tokens=["a"] * 9)])
    assert [(one.shortest, one.longest, one.rates.count) for one in summary.by_length] == [(9, 16, 1)]


def test_texts_that_became_the_same_are_counted() -> None:
    rewrites = [said(real=real, soft=soft) for real, soft in ("ax", "bx", "bx", "cy", "cy", "dz")]
    assert (summarise(rewrites).alike, summarise(rewrites[2:]).alike, summarise([]).alike) == (2, 0, 0)
    lot = made(500)
    originals: dict[str, set[str]] = {}
    for one in lot:
        originals.setdefault(one.soft, set()).add(one.real)
    assert summarise(lot).alike == len({real for reals in originals.values() if len(reals) > 1 for real in reals})


def test_the_first_word_of_a_text_is_no_piece_though_no_blank_stands_before_it() -> None:
    real = ["<s>", "Good", "Ġfilm", "s", "</s>", "</s>", "Fine", "</s>"]
    soft = ["<s>", "Bad", "Ġfilm", "ed", "</s>", "</s>", "Dull", "</s>"]
    words = summarise([said(real_tokens=real, soft_tokens=soft, drawn=[1, 3, 6])]).words
    assert words.kinds == {"word": {"word": 2}, "piece": {"piece": 1}}
    assert [word.token for word in words.replaced] == ["good", "-s", "fine"]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), count=st.integers(0, 60))
def test_hostile_records_can_be_summed_up_and_said_in_json(seed: int, count: int) -> None:
    summary = summarise(made(count, seed=seed, hostile=True), LABELS)
    told = json.loads(json.dumps(summary.as_json(), allow_nan=False))
    assert told["rewrites"] == summary.rewrites
    assert summary.rewrites >= summary.rated


def test_what_nobody_recorded_is_said_to_be_missing() -> None:
    bare = [replace(one, entropy=None, surprise=None, contrast=None, step=None, player="", why="") for one in made(50)]
    summary = summarise(bare)
    assert {summary.entropy, summary.surprise, summary.contrast, summary.perplexity} == {None}
    assert summary.over_steps and summary.rated == 50
    nothing = summarise([])
    assert {nothing.kl, nothing.rates, nothing.turns, nothing.unchanged_share} == {None} and nothing.words.drawn == 0


@given(st.lists(st.floats(0, 50), min_size=1, max_size=200))
def test_a_spread_is_that_of_the_numbers(numbers: list[float]) -> None:
    spreading = Spreading()
    for number in numbers:
        spreading.add(number)
    spread = spreading.spread()
    assert spread is not None and spread.count == len(numbers)
    assert spread.mean == pytest.approx(sum(numbers) / len(numbers))
    assert (spread.least, spread.most) == (min(numbers), max(numbers))
    ordered = sorted(numbers)
    for share, quantile in zip((0.25, 0.5, 0.75, 0.9), (*spread.quartiles, spread.ninety), strict=True):
        exact = ordered[max(0, math.ceil(share * len(ordered)) - 1)]
        assert quantile == pytest.approx(exact, rel=0.021, abs=2e-6)
    edges = (0.0, *EDGES, math.inf)
    assert list(spread.columns) == [sum(low <= one < high for one in numbers) for low, high in pairwise(edges)]


@given(st.lists(st.integers(0, 30), max_size=300), st.integers(4, 20))
# Again and again dropped, the same thing loses more than any one drop says.
@example(Random(0).choices(range(400), k=5000), 20)
def test_counts_are_never_too_high_and_known_to_be_nearly_right(things: list[int], most: int) -> None:
    counts: Counts[int] = Counts(most)
    for thing in things:
        counts.add(thing)
    exact = Counter(things)
    for thing, count in exact.items():
        assert counts[thing] <= count <= counts[thing] + counts.error
    if len(exact) <= most:
        assert counts.error == 0 and all(counts[thing] == count for thing, count in exact.items())
    assert len(counts.top(10**6)) <= most
