"""A task's split from the hub, through the `datasets` library and its cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cilda.errors import CildaError
from cilda.tasks.parquet import from_arrow
from cilda.tasks.table import Table
from cilda.tasks.task import Task


def hub_table(task: Task, split: str, *, not_in: Path | None = None) -> Table:
    """One split of a task that has a repository on the hub; downloads it unless the cache has it.

    `not_in` is the folder that was looked in before, for the message.

    Raises:
        CildaError: the hub cannot be reached and the cache is empty, or the repository is not as expected.
    """
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    assert task.hub is not None, f"{task.name} has no repository"
    repository, configuration = task.hub
    there = dict(task.hub_layout.splits).get(split, split)
    name = f"{repository}{f' ({configuration})' if configuration else ''}, split {there}"
    # The hub's library changed its HTTP library more than once; the bases name the errors of the one in use.
    errors = (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError, *HfHubHTTPError.__bases__)
    try:
        rows: Any = datasets.load_dataset(repository, configuration, split=there, revision=task.hub_layout.revision)
    except errors as error:
        looked = f"{not_in} holds no folder {task.name}, and " if not_in else ""
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CildaError(
            f"{looked}the hub did not give {name}: {reason}",
            f"offline? give the files with --data-dir DIR (DIR/{task.name}/{split}.parquet), or a mirror's address in"
            " HF_ENDPOINT, or fill the cache where the hub can be reached and then set HF_HUB_OFFLINE=1",
        ) from error
    class_names = {
        column: tuple(feature.names)
        for column, feature in rows.features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    return from_arrow(rows.with_format("arrow")[:], f"hub {name}", class_names=class_names)
