"""What classifiers say in numbers that a person reads: probabilities or amounts, and how far two of them are apart."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from cilda.distill.probe_models import Role

Answers = tuple[float, ...]
"""A probability for each class; for regression the one amount."""


def chosen(answers: Answers) -> int:
    """The likeliest class; of equals the first."""
    return answers.index(max(answers))


def answers_of(logits_BC: Tensor, *, regression: bool) -> list[Answers]:
    """The answers to each text, in float64."""
    logits_BC = logits_BC.double()
    return [tuple(row) for row in (logits_BC if regression else logits_BC.softmax(dim=-1)).tolist()]


def apart_of(logits: Mapping[Role, Tensor], *, regression: bool) -> list[float] | None:
    """KL(teacher ‖ student) on each text, in nats; for regression the distance; None of one model alone."""
    if len(logits) < 2:
        return None
    teacher_BC, student_BC = logits["teacher"].double(), logits["student"].double()
    if regression:
        distances: list[float] = (student_BC - teacher_BC).abs().squeeze(1).tolist()
        return distances
    gap_BC = teacher_BC.log_softmax(dim=-1) - student_BC.log_softmax(dim=-1)
    # Rounding can lead below 0 where both say the same.
    divergences: list[float] = (teacher_BC.softmax(dim=-1) * gap_BC).sum(dim=-1).clamp(min=0).tolist()
    return divergences
