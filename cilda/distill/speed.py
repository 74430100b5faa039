"""How fast turns go on this machine, by precision and batch, and how much of its arithmetic they use."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from cilda.distill.batch import Batch
from cilda.distill.batching import Batching
from cilda.distill.clock import Clock
from cilda.distill.data import TokenizedRows
from cilda.distill.dry_turn import dry, state_bytes, step_seconds, wait_for
from cilda.distill.fitting import usable_bytes
from cilda.distill.memory import give_back, measured, room
from cilda.distill.out_of_memory import is_out_of_memory
from cilda.distill.schedule import Cycle
from cilda.distill.stage_forecast import usual_batch
from cilda.distill.step import Turns
from cilda.methods.recipe import Player

# A turn is played again until this long has gone by, or so often.
_SECONDS = 1.0
_TIMES = 10
# Square matrices that fill a device, and fit into its caches as well as those of models do.
_MATRIX = {"cpu": 1024, "cuda": 8192}
_PRODUCTS = 5
# A larger batch that brings less is not looked for.
_WORTH = 1.03


@dataclass(frozen=True)
class TurnSpeed:
    """The turns of one player."""

    seconds: float
    """One turn, its optimiser's step included: the median of several."""
    texts_per_second: float
    shares: dict[str, float]
    """Of its time, by part, together 1."""
    flops: int
    """Floating-point operations of its matrix products, forward and backward."""
    utilisation: float
    """Those a second, as a share of what a large matrix product of the same precision reaches here."""


@dataclass(frozen=True)
class Speed:
    """Turns in one precision with one batch."""

    precision: str
    batch_size: int
    tokens_per_batch: int | None
    """The measure that was asked for; None where it was a number of texts."""
    length: int
    """Tokens to which the batch is padded: that of training nearest to the mean."""
    turns: dict[Player, TurnSpeed]
    texts_per_second: float
    """Texts that the student learns from, the generator's turns counted in."""
    peak_bytes: int
    """The most that the process held on the device, with what the optimisers will keep."""

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Machine:
    """What the device reaches when nothing holds it up."""

    device: str
    flops_per_second: dict[str, float]
    """Of a large matrix product, by precision."""
    limit_bytes: int


def machine(device: torch.device, precisions: Sequence[str]) -> Machine:
    """Measures the device by itself."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    rates = {precision: product_rate(device, _dtype(precision)) for precision in precisions}
    return Machine(name, rates, room(device).limit_bytes)


def speeds(
    turns: Turns,
    rows: TokenizedRows,
    sizes: Sequence[Batching],
    here: Machine,
    cycle: Cycle,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Speed]:
    """Dry turns in each precision that was measured, with batches of rising size while they fit and are worth it.

    Nothing moves: weights and random states are as they were. `tell` gets what is being done in words.
    """
    for precision, rate in here.flops_per_second.items():
        best, last = 0.0, None
        for size in sizes:
            whole = size.texts > len(rows) if size.tokens is None else size.tokens > rows.lengths.sum()
            if whole or (last is not None and not _will_fit(*last, size, here, turns)):
                break
            tell(f"{precision}, {size} a turn")
            try:
                batch = usual_batch(rows, size, turns.settings.seed)
                found = _speed(turns, batch, size, precision, rate, cycle)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                break
            yield found
            if last is not None and found.texts_per_second < _WORTH * best:
                break
            best, last = max(best, found.texts_per_second), (found, size)


def advised(found: Sequence[Speed]) -> Speed:
    """The fastest; of those as fast as it, within the noise, the one with the smallest batch."""
    most = max(speed.texts_per_second for speed in found)
    near = [speed for speed in found if speed.texts_per_second * _WORTH >= most]
    return min(near, key=lambda speed: (speed.batch_size, -speed.texts_per_second))


def _speed(turns: Turns, batch: Batch, size: Batching, precision: str, rate: float, cycle: Cycle) -> Speed:
    with dry(turns, turns.micro_batch) as still, measured(turns.device) as peak:
        still.settings = replace(turns.settings, bfloat16=precision == "bfloat16")
        found = {player: _turn_speed(still, turns, player, batch, rate) for player in turns.players_in_turn}
    often: dict[Player, float] = {"student": 1.0, "generator": cycle.generator_turns / cycle.student_turns}
    seconds = sum(turn.seconds * often[player] for player, turn in found.items())
    peak_bytes = peak.bytes + state_bytes(turns.optimizers)
    length = batch.ids_BT.shape[1]
    return Speed(precision, batch.size, size.tokens, length, found, batch.size / seconds, peak_bytes)


def _turn_speed(still: Turns, turns: Turns, player: Player, batch: Batch, rate: float) -> TurnSpeed:
    play = still.student if player == "student" else still.generator
    # The first turn also pays for what is set up once; it is the one that is counted.
    with counted() as counter:
        play(batch)
    flops = counter.get_total_flops()
    still.clock = _WaitingClock(turns.device)
    taken: list[float] = []
    while len(taken) < _TIMES and (not taken or sum(taken) < _SECONDS):
        began = time.perf_counter()
        play(batch)
        wait_for(turns.device)
        taken.append(time.perf_counter() - began)
    parts = still.clock.take()
    step = step_seconds(turns.optimizers[player], turns.device)
    parts["optimizer"] = parts.get("optimizer", 0.0) + step * len(taken)
    seconds = statistics.median(taken) + step
    shares = {part: value / sum(parts.values()) for part, value in parts.items()}
    return TurnSpeed(seconds, batch.size / seconds, shares, flops, flops / seconds / rate)


class _WaitingClock(Clock):
    """A clock that waits for the device, so that each part's own work counts under its name."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Counts the time while open under `part`, until the device has done it."""
        with super().__call__(part):
            yield
            wait_for(self._device)


def counted() -> FlopCounterMode:
    """A counter that knows the attention of a CPU, too."""

    def forward(query: Any, key: Any, value: Any, *_: object, **__: object) -> int:
        return int(sdpa_flop_count(query, key, value))

    def backward(grad: Any, query: Any, key: Any, value: Any, *_: object, **__: object) -> int:
        return int(sdpa_backward_flop_count(grad, query, key, value))

    aten = torch.ops.aten
    return FlopCounterMode(
        display=False,
        custom_mapping={
            aten._scaled_dot_product_flash_attention_for_cpu: forward,  # noqa: SLF001  so torch calls it
            aten._scaled_dot_product_flash_attention_for_cpu_backward: backward,  # noqa: SLF001
        },
    )


def product_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of a product of square matrices; the best of a few."""
    n = _MATRIX[device.type]
    left, right = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    taken = []
    for _ in range(_PRODUCTS):
        wait_for(device)
        began = time.perf_counter()
        left @ right
        wait_for(device)
        taken.append(time.perf_counter() - began)
    give_back(device)
    return 2 * n**3 / min(taken)


def _dtype(precision: str) -> torch.dtype:
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _will_fit(last: Speed, had: Batching, size: Batching, here: Machine, turns: Turns) -> bool:
    """Whether a larger batch is foretold to fit: what grows grows with the texts."""
    times = size.texts / had.texts if size.tokens is None or had.tokens is None else size.tokens / had.tokens
    return last.peak_bytes * times <= usable_bytes(here.limit_bytes, turns.device)
