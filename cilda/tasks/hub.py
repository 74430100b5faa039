"""A task's split from the hub, through the `datasets` library and its cache."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from cilda.errors import CildaError
from cilda.tasks.parquet import from_arrow
from cilda.tasks.table import Table
from cilda.tasks.task import Task


def hub_table(task: Task, split: str, *, not_in: Path | None = None, place: str | None = None) -> Table:
    """One split of a task that has a repository on the hub; downloads it unless the cache has it.

    `not_in` is the folder that was looked in before, and `place` the file's place in one, for the message.

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
        with _no_asking_in_vain():
            rows: Any = datasets.load_dataset(repository, configuration, split=there, revision=task.hub_layout.revision)
    except errors as error:
        missing = f"holds no folder {task.name}" if place is None else f"has no {place}"
        looked = "" if not_in is None else f"{not_in} {missing}, and "
        place = place or f"{task.name}/{split}.parquet"
        raise CildaError(
            f"{looked}{_why_not(name, error)}",
            f"offline? give the files with --data-dir DIR (DIR/{place}), or a mirror's address in"
            " HF_ENDPOINT, or fill the cache where the hub can be reached and then set HF_HUB_OFFLINE=1",
        ) from error
    class_names = {
        column: tuple(feature.names)
        for column, feature in rows.features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    return from_arrow(rows.with_format("arrow")[:], f"hub {name}", class_names=class_names)


def _why_not(name: str, error: Exception) -> str:
    """Why the hub did not give something, in words."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return f"HF_HUB_OFFLINE forbids to ask the hub, and {name} is not in its cache"
    if not hub_answers(constants.ENDPOINT):
        return f"the hub cannot be reached, and {name} is not in its cache"
    return f"the hub did not give {name}: {(str(error).splitlines() or [type(error).__name__])[0]}"


@contextmanager
def _no_asking_in_vain() -> Iterator[None]:
    """While open, a hub that does not answer is not asked: `datasets` goes to its cache at once, as told to offline.

    Otherwise it tries for 25 seconds first, and says so in a dozen lines (measured).
    """
    import datasets
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    if not any(before) and not hub_answers(constants.ENDPOINT):
        constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before


@cache
def hub_answers(endpoint: str, timeout_seconds: float = 5.0) -> bool:
    """Whether anything answers at the hub's address, asked once a process.

    Without this question an unreachable hub costs 23 seconds of retries for every single file (measured).
    """
    if not endpoint.startswith(("http://", "https://")):
        return False
    try:
        with urlopen(Request(endpoint, method="HEAD"), timeout=timeout_seconds):  # noqa: S310 - http(s) only, see above
            return True
    except HTTPError:
        return True
    except URLError as error:
        # A certificate we do not know is the client's business, which may know it.
        return isinstance(error.reason, ssl.SSLError)
    except OSError:
        return False
