"""Which texts are timed, and in which order."""

from __future__ import annotations

from functools import partial

import numpy as np

from cilda.distill.data import texts_to_time
from cilda.distill.handover.timing import ROUNDS, WARM_UP, timed


def test_texts_of_all_lengths_are_timed_the_longest_first() -> None:
    lengths_N = np.random.default_rng(0).permutation(1000)
    chosen = texts_to_time(lengths_N)
    timed_lengths = [int(lengths_N[row]) for row in chosen]
    assert len(chosen) == len(set(chosen)) == 50
    assert timed_lengths == sorted(timed_lengths, reverse=True)
    assert (timed_lengths[0], timed_lengths[-1]) == (999, 0)
    assert sorted(texts_to_time(np.array([3, 1, 2]))) == [0, 1, 2]


def test_models_take_turns_and_warm_up_before_each() -> None:
    heard: list[str] = []
    latencies = timed({name: [partial(heard.append, name)] * 10 for name in ("teacher", "student")})
    turn = WARM_UP + 10
    assert heard == (["teacher"] * turn + ["student"] * turn) * ROUNDS
    assert all(0 <= one.p50_ms <= one.p95_ms for one in latencies.values())
