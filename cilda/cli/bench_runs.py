"""What a bench wants to know of its runs and of the machine they run on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cilda.bench.record import Record
from cilda.runs.events import number
from cilda.runs.layout import RunFolder
from cilda.runs.store import read_events

if TYPE_CHECKING:
    from cilda.config import RunConfig


def clear(folder: RunFolder) -> None:
    """Removes a finished run's checkpoints, which nobody will go on from: a bench of many runs would fill the disk."""
    for path in folder.checkpoints.glob("step-*"):
        shutil.rmtree(path, ignore_errors=True)


def need_of(folder: RunFolder) -> tuple[float, float] | None:
    """Bytes that a run takes at most and that there are, as it has forecast; None until it has."""
    for event in read_events(folder.events, {"alert"}):
        fit = (event.get("forecast") or {}).get("fit") or {}
        peak, limit = number(fit.get("peak_bytes")), number(fit.get("limit_bytes"))
        if peak and limit:
            return peak, limit
    return None


def latencies_of(record: Record, teachers: dict[str, str]) -> dict[str, dict[str, float]]:
    """What one text alone takes, by task: of the teacher and of one student; all are as large as it.

    Measured when all runs have ended, one after the other, so that nothing of ours disturbs it.
    """
    from cilda.cli.bench_latency import median_ms

    found: dict[str, dict[str, float]] = {}
    for task, teacher in teachers.items():
        cells = [cell for cell in record.plan.cells if cell.task == task and record.run_of(cell).student.is_dir()]
        if cells:
            config = record.configs[cells[0]]
            models = {"teacher": teacher, "student": str(record.run_of(cells[0]).student)}
            found[task] = {who: median_ms(name, config) for who, name in models.items()}
    return found


def score_words(scores: Any, metric: str | None = None) -> str:
    """The first split's score in words."""
    of_split: dict[str, float] = next(iter(scores.values()), {}) if isinstance(scores, dict) else {}
    name = metric if metric in of_split else next(iter(of_split), "")
    return f"{name} {of_split[name]:.4f}" if name else "no score"


def config_of(folder: RunFolder) -> dict[str, Any]:
    """The settings that a run says it has; empty where it says none."""
    from cilda.runs.atomic import read_json

    found = read_json(folder.run_json).get("config")
    return found if isinstance(found, dict) else {}


def same_place(one: str, other: str) -> bool:
    """Whether two names of a model are one: folders may be linked."""
    return one == other or (Path(one).is_dir() and Path(other).is_dir() and Path(one).samefile(other))


def has_gpu(config: RunConfig | None) -> bool:
    """Whether runs will be on a GPU, as far as can be told without torch."""
    if config is not None and config.device == "cpu":
        return False
    return any(Path(path).exists() for path in ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"))
