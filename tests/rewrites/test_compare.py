from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from cilda.rewrites.compare import compare, sign_test
from tests.rewrites.test_summary import by_lot, made


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_sign_test_is_the_exact_one(higher: int, lower: int) -> None:
    expected = 1.0 if higher + lower == 0 else binomtest(higher, higher + lower).pvalue
    assert sign_test(higher, lower) == pytest.approx(expected, rel=1e-9)


def test_thousands_of_texts_do_not_overflow() -> None:
    assert sign_test(50_000, 50_000) == pytest.approx(1, abs=0.01)
    assert 0 <= sign_test(60_000, 40_000) < 1e-300


def test_the_stronger_generator_is_found_on_the_texts_that_both_rewrote() -> None:
    one = by_lot(made(2000, seed=1))
    other = [replace(rewrite, kl_soft=(rewrite.kl_soft or 0) / 2, soft=rewrite.soft + "!") for rewrite in one[:1500]]
    found = compare(one, other)
    assert found.shared is not None and found.one.rewrites == len(one)
    texts = {rewrite.real for rewrite in other}
    assert found.shared.texts == len(texts)
    means = {}
    for name, side in (("one", one), ("other", other)):
        by_text: dict[str, list[float]] = {}
        for rewrite in side:
            if rewrite.real in texts:
                by_text.setdefault(rewrite.real, []).append(rewrite.kl_soft or 0)
        means[name] = {real: sum(kl) / len(kl) for real, kl in by_text.items()}
    assert found.shared.kl_one == pytest.approx(sum(means["one"].values()) / len(texts))
    assert found.shared.difference == pytest.approx(found.shared.kl_one - found.shared.kl_other)
    assert found.shared.one_higher == sum(means["one"][real] > means["other"][real] for real in texts)
    assert found.shared.p < 1e-6 and found.shared.one_higher > found.shared.other_higher
    gaps = [abs(means["one"][example.real] - means["other"][example.real]) for example in found.shared.examples]
    assert gaps == sorted(gaps, reverse=True) and len(gaps) == 5
    assert all(example.other.soft.endswith("!") for example in found.shared.examples)
    json.dumps(found.as_json(), allow_nan=False)


def test_the_same_run_twice_differs_in_nothing() -> None:
    rewrites = made(300)
    found = compare(rewrites, rewrites)
    assert found.one == found.other and found.shared is not None
    assert (found.shared.difference, found.shared.p, found.shared.one_higher) == (0, 1, 0)


def test_runs_without_a_common_text_are_told_apart_alone() -> None:
    one, other = made(50), [replace(rewrite, real=rewrite.real + " other") for rewrite in made(50)]
    found = compare(one, other)
    assert found.shared is None and found.one.texts > 0
    silent = [replace(rewrite, kl_soft=None) for rewrite in one]
    assert compare(silent, silent).shared is None
    empty = compare([], [])
    assert (empty.one.rewrites, empty.one.rates, empty.one.kl, empty.shared) == (0, None, None, None)


def test_more_rewrites_of_a_text_are_no_more_disagreement() -> None:
    disagree = [replace(one, teacher_soft=(0.9, 0.1), student_soft=(0.1, 0.9)) for one in by_lot(made(40))]
    agree = [replace(one, teacher_soft=(0.9, 0.1), student_soft=(0.9, 0.1)) for one in disagree]
    found = compare([*disagree, *agree, *agree, *agree], [*disagree, *agree]).shared
    assert found is not None
    assert found.disagree_one == pytest.approx(0.25) and found.disagree_other == pytest.approx(0.5)


def test_what_was_recorded_for_its_disagreement_is_never_set_beside_what_nobody_chose() -> None:
    lot = [replace(one, why="sample") for one in made(60)]
    chosen = [replace(one, why="disagreement") for one in made(60)]
    found = compare([*lot[:30], *chosen[:20]], chosen)
    assert (found.one.rewrites, found.other.rewrites) == (20, 60)
    assert compare([*lot[:30], *chosen[:20]], [*lot, *chosen]).one.rewrites == 30
    assert compare(lot, []).one.rewrites == 60


@given(st.integers(0, 50), st.integers(0, 50))
def test_hostile_records_can_be_compared_and_said_in_json(seed: int, other_seed: int) -> None:
    found = compare(made(30, seed=seed, hostile=True), made(30, seed=other_seed, hostile=True))
    json.dumps(found.as_json(), allow_nan=False)
    assert found.shared is None or math.isfinite(found.shared.difference)
