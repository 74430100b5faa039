"""The demo corpus: film reviews from a small seeded grammar (being written)."""

from __future__ import annotations

from cilda.tasks.rows import Rows
from cilda.tasks.task import Task

DEMO = Task(
    "demo",
    texts=("text",),
    labels=("negative", "positive"),
    extra=("unlabelled",),
    title="made-up film reviews, generated on the spot",
)


def demo_rows(split: str) -> Rows:
    """The rows of "train", "validation" or "unlabelled"."""
    raise NotImplementedError(split)
