"""The evaluation by which a student is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Best:
    """The best evaluation so far."""

    score: float
    turn: int
    scores: dict[str, dict[str, float]]
    """By split and metric."""
