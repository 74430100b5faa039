"""Which layers a loss looks at, at present."""

from __future__ import annotations

import torch
from torch import Tensor

from cilda.methods.layer_maps import Pairs, layer_pairs


class LayerChoice:
    """The pairs of a layer map for two models; a map that is redrawn follows `enter`."""

    def __init__(self, spec: str, student_layers: int, teacher_layers: int, seed: int = 0) -> None:
        self._spec, self._depths, self._seed = spec, (student_layers, teacher_layers), seed
        self.pairs: Pairs = ()
        self.enter(0)

    def enter(self, epoch: int) -> None:
        """Takes the pairs of this epoch."""
        self.pairs = layer_pairs(self._spec, *self._depths, seed=self._seed, epoch=epoch)

    @property
    def student_places(self) -> list[int]:
        """The student's layers, each once, counted from 0."""
        return sorted({student - 1 for student, _ in self.pairs})

    @property
    def teacher_places(self) -> list[int]:
        """The teacher's layers, each once, counted from 0."""
        return sorted({teacher - 1 for _, teacher in self.pairs})

    def of_student(self, pooled_BLD: Tensor) -> Tensor:
        """The student's chosen layers side by side, float32, shape (B, layers · D)."""
        return _side_by_side(pooled_BLD, self.student_places)

    def of_teacher(self, pooled_BLD: Tensor) -> Tensor:
        """The teacher's chosen layers side by side, float32, shape (B, layers · D)."""
        return _side_by_side(pooled_BLD, self.teacher_places)


def at(layers: Tensor, places: list[int]) -> Tensor:
    """The layers at these places of the second axis, in this order, float32.

    An index would have to be sent to the device, and a GPU be waited for.
    """
    if places == list(range(layers.shape[1])):
        return layers.float()
    return torch.stack([layers.select(1, place) for place in places], dim=1).float()


def _side_by_side(pooled_BLD: Tensor, places: list[int]) -> Tensor:
    return at(pooled_BLD, places).flatten(1)
