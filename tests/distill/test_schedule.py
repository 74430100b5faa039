from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.distill.schedule import Cycle, default_epochs, default_learning_rate, linear_rate, phased_rate


def played(cycle: Cycle) -> str:
    """The whole order of turns, a letter each."""
    done = {"generator": 0, "student": 0}
    order = ""
    while (player := cycle.player(done["generator"], done["student"])) is not None:
        done[player] += 1
        order += player[0]
    return order


def test_the_generator_begins_each_cycle() -> None:
    assert played(Cycle(total=7, generator_turns=2, student_turns=3)) == "ggsssggsssggs"


def test_without_a_generator_there_are_student_turns_only() -> None:
    assert played(Cycle(total=4, generator_turns=0, student_turns=3)) == "ssss"


def test_the_defaults_are_ten_and_a_hundred() -> None:
    assert played(Cycle(total=150)) == "g" * 10 + "s" * 100 + "g" * 10 + "s" * 50


@given(total=st.integers(1, 60), generator_turns=st.integers(0, 5), student_turns=st.integers(1, 9))
def test_turns_add_up(total: int, generator_turns: int, student_turns: int) -> None:
    cycle = Cycle(total, generator_turns, student_turns)
    order = played(cycle)
    assert order.count("s") == total
    assert order.count("g") == cycle.generator_total
    assert order.endswith("s")


def test_the_rate_by_calculator() -> None:
    # Ten turns, two of them warm-up: a third, two thirds, then eight eighths down to one.
    rates = [linear_rate(turn, 10, 0.2) for turn in range(10)]
    assert rates == pytest.approx([1 / 3, 2 / 3, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])


@given(total=st.integers(1, 500), warmup_fraction=st.floats(0, 1))
def test_the_rate_rises_then_falls_and_no_turn_is_lost(total: int, warmup_fraction: float) -> None:
    rates = [linear_rate(turn, total, warmup_fraction) for turn in range(total)]
    assert all(0 < rate <= 1 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_epochs_by_the_number_of_rows() -> None:
    """In turns of 32 texts: RTE 78, CoLA 268, SST-2 2,105, MNLI 12,272."""
    assert [default_epochs(turns) for turns in (1, 78, 268, 600, 2105, 12272)] == [20, 20, 20, 10, 3, 3]


def test_learning_rates_by_width() -> None:
    rates = [default_learning_rate(width) for width in (128, 384, 768, 1024, 4096)]
    assert rates == pytest.approx([5e-4, 8e-5, 2e-5, 1.125e-5, 1e-5])


def test_the_generator_rests_when_nobody_reads_it_any_more() -> None:
    assert played(Cycle(total=7, generator_turns=1, student_turns=2, generator_until=3)) == "gssgsssss"
    assert played(Cycle(total=3, generator_turns=1, student_turns=2, generator_until=0)) == "sss"


def test_a_second_phase_has_a_warm_up_and_a_decay_of_its_own() -> None:
    rates = [phased_rate(turn, 10, 0.2, 6) for turn in range(10)]
    assert rates[:6] == [linear_rate(turn, 6, 0.2) for turn in range(6)]
    assert rates[6:] == [linear_rate(turn, 4, 0.2) for turn in range(4)]
    assert [phased_rate(turn, 10, 0.2, None) for turn in range(10)] == [
        linear_rate(turn, 10, 0.2) for turn in range(10)
    ]
