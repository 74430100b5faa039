"""The examples of a report: the same for the same run, whatever its size."""

from __future__ import annotations

from itertools import islice

from cilda.rewrites.rewrite import Rewrite, rewrite_of
from cilda_tui.report.chosen import Chooser
from tests.rewrites.made_rewrites import made_events


def made(count: int, *, hostile: bool = False) -> list[Rewrite]:
    return [found for event in made_events(count, hostile=hostile) if (found := rewrite_of(event)) is not None]


def test_the_largest_gains_come_first() -> None:
    rewrites, chooser = made(300), Chooser(5)
    assert list(chooser.passing(rewrites)) == rewrites
    gains = sorted((rewrite.gain for rewrite in rewrites if rewrite.gain is not None), reverse=True)
    assert [rewrite.gain for rewrite in chooser.examples.gained] == gains[:5]


def test_flips_are_flips_and_are_counted() -> None:
    rewrites, chooser = made(300), Chooser(4)
    list(chooser.passing(rewrites))
    flips = [rewrite for rewrite in rewrites if rewrite.teacher_flips or rewrite.student_flips]
    assert chooser.examples.flips == len(flips)
    assert len(chooser.examples.flipped) == 4
    assert all(rewrite in flips for rewrite in chooser.examples.flipped)


def test_few_rewrites_are_all_there() -> None:
    chooser = Chooser(12)
    rewrites = list(chooser.passing(made(7)))
    assert list(chooser.examples.drawn) == rewrites
    assert chooser.examples.seen == 7


def test_the_same_run_gives_the_same_examples_from_its_whole_length() -> None:
    one, other = Chooser(12), Chooser(12)
    for chooser in (one, other):
        list(chooser.passing(made(2000)))
    assert one.examples == other.examples
    turns = [rewrite.turn for rewrite in one.examples.drawn]
    whole = [rewrite.turn for rewrite in made(2000)]
    assert turns == sorted(turns)
    assert turns[0] < whole[1000] < turns[-1]


def test_every_place_is_drawn_as_often_as_any_other() -> None:
    first = made(1)[0]
    drawn = [0] * 40
    for seed in range(400):
        chooser = Chooser(4)
        chooser._drawn._random.seed(seed)
        rewrites = [
            Rewrite(**{name: getattr(first, name) for name in first.__slots__} | {"turn": turn}) for turn in range(40)
        ]
        list(chooser.passing(rewrites))
        for rewrite in chooser.examples.drawn:
            drawn[rewrite.turn] += 1
    # 40 each are to be expected; five standard deviations are 30.
    assert max(drawn) < 70 and min(drawn) > 10


def test_strange_numbers_choose_nothing() -> None:
    chooser = Chooser(3)
    list(chooser.passing(made(100, hostile=True)))
    assert all(rewrite.gain is not None and rewrite.gain < float("inf") for rewrite in chooser.examples.gained)
    assert list(islice(chooser.passing([]), 1)) == []
