"""The models' transformer layers compiled by torch.compile, and a way back where that fails."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch._dynamo as dynamo
import torch._functorch.config as functorch
import torch._inductor.config as inductor
import torch.fx.experimental._config as symbolic
from torch import nn
from torch._dynamo.exc import TorchDynamoException
from torch._dynamo.utils import counters
from transformers import PreTrainedModel

from cilda.distill.beginning import Beginning
from cilda.distill.data import TokenizedRows
from cilda.distill.dry_turn import tried
from cilda.distill.step import Turns
from cilda.families import FAMILIES
from cilda.runs.writer import RunWriter

Backend = str | Callable[..., Any]
"""Who makes code of a layer's graph: a name that torch.compile knows, or a function of the graph and its inputs."""

# Teacher, student and generator share a layer's code, each in training and at rest, with gradients for weights, for
# activations or for none: cilda on one family makes 7 graphs, and more for single texts. Beyond the limit a layer is
# played as it is.
_MOST_GRAPHS = 32
_FEW = 3


def compile_layers(
    turns: Turns, rows: TokenizedRows, tell: Callable[[str], None], *, backend: Backend = "inductor"
) -> float | None:
    """Compiles every layer of the players, with lengths and texts left open, and plays a dry turn of each kind.

    The layers' own code alone is compiled, in place: hooks around it see all as before, names of weights stay as they
    are, and random numbers are drawn in the same order as without. Where it fails, all layers go back to how they were,
    and `tell` hears why, once; also later, in a way forward that is new. Gives the seconds that it took; None where
    nothing is compiled.
    """
    # Dynamo looks at the gradient of every input, also of those that are no leaves.
    warnings.filterwarnings("ignore", message="The .grad attribute of a Tensor that is not a leaf")
    dynamo.config.recompile_limit = _MOST_GRAPHS
    # Compiling here and not in processes of its own: nothing is left behind when a run is killed.
    inductor.compile_threads = 1
    # A gradient's norm term by term goes back over the same graph.
    functorch.donated_buffer = False
    # A batch of as many texts as tokens is no case of its own.
    symbolic.use_duck_shape = False
    players = turns.players
    models = [one.model for one in (players.teacher, players.student, players.generator) if one is not None]
    began = time.perf_counter()
    switch = _Switch(tell)
    layers = [layer for model in models if not _gives_attention(model) for layer in _layers(model)]
    if not layers:
        tell("no layer is compiled: all of them make attention maps, which compiled code would not let out")
        return None
    for layer in layers:
        switch.take(layer, backend)
    batch = rows.batch(list(range(min(_FEW, len(rows)))))
    try:
        for player in turns.players_in_turn:
            tried(turns, player, batch)
    except TorchDynamoException as error:
        # It was the way back that failed: the way forward is caught at the layer.
        switch.turn_off(error)
    return time.perf_counter() - began if switch.on else None


def compile_aloud(turns: Turns, rows: TokenizedRows, writer: RunWriter, beginning: Beginning) -> None:
    """Compiles the layers of a run that begins, and says so in its events."""

    def tell(what: str) -> None:
        writer.event("alert", level="warning", what=what, todo="")

    beginning.step("compiling the models' layers")
    seconds = compile_layers(turns, rows, tell)
    if seconds is not None:
        what = f"compiled the models' layers in {seconds:.0f} s; more is compiled where a turn needs it"
        writer.event("alert", level="info", what=what)


def graphs_made() -> int:
    """Graphs that this process has compiled so far."""
    return int(counters["stats"]["unique_graphs"])


class _Switch:
    """Whether layers are played compiled; off, they are as they were."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.on = True
        self._tell = tell
        self._layers: list[nn.Module] = []

    def take(self, layer: nn.Module, backend: Backend) -> None:
        """Puts the compiled code in the place of a layer's own."""
        layer.__dict__.pop("forward", None)
        layer.forward = _Forward(layer.forward, self, backend)
        self._layers.append(layer)

    def turn_off(self, error: BaseException) -> None:
        """Gives all layers their own code back."""
        if self.on:
            self.on = False
            # The first line often says only who complains.
            reason = " ".join(str(error).split("\n")[:2]).strip() or type(error).__name__
            self._tell(f"compiling failed, and the run goes on without: {reason}")
        for layer in self._layers:
            layer.__dict__.pop("forward", None)


class _Forward:
    """A layer's code, compiled; what cannot be compiled is played as it is, from then on."""

    def __init__(self, plain: Callable[..., Any], switch: _Switch, backend: Backend) -> None:
        self._plain = plain
        self._switch = switch
        options: dict[str, Any] = {"options": {"fallback_random": True}} if backend == "inductor" else {}
        self._compiled = torch.compile(plain, dynamic=True, backend=backend, **options)

    def __call__(self, *given: Any, **named: Any) -> Any:
        """What the layer gives."""
        if self._switch.on:
            try:
                return self._compiled(*given, **named)
            except TorchDynamoException as error:
                self._switch.turn_off(error)
        return self._plain(*given, **named)


def _gives_attention(model: PreTrainedModel) -> bool:
    """Attention maps are caught inside the layers, where compiled code would not let them out."""
    return bool(model.config._attn_implementation == "eager")  # noqa: SLF001


def _layers(model: PreTrainedModel) -> list[nn.Module]:
    return list(model.base_model.get_submodule(FAMILIES[model.config.model_type].layers).children())
