"""What becomes of a turn for which memory did not suffice."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable

import torch

from cilda.distill.batch import Batch
from cilda.distill.checkpoint import random_states, restore_random_states
from cilda.distill.parts import part_sizes
from cilda.distill.step import TurnResult, Turns
from cilda.errors import CildaError
from cilda.methods.recipe import Player

# What torch's allocator on the CPU says where the system refuses it memory, there as a plain RuntimeError.
_REFUSALS = ("DefaultCPUAllocator", "not enough memory", "can't allocate memory", "CUDA out of memory")

AlertWriter = Callable[[str, int], None]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or on the CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _REFUSALS)


def play_within_memory(
    turns: Turns,
    player: Player,
    batch: Batch,
    *,
    norms_by_term: bool = False,
    auto_batch: bool = False,
    tell: AlertWriter | None = None,
) -> TurnResult:
    """A player's turn. Where memory runs out, with `auto_batch` it is played again with half the micro-batch.

    The second try begins with the random numbers of the first, so that it is the turn that a run begun with the smaller
    micro-batch would have played; `turns` keeps that from then on. `tell` gets each change in words, with the new size.

    Raises:
        CildaError: memory ran out, and no smaller part may be tried: without `auto_batch`, at one text at once, or when
            weights had begun to move.
    """
    while True:
        before = random_states(turns.random) if auto_batch else None
        try:
            play = turns.student if player == "student" else turns.generator
            return play(batch, norms_by_term=norms_by_term)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            at_once = part_sizes(batch.size, turns.micro_batch)[0]
            if before is None or turns.moved or at_once == 1:
                raise _refusal(turns, player, batch, at_once, auto_batch=auto_batch) from error
            # The frames of the failed turn hold its tensors.
            traceback.clear_frames(error.__traceback__)
        release(turns)
        restore_random_states(before, turns.random)
        turns.micro_batch = smaller(at_once)
        if tell is not None:
            tell(
                f"memory ran out in a turn of the {player} at {at_once} texts at once: repeated, "
                f"and from here on {turns.micro_batch}",
                turns.micro_batch,
            )


def smaller(at_once: int) -> int:
    """Half as many texts at once, rounded up."""
    return -(-at_once // 2)


def release(turns: Turns) -> None:
    """Drops gradients, and gives back what torch's allocator keeps."""
    for optimizer in turns.optimizers.values():
        for weight in optimizer.parameters:
            weight.grad = None
    turns.clock.take()
    gc.collect()
    if turns.device.type == "cuda":
        torch.cuda.empty_cache()


def _refusal(turns: Turns, player: Player, batch: Batch, at_once: int, *, auto_batch: bool) -> CildaError:
    texts = "1 text" if at_once == 1 else f"{at_once} texts"
    what = f"memory ran out in a turn of the {player}: {texts} at once of {batch.ids_BT.shape[1]} tokens"
    if turns.moved:
        return CildaError(
            f"{what}, in the optimiser's step, which cannot be repeated",
            f"go on from the last checkpoint, with --micro-batch {smaller(at_once)} or where there is more memory",
        )
    if at_once == 1:
        return CildaError(what, "a shorter --max-length, a smaller student or generator, or a larger device")
    if auto_batch:
        return CildaError(what, f"give --micro-batch {smaller(at_once)}")
    return CildaError(
        f"{what}, of a batch of {batch.size}",
        f"--auto-batch plays it in smaller parts by itself; --micro-batch {smaller(at_once)} names their size",
    )
