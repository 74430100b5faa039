"""What a stage of a run will take: memory and time."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from cilda.distill.batch import Batch
from cilda.distill.batching import Batching
from cilda.distill.budget import Budget
from cilda.distill.data import TokenizedRows
from cilda.distill.dry_turn import step_seconds, tried, wait_for
from cilda.distill.fitting import Fit, fit, turn_of
from cilda.distill.memory import give_back
from cilda.distill.step import Turns
from cilda.distill.trainer_settings import TrainerSettings
from cilda.methods.recipe import Player

# A first turn of its kind and shape also pays for what is set up once.
_QUICK_SECONDS = 0.5
# Of an evaluation where time is short.
_FEW = 4


@dataclass(frozen=True)
class PlayerForecast:
    """The turns of one player."""

    turns: int
    seconds: float
    """A turn of usual length, its optimiser's step included."""
    largest_seconds: float | None
    """The turn of the longest texts; None where it does not fit."""


@dataclass(frozen=True)
class StageForecast:
    """The teacher's training or the student's."""

    stage: str
    fit: Fit
    micro_batch: int | None
    """Texts at once with which time was taken; None for whole batches."""
    runs: bool
    """Whether it will run: whole batches fit, or the parts in which it is to be played."""
    players: dict[Player, PlayerForecast]
    evaluations: int
    evaluation_seconds: float
    """One evaluation on all validation rows."""

    @property
    def seconds(self) -> float:
        """The whole stage, if nothing stops it early."""
        played = sum(player.turns * player.seconds for player in self.players.values())
        return played + self.evaluations * self.evaluation_seconds


def forecast(
    turns: Turns,
    train: TokenizedRows,
    validation: Mapping[str, TokenizedRows],
    settings: TrainerSettings,
    *,
    auto_batch: bool = False,
    held_states_bytes: int | None = None,
    budget: Budget | None = None,
) -> StageForecast:
    """Looks ahead by a few dry turns, which leave weights and random states as they are: about three turns' time.

    What the `budget` does not allow is not measured but reckoned from what was.

    Where the largest batch does not fit, `auto_batch` sets the micro-batch of `turns` to the largest that does.
    """
    budget = budget or Budget()
    budget.enter(settings.stage)
    sizes = [train.batch(positions) for positions in settings.own_batching.largest(train.lengths)]
    fits = [fit(turns, batch, states_bytes=held_states_bytes, budget=budget) for batch in sizes]
    found, largest = max(zip(fits, sizes, strict=True), key=lambda pair: pair[0].peak_bytes)
    if found.proposal is not None and auto_batch:
        turns.micro_batch = found.proposal
    micro_batch = turns.micro_batch if found.fits or auto_batch else found.proposal
    usual = usual_batch(train, settings.own_batching, settings.turn.seed)
    cycle = settings.cycle(turns.recipe)
    totals: dict[Player, int] = {"student": settings.total_turns, "generator": cycle.generator_total}
    players: dict[Player, PlayerForecast] = {}
    for player in turns.players_in_turn:
        step = step_seconds(turns.optimizers[player], turns.device)
        reckoned = found.seconds.get(player, 0.0) * usual.ids_BT.numel() / largest.ids_BT.numel()
        if not budget.allows(reckoned):
            seconds = reckoned
        elif found.fits or found.proposal is not None:
            budget.tell(f"{turn_of(player)} on usual texts, of {usual.ids_BT.shape[1]} tokens")
            trial = tried(turns, player, usual, micro_batch)
            if trial.seconds < _QUICK_SECONDS:
                trial = tried(turns, player, usual, micro_batch)
            seconds = trial.seconds
        else:
            seconds = found.seconds.get(player, 0.0)
        most = found.seconds.get(player) if found.fits else None
        players[player] = PlayerForecast(totals[player], seconds + step, None if most is None else most + step)
    # The way forward of one model is at most a third of a turn.
    text_seconds = players["student"].seconds / usual.size / 3
    forecasted = StageForecast(
        stage=settings.stage,
        fit=found,
        micro_batch=micro_batch,
        runs=found.fits or (found.proposal is not None and auto_batch),
        players=players,
        # The last one is of the best student, when all turns are done.
        evaluations=math.ceil(settings.total_turns / settings.evaluate_every) + 1,
        evaluation_seconds=_evaluation_seconds(turns, validation, settings, budget, text_seconds),
    )
    give_back(turns.device)
    return forecasted


def usual_batch(rows: TokenizedRows, batching: Batching, seed: int) -> Batch:
    """The batch of the first epoch that is nearest to the mean of all.

    In its padded length; where batches are measured in tokens, and all have about as many, in its number of texts.
    """
    batches = batching.epoch(rows.lengths, seed, 0)
    if batching.tokens is None:
        full = [batch for batch in batches if len(batch) == min(batching.texts, len(rows))]
        sizes = np.array([rows.lengths[batch].max() for batch in full])
        mean = sizes.mean()
    else:
        tokens = np.array([len(batch) * rows.lengths[batch].max() for batch in batches])
        full = [batch for batch, some in zip(batches, tokens, strict=True) if some >= np.median(tokens)]
        sizes = np.array([len(batch) for batch in full])
        mean = np.float64(len(rows) / len(batches))
    return rows.batch(full[int(np.abs(sizes - mean).argmin())])


def _evaluation_seconds(
    turns: Turns,
    validation: Mapping[str, TokenizedRows],
    settings: TrainerSettings,
    budget: Budget,
    text_seconds: float,
) -> float:
    """All validation rows, from one batch of each split, or from a few texts where time is short."""
    total = 0.0
    budget.tell("an evaluation")
    student, device = turns.players.student, turns.device
    for rows in validation.values():
        at_once = min(settings.evaluation_batch_size, len(rows))
        if not budget.allows(at_once * text_seconds):
            at_once = min(at_once, _FEW)
        if turns.micro_batch is not None:
            at_once = min(at_once, turns.micro_batch)
        middle = np.argsort(rows.lengths, kind="stable")[(len(rows) - at_once) // 2 :][:at_once]
        batch = rows.batch(middle.tolist()).to(device)
        with torch.no_grad():
            wait_for(device)
            began = time.perf_counter()
            student(batch)
            wait_for(device)
        total += (time.perf_counter() - began) * len(rows) / max(1, at_once) / settings.processes
    return total
