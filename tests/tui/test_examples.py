"""Rewritten texts: what each says, and how many are kept."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from cilda_tui.examples import MOST_BYTES, MOST_EXAMPLES, Examples
from tests.tui.made_events import event


def augmentation(t: float = 1.0, **fields: Any) -> dict[str, Any]:
    told = {
        "turn": 50, "id": "train-7", "real": "a fine film", "soft": "a dull film", "real_tokens": ["a", "fine", "film"],
        "soft_tokens": ["a", "dull", "film"], "drawn": [1, 2], "label": 1, "teacher_real": [0.1, 0.9],
        "student_real": [0.2, 0.8], "teacher_soft": [0.9, 0.1], "student_soft": [0.4, 0.6], "kl_real": 0.01,
        "kl_soft": 0.51, **fields,
    }  # fmt: skip
    return event("augmentation", t, **told)


def test_what_an_example_says() -> None:
    examples = Examples()
    examples.take(augmentation())
    [example] = examples
    assert (example.key, example.changed, example.drawn) == ("50/train-7", (1,), (1, 2))
    assert (example.teacher_flips, example.student_flips) == (True, False)
    assert (example.disagree_real, example.disagree) == (False, True)
    assert example.gain == pytest.approx(0.5)
    assert not example.regression
    assert examples.newest is example


def test_in_regression_there_are_distances_and_no_flips() -> None:
    examples = Examples()
    told = {"teacher_real": 2.5, "student_real": 2.0, "teacher_soft": 1.0, "student_soft": 3.0}
    examples.take(augmentation(**told, gap_real=0.5, gap_soft=2.0, kl_real=None, kl_soft=None, label=2.4))
    [example] = examples
    assert example.regression
    assert (example.teacher_real, example.kl_real, example.kl_soft, example.gain) == ((2.5,), 0.5, 2.0, 1.5)
    assert not (example.teacher_flips or example.disagree)


def test_without_a_teacher_there_is_nobody_to_disagree() -> None:
    examples = Examples()
    examples.take(augmentation(teacher_real=None, teacher_soft=None, kl_real=None, kl_soft=None))
    [example] = examples
    assert (example.disagree, example.gain, example.teacher_real) == (False, None, ())


@pytest.mark.parametrize("field", ["real", "soft"])
def test_without_its_texts_there_is_no_example(field: str) -> None:
    examples = Examples()
    examples.take({**augmentation(), field: ["no text"]})
    assert len(examples) == 0
    assert examples.newest is None


def test_many_are_thinned_evenly_and_the_newest_are_all_there() -> None:
    examples = Examples()
    for number in range(20_000):
        examples.take(augmentation(float(number), turn=number))
    turns = [example.turn for example in examples]
    assert len(turns) <= MOST_EXAMPLES
    assert turns[-500:] == list(range(19_500, 20_000))
    gaps = {later - before for before, later in itertools.pairwise(turns)}
    assert turns[0] == 0 and max(gaps) <= 32
    assert examples.seen == 20_000


def test_long_texts_take_no_more_than_their_share_of_memory() -> None:
    examples = Examples()
    for number in range(300):
        examples.take(augmentation(float(number), real="x" * 90_000, soft="y" * 90_000, real_tokens=["z" * 150] * 500))
    assert sum(len(example.real) + len(example.soft) for example in examples) <= MOST_BYTES
    assert examples[-1].t == 299.0
    assert examples[-10:][0].t == 290.0


def test_a_text_without_end_is_cut() -> None:
    examples = Examples()
    examples.take(augmentation(real="x" * 4_000_000, real_tokens=["y" * 1_000_000] * 3))
    assert len(examples[0].real) == 100_000
    assert max(map(len, examples[0].real_tokens)) == 200


def test_those_that_were_there_at_a_time_though_the_clock_was_set_back() -> None:
    examples = Examples()
    for t, turn in ((10.0, 1), (20.0, 2), (15.0, 3), (30.0, 4)):
        examples.take(augmentation(t, turn=turn))
    assert [example.turn for example in examples.until(25.0)] == [1, 2, 3]
    assert [example.turn for example in examples.until(12.0)] == [1]
    assert examples.until(5.0) == []
