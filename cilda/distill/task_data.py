"""The rows a run learns from and is judged on."""

from __future__ import annotations

from dataclasses import dataclass

from cilda.config import RunConfig
from cilda.tasks import TASKS
from cilda.tasks.files import file_task
from cilda.tasks.holdout import hold_out
from cilda.tasks.loading import load_rows
from cilda.tasks.rows import Rows
from cilda.tasks.task import Task
from cilda.tasks.unlabelled import unlabelled_rows

HELD_OUT = "held_out"
"""The split that training rows were held out for."""


@dataclass(frozen=True)
class TaskData:
    """A task with its rows."""

    task: Task
    train: Rows
    """What the student learns from."""
    validation: dict[str, Rows]
    """By split; the first decides what is best."""
    labelled: Rows | None = None
    """What a teacher is fine-tuned on; None where that is all of `train`."""

    @property
    def of_teacher(self) -> Rows:
        """What a teacher is fine-tuned on: rows with labels."""
        return self.train if self.labelled is None else self.labelled

    def fingerprints(self) -> dict[str, str]:
        """By split, what tells these rows from all others."""
        return {split: rows.fingerprint()[:16] for split, rows in {"train": self.train, **self.validation}.items()}


def load_task_data(config: RunConfig) -> TaskData:
    """The rows that a config names: a named task's, or the user's own files.

    Raises:
        CildaError: rows that cannot be found or learned from.
    """
    if config.train_file is not None:
        assert config.text is not None and config.label is not None
        task, rows = file_task(
            config.train_file,
            config.validation_file,
            config.text,
            config.text_pair,
            config.label,
            regression=config.regression,
            multi_label=config.multi_label,
            separator=config.label_separator,
            allow_empty=config.allow_empty,
            seed=config.seed_of_rows,
        )
    else:
        task = TASKS[config.task]
        splits = ("train", *(() if config.hold_out else task.validation))
        rows = {split: load_rows(task, split, config.data_dir) for split in splits}
    if config.hold_out and config.train_file is None:
        kept, held = hold_out(rows["train"], config.seed_of_rows, by_class=not task.regression)
        rows = {"train": kept, HELD_OUT: held}
    train = rows["train"] if config.limit is None else rows["train"].first(config.limit, config.seed_of_rows)
    judges = {split: part for split, part in rows.items() if split != "train"}
    if config.unlabeled_file is None:
        return TaskData(task, train, judges)
    more = unlabelled_rows(task, config.unlabeled_file, config.text, config.text_pair, allow_empty=config.allow_empty)
    return TaskData(task, train.joined(more) if config.labeled_rows else more, judges, labelled=train)
