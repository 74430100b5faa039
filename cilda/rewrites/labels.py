"""What the classes of a run are called, from what the run wrote."""

from __future__ import annotations

import re

from cilda.runs.atomic import read_json
from cilda.runs.field import mapping, name
from cilda.runs.layout import RunFolder

_MOST_CLASSES = 1000
_NO_NAME = re.compile(r"LABEL_\d+")


def label_names(folder: RunFolder) -> tuple[str, ...]:
    """The names of the classes in their order; none where nobody knows them.

    From what the trainer says of itself; in runs of older versions, which do not say it, from what lies beside the
    finished student.
    """
    task = mapping(read_json(folder.student / "cilda.json").get("task"))
    return (
        _names(read_json(folder.state_json).get("labels"))
        or _names(task.get("labels"))
        or _by_number(mapping(read_json(folder.student / "config.json").get("id2label")))
    )


def _names(value: object) -> tuple[str, ...]:
    """The names in a list of names; none where one of them is none."""
    names = tuple(name(one) for one in value[:_MOST_CLASSES]) if isinstance(value, list) else ()
    return names if all(names) else ()


def _by_number(names: dict[str, object]) -> tuple[str, ...]:
    """The names of classes 0, 1, …; none where one is missing, or where they are those that nobody gave."""
    found = _names([names.get(str(place)) for place in range(len(names))])
    return () if all(_NO_NAME.fullmatch(one) for one in found) else found
