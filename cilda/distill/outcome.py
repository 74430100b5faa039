"""What a finished run has to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Scores, sizes and length of a finished run."""

    metric: str
    teacher: dict[str, dict[str, float]]
    """The teacher's scores by split and metric."""
    student: dict[str, dict[str, float]]
    """Those of the student in the run's folder, in float32."""
    teacher_parameters: int
    student_parameters: int
    turns: int
    best_turn: int

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, as in the event `finished`."""
        return vars(self).copy()
