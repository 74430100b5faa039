from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from cilda.distill.out_of_memory import is_out_of_memory, play_within_memory
from cilda.distill.step import Turns, TurnSettings
from cilda.errors import CildaError
from cilda.methods import METHODS
from tests.tiny_players import tiny_batch, tiny_players, tiny_turns


def small_device(turns: Turns, texts: int) -> None:
    """Makes the student's encoder run out of memory on more than so many texts."""

    def refuse(_module: nn.Module, _inputs: Any, keywords: dict[str, Any]) -> None:
        given = keywords.get("input_ids")
        rows = len(keywords["inputs_embeds"] if given is None else given)
        if rows > texts:
            raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {rows} texts")

    turns.players.student.model.register_forward_pre_hook(refuse, with_kwargs=True)


def turns_of(name: str, micro_batch: int | None = None) -> Turns:
    """Turns without dropout."""
    players = tiny_players("bert", METHODS[name], dropout=False)
    return tiny_turns("bert", METHODS[name], players=players, settings=TurnSettings(0, micro_batch=micro_batch))


def play(turns: Turns, told: list[tuple[str, int]] | None = None) -> None:
    """Two cycles on changing batches, with --auto-batch."""
    torch.manual_seed(0)
    for texts in (8, 7, 5, 8):
        for player in turns.players_in_turn:
            play_within_memory(
                turns,
                player,
                tiny_batch("bert", texts),
                auto_batch=True,
                tell=lambda what, size: told.append((what, size)) if told is not None else None,
            )


@pytest.mark.parametrize("name", METHODS)
def test_a_turn_that_ran_out_is_repeated_as_if_it_had_begun_with_the_smaller_part(name: str) -> None:
    # A student that sees text and rewrite sees two rows for each text.
    rows = 4 if METHODS[name].needs_generator else 2
    tight, begun_small = turns_of(name), turns_of(name, micro_batch=2)
    small_device(tight, rows)
    told: list[tuple[str, int]] = []
    play(tight, told)
    if tight.players_in_turn[0] == "generator":
        # The generator's turns look at one row for each text, and had room for more until the student's.
        assert [size for _, size in told] == [4, 2]
        begun_small = turns_of(name, micro_batch=4)
        small_device(begun_small, rows)
    play(begun_small)
    assert tight.micro_batch == 2
    for one, other in zip(tight.players.student.parameters(), begun_small.players.student.parameters(), strict=True):
        assert torch.equal(one, other)
    assert "memory ran out" in told[0][0] and "from here on 4" in told[0][0]


def test_without_auto_batch_the_words_name_the_batch_and_the_way_out() -> None:
    turns = turns_of("kd")
    small_device(turns, 4)
    with pytest.raises(CildaError) as refused:
        play_within_memory(turns, "student", tiny_batch("bert", 8))
    assert "8 texts at once" in refused.value.what
    assert "--auto-batch" in refused.value.todo and "--micro-batch 4" in refused.value.todo
    assert turns.micro_batch is None


def test_at_one_text_there_is_nothing_left_to_halve() -> None:
    turns = turns_of("kd")
    small_device(turns, 0)
    with pytest.raises(CildaError, match="1 text at once"):
        play_within_memory(turns, "student", tiny_batch("bert", 8), auto_batch=True)


def test_a_turn_whose_weights_may_have_moved_is_not_repeated() -> None:
    turns = turns_of("kd")
    step = turns.optimizers["student"].step

    def run_out() -> torch.Tensor:
        step()
        raise torch.OutOfMemoryError("CUDA out of memory")

    turns.optimizers["student"].step = run_out  # type: ignore[method-assign]
    with pytest.raises(CildaError, match="optimiser's step") as refused:
        play_within_memory(turns, "student", tiny_batch("bert", 8), auto_batch=True)
    assert "last checkpoint" in refused.value.todo
    assert turns.micro_batch is None


def test_another_error_is_not_taken_for_a_lack_of_memory() -> None:
    turns = turns_of("kd")

    def break_down(_module: nn.Module, _inputs: Any) -> None:
        raise RuntimeError("the size of tensor a must match the size of tensor b")

    turns.players.student.register_forward_pre_hook(break_down)
    with pytest.raises(RuntimeError, match="must match"):
        play_within_memory(turns, "student", tiny_batch("bert", 8), auto_batch=True)


def test_what_the_allocator_of_the_cpu_says_is_known() -> None:
    # More than any machine's address space: refused at once, nothing is touched.
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**50, dtype=torch.float64)
    assert is_out_of_memory(refused.value)
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("not enough memory"))
