"""Random views of a batch, without any model: what losses are tested on."""

from __future__ import annotations

import torch

from cilda.distill.batch import Outputs, View


def view_of(texts: int, *, classes: int = 3, seed: int = 0, teacher_layers: int = 3, student_layers: int = 2) -> View:
    """A view with random logits, random layers of width 4 and labels; one class means regression."""
    random = torch.Generator().manual_seed(seed)
    student = Outputs(
        torch.randn(texts, classes, generator=random), torch.randn(texts, student_layers, 4, generator=random)
    )
    teacher = Outputs(
        torch.randn(texts, classes, generator=random), torch.randn(texts, teacher_layers, 4, generator=random)
    )
    amounts_B, classes_B = torch.randn(texts, generator=random), torch.arange(texts) % classes
    return View(amounts_B if classes == 1 else classes_B, student, teacher)
