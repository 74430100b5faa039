"""What an export is worth beside the model that it was made from: labels, scores, sizes, speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cilda.distill.handover.names import last_part, without_folders
from cilda.distill.handover.sameness import Sameness
from cilda.distill.handover.timing import Latency
from cilda.runs.events import finite
from cilda.tasks.task import Task

# The forms in which a model is looked at, in the order in which they are shown.
TEACHER, PYTORCH, ONNX, INT8 = FORMS = ("teacher", "pytorch", "onnx", "int8")


@dataclass(frozen=True)
class Form:
    """One form of the model, or its teacher."""

    size_bytes: int
    """Of the file; in PyTorch, of the weights."""
    latency: Latency


@dataclass(frozen=True)
class Difference:
    """A row of which a form says something else than PyTorch."""

    id: str
    pytorch: Any
    """A label, a list of labels, or an amount."""
    found: Any


@dataclass(frozen=True)
class SplitReport:
    """All forms on one split; the teacher is timed only."""

    rows: int
    source: str
    scores: dict[str, dict[str, float]]
    """The task's metrics by form; empty where the rows have no gold."""
    sameness: dict[str, Sameness]
    """Of `onnx` and `int8` with PyTorch."""
    differences: dict[str, tuple[Difference, ...]]
    """The rows behind it; none for amounts in 8 bits, which are never quite the same."""


@dataclass(frozen=True)
class Report:
    """An export as it was measured when it was made."""

    task: Task
    model: str
    """The run whose student was exported, or the folder or name."""
    weights_hash: str
    """Of the weights' files, by which an export is known to be of a model."""
    inputs: tuple[str, ...]
    opset: int
    max_length: int
    threads: int
    processor: str
    timed_texts: int
    forms: dict[str, Form]
    splits: dict[str, SplitReport]
    versions: dict[str, str]

    @property
    def faithful(self) -> bool:
        """Whether the float32 graph says the same as PyTorch of every row."""
        return all(not split.sameness[ONNX].different for split in self.splits.values())

    def change(self, split: str, form: str) -> dict[str, float]:
        """A form's scores less those of PyTorch, by metric."""
        scores = self.splits[split].scores
        return {metric: value - scores[PYTORCH][metric] for metric, value in scores[form].items()}

    def to_json(self) -> dict[str, Any]:
        """As JSON values that go with the files: NaN and infinities are strings, of paths the last part is left."""
        said = {
            "task": self.task.name,
            "labels": self.task.labels,
            "model": last_part(self.model),
            "weights_hash": self.weights_hash,
            "inputs": self.inputs,
            "opset": self.opset,
            "max_length": self.max_length,
            "faithful": self.faithful,
            "forms": {name: {"bytes": form.size_bytes, **vars(form.latency)} for name, form in self.forms.items()},
            "timing": {"threads": self.threads, "processor": self.processor, "texts": self.timed_texts},
            "splits": {name: self._split(name, split) for name, split in self.splits.items()},
            "versions": self.versions,
        }
        shown: dict[str, Any] = finite(said)
        return shown

    def _split(self, name: str, split: SplitReport) -> dict[str, Any]:
        held: Mapping[str, Any] = {
            form: {
                "same": None if self.task.regression and form == INT8 else one.same,
                "largest_difference": one.largest_difference,
                "score_change": self.change(name, form),
                "different": [vars(row) for row in split.differences[form]],
            }
            for form, one in split.sameness.items()
        }
        return {"rows": split.rows, "source": without_folders(split.source), "scores": split.scores, **held}
