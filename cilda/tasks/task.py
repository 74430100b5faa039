"""What there is to learn: the columns, labels, splits and metrics of one task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class HubLayout:
    """Where a task's repository on the hub departs from the task's own names.

    `splits` maps the task's split names to the repository's, `label` is its label column and `labels` the order of its
    label numbers; what is empty is as the task says. `revision` is the branch to read.
    """

    label: str = ""
    labels: tuple[str, ...] = ()
    splits: tuple[tuple[str, str], ...] = ()
    revision: str | None = None


@dataclass(frozen=True)
class Task:
    """One text-classification or regression task, as data.

    `labels` are the class names in the order of their numbers; empty means regression. `metric` is the one that "best"
    goes by, `metrics` are all that an evaluation reports. `train` is empty for a task that has nothing to train on
    (diagnostic sets). `extra` are splits that exist but that nothing reads by itself: test sets, unlabelled text.
    """

    name: str
    texts: tuple[str, ...]
    label: str = "label"
    labels: tuple[str, ...] = ()
    metric: str = "accuracy"
    metrics: tuple[str, ...] = ("accuracy",)
    train: str = "train"
    validation: tuple[str, ...] = ("validation",)
    extra: tuple[str, ...] = ()
    hub: tuple[str, str | None] | None = None
    hub_layout: HubLayout = field(default=HubLayout())
    title: str = ""
    label_range: tuple[float, float] | None = None
    multi_label: bool = False
    """Whether a text may have several of the labels at once, or none."""

    @property
    def regression(self) -> bool:
        """Whether the labels are numbers on a scale instead of classes."""
        return not self.labels

    @property
    def splits(self) -> tuple[str, ...]:
        """Every split by name, in the order train, validation, the rest."""
        return tuple(split for split in (self.train, *self.validation, *self.extra) if split)

    def to_json(self) -> dict[str, Any]:
        """The task as plain JSON values, for a run's record."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The task that `to_json` wrote, also after a trip through JSON, which knows no tuples."""
        layout = {name: _as_tuples(value) for name, value in values.get("hub_layout", {}).items()}
        others = {name: _as_tuples(value) for name, value in values.items() if name != "hub_layout"}
        return cls(**others, hub_layout=HubLayout(**layout))


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list | tuple) else value
