"""What a teacher said of rows, in files of so many rows each: whole or not there, and read where they lie.

Sizes: N rows, C classes, L layers, D the teacher's width.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from cilda.distill.batch import Outputs
from cilda.distill.disk import put_tensors, writing
from cilda.distill.pooling import Pooling

What = Literal["logits", "layers"]
_TENSOR = "of_rows"


@dataclass(frozen=True)
class Shape:
    """What is kept of how many rows."""

    rows: int
    classes: int
    layers: int
    """0 where only logits are kept."""
    width: int
    pooling: Pooling
    rows_in_file: int = 8192

    @property
    def wanted(self) -> tuple[What, ...]:
        """What of an answer is kept."""
        return ("logits", "layers") if self.layers else ("logits",)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The first row of each file, and the first one behind it."""
        return list(pairwise([*range(0, self.rows, self.rows_in_file), self.rows]))

    @property
    def bytes(self) -> int:
        """What all files take, but for a few hundred bytes each: float32 logits, float16 layers."""
        return self.rows * (4 * self.classes + 2 * self.layers * self.width)

    def of(self, what: What, rows: int) -> tuple[int, ...]:
        """A tensor's shape for so many rows."""
        return (rows, self.classes) if what == "logits" else (rows, self.layers, self.width)


class AnswerFiles:
    """The files of one teacher's answers to one set of rows."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.folder = folder
        self.shape = shape

    def missing(self) -> list[tuple[int, list[What]]]:
        """The files, by number, of which something is not there or not as it should be; and what."""
        told = []
        for number in range(len(self.shape.spans)):
            lacking = [what for what in self.shape.wanted if self._read(what, number) is None]
            if lacking:
                told.append((number, lacking))
        return told

    def write(self, what: What, number: int, answers: Tensor, *, elsewhere: str) -> None:
        """Puts a file in its place in one rename. Layers that float16 cannot hold stay in float32.

        Raises:
            CildaError: the disk refused; `elsewhere` names the option for another place.
        """
        kept = answers.float()
        if what == "layers" and bool(kept.abs().max() < torch.finfo(torch.float16).max):
            kept = kept.half()
        with writing(self.folder, elsewhere=elsewhere):
            put_tensors(self._path(what, number), {_TENSOR: kept.contiguous()})

    def opened(self) -> Answers | None:
        """All answers; None where some are missing."""
        found: dict[What, list[Tensor]] = {what: [] for what in self.shape.wanted}
        for what, tensors in found.items():
            for number in range(len(self.shape.spans)):
                tensor = self._read(what, number)
                if tensor is None:
                    return None
                tensors.append(tensor)
        return Answers(self.shape, found)

    def clear(self) -> None:
        """Removes all answers, those of other poolings among them."""
        for path in self.folder.glob("*.safetensors"):
            path.unlink(missing_ok=True)

    def _read(self, what: What, number: int) -> Tensor | None:
        """A file's tensor, mapped into memory; None where it is not there, cut or of another shape."""
        first, behind = self.shape.spans[number]
        try:
            with safe_open(self._path(what, number), framework="pt") as file:
                tensor: Tensor = file.get_tensor(_TENSOR)
        except (OSError, SafetensorError):
            return None
        return tensor if tuple(tensor.shape) == self.shape.of(what, behind - first) else None

    def _path(self, what: What, number: int) -> Path:
        kind = what if what == "logits" else f"{what}-{self.shape.pooling}"
        return self.folder / f"{kind}-{number:05d}.safetensors"


class Answers:
    """A teacher's answers to all rows, mapped from the disk."""

    def __init__(self, shape: Shape, tensors: dict[What, list[Tensor]]) -> None:
        self.shape = shape
        self._tensors = tensors

    def of(self, rows_B: Tensor, device: torch.device, *, want_layers: bool = False) -> Outputs:
        """What the teacher said of the rows at these positions (on the CPU), on a device."""
        rows = rows_B.tolist()
        pooled = self._gathered("layers", rows, device) if want_layers else None
        return Outputs(self._gathered("logits", rows, device), pooled)

    def _gathered(self, what: What, rows: list[int], device: torch.device) -> Tensor:
        files, per_file = self._tensors[what], self.shape.rows_in_file
        together = torch.stack([files[row // per_file][row % per_file] for row in rows])
        return together.to(device, non_blocking=True).float()
