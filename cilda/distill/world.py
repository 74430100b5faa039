"""The processes that train one run together, each on a device of its own."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as group
from torch import Tensor, nn

from cilda.runs.control import RunStopped

T = TypeVar("T")

# A paused run waits in one of our messages; that a process has died, its launcher notices.
_PATIENCE = timedelta(days=7)
# Gradients are summed in pieces of so many numbers: copies of all at once would cost memory.
_PIECE = 32_000_000


class World:
    """The processes of a run. The main one alone hears requests, measures, and writes the run's files.

    What all of them decide alike, such as whose turn it is, needs no word; what only the main one can know reaches the
    others through `told`.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size
        self.heard: BaseException | None = None
        """The error of which all processes know, if there is one."""
        # Words go over the processors, whatever the devices use among themselves.
        self._words = group.new_group(backend="gloo", timeout=_PATIENCE) if size > 1 else None

    @property
    def main(self) -> bool:
        """Whether this process speaks for all."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there are no others."""
        return self.size == 1

    def told(self, say: Callable[[], T]) -> T:
        """What the main process gets from `say`, in all processes; where that raises, they all do.

        The others wait for it.
        """
        if self.alone:
            return say()
        if not self.main:
            return self._received()  # type: ignore[no-any-return]
        try:
            said = say()
        except Exception as error:
            self.heard = error
            self._send(_Raised(error))
            raise
        self._send(said)
        return said

    def leave(self, error: BaseException) -> None:
        """Tells the others why the main process has left, if they have not heard it, where they next wait for its word.

        Only a stop is told so: in every other case the process ends with a code for which its launcher ends them all.
        """
        if not self.alone and self.main and isinstance(error, RunStopped) and error is not self.heard:
            self._send(_Raised(error))

    def lost(self, error: BaseException) -> bool:
        """Whether an error tells that another process is no longer there."""
        broken = isinstance(error, group.DistError) or "gloo/transport" in str(error)
        return not self.alone and broken

    def gathered(self, own: T) -> list[T]:
        """What each process has, by rank."""
        if self.alone:
            return [own]
        # A stop that only the main process has heard of reaches the others here.
        self.told(lambda: None)
        found: list[Any] = [None] * self.size
        group.all_gather_object(found, own, group=self._words)
        return found

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """This process's items of a piece of work that all share."""
        return items[self.rank :: self.size]

    def together(self, shares: Sequence[Sequence[T]]) -> list[T]:
        """The items of all shares in their first order."""
        return [shares[place % self.size][place // self.size] for place in range(sum(map(len, shares)))]

    def add_up(self, tensors: Iterable[Tensor]) -> None:
        """Puts into each tensor, a float32 one, its sum over all processes."""
        if self.alone:
            return
        piece: list[Tensor] = []
        for tensor in tensors:
            if piece and sum(one.numel() for one in piece) + tensor.numel() > _PIECE:
                _add_up(piece)
                piece = []
            piece.append(tensor)
        _add_up(piece)

    def same(self, *modules: nn.Module | None) -> None:
        """Gives all processes the main one's weights."""
        if self.alone:
            return
        with torch.no_grad():
            for module in modules:
                for tensor in () if module is None else (*module.parameters(), *module.buffers()):
                    group.broadcast(tensor.data, 0)

    def seed_turn(self, seed: int, step: int) -> None:
        """Begins the random numbers that are a process's own, of dropout, anew for a turn.

        So they follow from the turn and the process alone, and no checkpoint need hold those of each. A process that
        is alone keeps its one long stream.
        """
        if not self.alone:
            mixed = hashlib.sha256(f"{seed} {step} {self.rank}".encode()).digest()
            torch.manual_seed(int.from_bytes(mixed[:8], "little"))

    def _send(self, said: object) -> None:
        message = b"" if said is None else _pickled(said)
        size = torch.tensor(len(message))
        group.broadcast(size, 0, group=self._words)
        if message:
            group.broadcast(torch.frombuffer(bytearray(message), dtype=torch.uint8), 0, group=self._words)

    def _received(self) -> Any:
        size = torch.tensor(0)
        group.broadcast(size, 0, group=self._words)
        if not size:
            return None
        message = torch.empty(int(size), dtype=torch.uint8)
        group.broadcast(message, 0, group=self._words)
        said = pickle.loads(message.numpy().tobytes())  # noqa: S301  our own main process wrote it
        if isinstance(said, _Raised):
            self.heard = said.error
            raise said.error
        return said


@dataclass(frozen=True)
class _Raised:
    error: Exception


def _pickled(said: object) -> bytes:
    try:
        return pickle.dumps(said)
    except (pickle.PicklingError, TypeError, AttributeError):
        if not isinstance(said, _Raised):
            raise
        return pickle.dumps(_Raised(RuntimeError(f"{type(said.error).__name__}: {said.error}")))


def _add_up(tensors: list[Tensor]) -> None:
    if not tensors:
        return
    flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
    group.all_reduce(flat)
    for tensor, summed in zip(tensors, flat.split([one.numel() for one in tensors]), strict=True):
        tensor.detach().copy_(summed.view_as(tensor))


ALONE = World()
_world = ALONE


def world() -> World:
    """The processes that this one works with: alone until it has joined others."""
    return _world


def join(*, cpu: bool) -> World:
    """Joins the processes that a launcher, such as accelerate or torchrun, has started together with this one."""
    global _world  # noqa: PLW0603  a process belongs to one world
    from accelerate import PartialState

    state = PartialState(cpu=cpu, timeout=_PATIENCE)
    _world = World(state.process_index, state.num_processes)
    return _world


def part() -> None:
    """Takes leave of the other processes."""
    global _world  # noqa: PLW0603  a process belongs to one world
    _world = ALONE
    group.destroy_process_group()
