"""What can be said of a rewrite in one number, flag or word: the columns to sort by, to filter by and to export.

To add a column: one row in `COLUMNS`. The index stores it, the filter language knows it, the browser sorts by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cilda.rewrites.rewrite import Rewrite
from cilda.runs.events import number

Kind = Literal["number", "flag", "class", "text"]


@dataclass(frozen=True)
class Column:
    """A column by the name that people type."""

    name: str
    kind: Kind
    what: str
    """One line of help; units where there are any."""
    value: Callable[[Rewrite], float | str | None]
    """Numbers, and flags as 0 or 1; a class by its place, a text as it is; None where nobody said it."""


def class_of(answers: tuple[float, ...]) -> float | None:
    """The likeliest class; None for an amount, and where nothing was said."""
    return float(answers.index(max(answers))) if len(answers) > 1 else None


def _amount(label: float | str | None) -> float | None:
    return None if isinstance(label, str) else number(label)


def _top(answers: tuple[float, ...]) -> float | None:
    return max(answers) if answers else None


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("id", "text", "the text's id in its data set", lambda rewrite: rewrite.id),
        Column("real", "text", "the text as it was", lambda rewrite: rewrite.real),
        Column("soft", "text", "the text as the generator rewrote it", lambda rewrite: rewrite.soft),
        Column("why", "text", "what it was recorded for: sample, watched or disagreement", lambda rewrite: rewrite.why),
        Column("time", "number", "when it was written, in seconds since 1970", lambda rewrite: rewrite.t),
        Column("turn", "number", "the turn that rewrote it, one of its player's", lambda rewrite: float(rewrite.turn)),
        Column("step", "number", "turns of all players until then", lambda rewrite: rewrite.step),
        Column("epoch", "number", "passes over the data until then", lambda rewrite: rewrite.epoch),
        Column("label", "class", "the gold label", lambda rewrite: _amount(rewrite.label)),
        Column("teacher", "class", "what the teacher says of the text", lambda rewrite: class_of(rewrite.teacher_real)),
        Column("student", "class", "what the student says of the text", lambda rewrite: class_of(rewrite.student_real)),
        Column(
            "teacher_after",
            "class",
            "what the teacher says of the rewrite",
            lambda rewrite: class_of(rewrite.teacher_soft),
        ),
        Column(
            "student_after",
            "class",
            "what the student says of the rewrite",
            lambda rewrite: class_of(rewrite.student_soft),
        ),
        Column(
            "teacher_sure",
            "number",
            "the teacher's highest probability on the rewrite",
            lambda rewrite: _top(rewrite.teacher_soft),
        ),
        Column(
            "student_sure",
            "number",
            "the student's highest probability on the rewrite",
            lambda rewrite: _top(rewrite.student_soft),
        ),
        Column("kl", "number", "KL(teacher ‖ student) on the rewrite, in nats", lambda rewrite: rewrite.kl_soft),
        Column("kl_before", "number", "KL(teacher ‖ student) on the text, in nats", lambda rewrite: rewrite.kl_real),
        Column("gain", "number", "by how much the rewrite raised the KL", lambda rewrite: rewrite.gain),
        Column("contrast", "number", "its share of layer_contrast on the rewrite", lambda rewrite: rewrite.contrast),
        Column(
            "entropy", "number", "the generator's entropy at drawn places, in nats", lambda rewrite: rewrite.entropy
        ),
        Column("surprise", "number", "−log p of what was drawn, mean, in nats", lambda rewrite: rewrite.surprise),
        Column("tokens", "number", "tokens of the text", lambda rewrite: float(len(rewrite.real_tokens))),
        Column("drawn", "number", "tokens that were drawn to be rewritten", lambda rewrite: float(len(rewrite.drawn))),
        Column("changed", "number", "tokens that are others now", lambda rewrite: float(len(rewrite.changed))),
        Column(
            "flip",
            "flag",
            "teacher or student says another class after the rewriting",
            lambda rewrite: float(rewrite.teacher_flips or rewrite.student_flips),
        ),
        Column("teacher_flip", "flag", "the teacher does", lambda rewrite: float(rewrite.teacher_flips)),
        Column("student_flip", "flag", "the student does", lambda rewrite: float(rewrite.student_flips)),
        Column("disagree", "flag", "the two differ on the rewrite", lambda rewrite: float(rewrite.disagree)),
        Column("disagree_before", "flag", "they differed before", lambda rewrite: float(rewrite.disagree_real)),
    )
}
"""By name, in the order of exports and of the help."""
