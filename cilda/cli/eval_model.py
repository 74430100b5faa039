"""A model that is to be evaluated, loaded and fitted to its task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cilda.cli.eval_target import note
from cilda.errors import CildaError

if TYPE_CHECKING:
    from cilda.distill.models import Loaded
    from cilda.tasks.task import Task


def loaded_for(name: str, task: Task, max_length: int, *, allow_pickle: bool) -> Loaded:
    """The model with its head brought into the task's order of labels.

    Raises:
        CildaError: a model that cannot be loaded, has no trained head, or does not fit the task or the length.
    """
    from cilda.distill.models import check_max_length, fit_labels, load_classifier

    loaded = load_classifier(name, task.labels, allow_pickle=allow_pickle, seed=0)
    if not loaded.has_head:
        raise CildaError(
            f"{name} has no trained head: there is nothing to score",
            f"fine-tune it first: cilda finetune --teacher {name} --task {task.name}",
        )
    said = fit_labels(loaded.model, task.labels, reorder=True, name=name, multi_label=task.multi_label)
    if said:
        note(said)
    check_max_length(loaded.model, max_length, name=name)
    return loaded
