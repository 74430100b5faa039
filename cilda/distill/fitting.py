"""Whether a stage's largest batch fits into memory, and how much of it does."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from cilda.distill.batch import Batch
from cilda.distill.budget import Budget
from cilda.distill.dry_turn import Trial, gradient_bytes, state_bytes, tried
from cilda.distill.memory import give_back, room
from cilda.distill.out_of_memory import is_out_of_memory, smaller
from cilda.distill.parts import batch_parts, part_sizes
from cilda.distill.step import Turns
from cilda.methods.recipe import Player

# Allocators waste some, and a run is not alone on its machine. On a CPU evaluations and what was loaded before count as
# well: a run of MiniLM took 16 % more than its turns alone.
USABLE_ON_GPU = 0.9
USABLE_ON_CPU = 0.8
_FEW = 4
# What a few texts foretell is a guess: nearer than this to the limit it is measured, however long that takes.
_CERTAIN = 0.75


@dataclass(frozen=True)
class Fit:
    """What the largest turn takes, and what may be taken."""

    texts: int
    """In the largest batch."""
    length: int
    """Tokens of the longest text, to which the batch is padded."""
    at_once: int
    """Texts at once that were asked for."""
    peak_bytes: int
    """The most that the process will hold on the device, the optimisers' states among it."""
    limit_bytes: int
    """The most that it could hold; some of that should stay free."""
    fits: bool
    measured: bool
    """Whether the largest turns were played; else they were foretold from small ones, and so is their time."""
    proposal: int | None
    """Where it does not fit: the most texts at once that do. None where nothing helps, or nothing need."""
    seconds: dict[str, float]
    """By player: the largest turn."""


def fit(turns: Turns, largest: Batch, *, states_bytes: int | None = None, budget: Budget | None = None) -> Fit:
    """Plays one dry turn of each kind on the largest batch that can come, as far as memory allows.

    On a CPU, where asking for too much may kill the process, a few texts are played first, and all of them only where
    they are foretold to fit. `states_bytes` is what optimisers will still take; by default the states of all of them.
    Where the `budget` does not allow the largest turns, and they are foretold to fit easily, they are left at that.
    """
    states = state_bytes(turns.optimizers) if states_bytes is None else states_bytes
    give_back(turns.device)
    limit = room(turns.device).limit_bytes
    at_once = part_sizes(largest.size, turns.micro_batch)[0]
    search = _on_gpu if turns.device.type == "cuda" else _on_cpu
    return search(turns, largest, at_once, states, limit, budget or Budget())


def _on_gpu(turns: Turns, largest: Batch, at_once: int, states: int, limit: int, budget: Budget) -> Fit:
    """On a GPU running out is an error like another: sizes are tried until one fits."""
    asked: tuple[int, bool, dict[str, float]] = (0, False, {})
    for texts in _sizes(at_once):
        peak = limit + 1
        seconds: dict[str, float] = {}
        try:
            trials = _trials(turns, largest if texts == at_once else _two_parts(largest, texts), texts, budget)
            peak = max(trial.peak_bytes for trial in trials) + states
            seconds.update({trial.player: trial.seconds for trial in trials})
        except torch.OutOfMemoryError:
            # Told below: more than there is. What failed may hold itself in circles; seeking them takes 0.3 s.
            gc.collect()
        fits = peak <= USABLE_ON_GPU * limit
        if texts == at_once:
            asked = (peak, fits, seconds)
        if fits:
            break
    else:
        texts = 0
    peak, fits, told = asked
    proposal = None if fits or not texts else texts
    return Fit(largest.size, largest.ids_BT.shape[1], at_once, peak, limit, fits, bool(told), proposal, told)


def _on_cpu(turns: Turns, largest: Batch, at_once: int, states: int, limit: int, budget: Budget) -> Fit:
    """On a CPU the largest turn is played only if one of few texts foretells that it fits."""
    usable = USABLE_ON_CPU * limit
    length = largest.ids_BT.shape[1]
    slopes: list[tuple[int, int, float, int]] = []
    seconds: dict[str, float] = {}
    try:
        for player in turns.players_in_turn:
            (one,) = _trials(turns, batch_parts(largest, [1])[0], 1, budget, player)
            few = min(_FEW if budget.allows(_FEW * one.seconds) else 2, at_once)
            (some,) = _trials(turns, batch_parts(largest, [few])[0], few, budget, player)
            slope = max(0.0, (some.peak_bytes - one.peak_bytes) / (few - 1)) if few > 1 else 0.0
            slopes.append((few, some.peak_bytes, slope, gradient_bytes(turns.optimizers[player])))
            seconds[player] = some.seconds / few * largest.size
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return Fit(
            largest.size, length, at_once, limit + 1, limit, fits=False, measured=False, proposal=None, seconds={}
        )

    def foretold(texts: int) -> int:
        in_parts = texts < largest.size
        return states + max(
            int(peak + slope * (texts - few)) + (gradient if in_parts else 0) for few, peak, slope, gradient in slopes
        )

    peak = foretold(at_once)
    fits = peak <= usable
    measured = fits and (peak > _CERTAIN * usable or budget.allows(sum(seconds.values())))
    if measured:
        try:
            trials = _trials(turns, largest, at_once, budget)
            peak = max(trial.peak_bytes for trial in trials) + states
            seconds = {trial.player: trial.seconds for trial in trials}
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            peak = limit + 1
        fits = peak <= usable
    proposal = None if fits else next((texts for texts in _sizes(at_once) if foretold(texts) <= usable), None)
    if proposal == at_once:
        # Foretold to fit, and measured that it does not.
        proposal = smaller(at_once) if at_once > 1 else None
    return Fit(largest.size, length, at_once, peak, limit, fits, measured, proposal, seconds)


def _trials(turns: Turns, batch: Batch, texts: int, budget: Budget, *players: Player) -> list[Trial]:
    """A dry turn of each player, so many texts at once; of all players if none are named."""
    trials = []
    for player in players or turns.players_in_turn:
        texts_of = f"{batch.size} text{'' if batch.size == 1 else 's'} of {batch.ids_BT.shape[1]} tokens"
        budget.tell(f"{turn_of(player)} on {texts_of}")
        trials.append(tried(turns, player, batch, texts))
    return trials


def turn_of(player: Player) -> str:
    """A player's turn in words: whoever learns in a stage plays the student's part."""
    return "a turn" if player == "student" else f"a turn of the {player}"


def usable_bytes(limit_bytes: int, device: torch.device) -> float:
    """What of the memory that can be had should be taken at most."""
    return (USABLE_ON_GPU if device.type == "cuda" else USABLE_ON_CPU) * limit_bytes


def _two_parts(largest: Batch, texts: int) -> Batch:
    """Enough texts for two parts: while the second is played, the first's gradient is there."""
    return batch_parts(largest, [min(largest.size, 2 * texts)])[0]


def _sizes(at_once: int) -> Iterator[int]:
    """The size asked for, then half of it, down to one."""
    yield at_once
    while at_once > 1:
        at_once = smaller(at_once)
        yield at_once
