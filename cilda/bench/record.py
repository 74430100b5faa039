"""What a bench keeps in its run's folder: the plan and the settings of its runs, in `bench.json`."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cilda.bench.plan import Cell, Plan
from cilda.config import RunConfig
from cilda.errors import CildaError
from cilda.runs.atomic import read_json, refusal, write_json_atomic
from cilda.runs.layout import RunFolder
from cilda.runs.other_seeds import BESIDE

# What a teacher follows from; all else is the student's.
_OF_TEACHER = {
    "task", "train_file", "validation_file", "text", "text_pair", "label", "regression", "allow_empty", "limit",
    "hold_out", "data_seed", "max_length", "batch_size", "tokens_per_batch", "weight_decay", "clip_norm",
    "warmup_fraction", "teacher_epochs", "teacher_learning_rate", "evaluate_every", "seed", "precision",
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """A bench as it was asked for."""

    folder: RunFolder
    plan: Plan
    configs: dict[Cell, RunConfig]
    jobs: int | None
    """Runs at once; None leaves it to the bench."""
    equal_time: bool
    """Whether methods get equal time and not equal student turns."""
    turns: dict[str, dict[str, int]]
    """With equal time: student turns by task and label, as soon as they are known."""
    latencies_ms: dict[str, dict[str, float]]
    """By task, of `teacher` and `student`; empty until they were measured."""

    @property
    def runs_dir(self) -> Path:
        """Where its runs lie: beside it."""
        return self.folder.path.parent

    def run_of(self, cell: Cell) -> RunFolder:
        """A cell's run, whether it is there yet or not."""
        return RunFolder(self.runs_dir / cell.run(self.folder.id))

    def teacher_run(self, task: str) -> RunFolder:
        """The run that makes a task's teacher."""
        return RunFolder(self.runs_dir / f"{self.folder.id}-{task}-teacher")


def keep_record(
    folder: RunFolder, plan: Plan, configs: Mapping[Cell, RunConfig], *, jobs: int | None, equal_time: bool = False
) -> None:
    """Writes the record of a new bench.

    Raises:
        CildaError: the disk refused.
    """
    settings = [configs[cell].model_dump(mode="json") for cell in plan.cells]
    _write(folder, {"v": 1, **plan.to_json(), "jobs": jobs, "equal_time": equal_time, "configs": settings})


def keep_turns(folder: RunFolder, turns: Mapping[str, Mapping[str, int]]) -> None:
    """Adds the student turns that were found to take equal time.

    Raises:
        CildaError: the disk refused.
    """
    _write(folder, {**read_json(_path(folder)), "turns": turns})


def keep_latencies(folder: RunFolder, latencies_ms: Mapping[str, Mapping[str, float]]) -> None:
    """Adds measured latencies to a bench's record.

    Raises:
        CildaError: the disk refused.
    """
    _write(folder, {**read_json(_path(folder)), "latencies_ms": latencies_ms})


def read_record(folder: RunFolder) -> Record:
    """What a bench's folder says.

    Raises:
        CildaError: it is no bench, or its record is damaged.
    """
    content = read_json(_path(folder))
    try:
        plan = Plan.from_json(content)
        configs = [RunConfig.checked(settings) for settings in content["configs"]]
        pairs = dict(zip(plan.cells, configs, strict=True))
        equal_time, turns = bool(content.get("equal_time")), content.get("turns") or {}
        return Record(folder, plan, pairs, content["jobs"], equal_time, turns, content.get("latencies_ms") or {})
    except (KeyError, TypeError, ValueError) as error:
        if not content:
            todo = "name a bench; cilda ps shows what there is"
            raise CildaError(f"{folder.id} is no bench", todo, exit_code=3) from None
        raise CildaError(f"{_path(folder)} is damaged: {error!r}", "begin the bench again") from error


def refuse_strangers(folder: RunFolder) -> None:
    """Refuses to take runs for a bench's own that are none.

    Raises:
        CildaError: a run of a cell's name is there, with other settings.
    """
    record = read_record(folder)
    for cell, asked in record.configs.items():
        # How many turns there are to be in equal time is not known yet.
        had = read_json(record.run_of(cell).run_json).get("config") or {}
        config = asked.model_copy(update={"max_turns": had.get("max_turns")}) if record.equal_time else asked
        run = record.run_of(cell)
        other = difference(run, config)
        if run.exists() and other is not None:
            raise CildaError(
                f"a run named {run.id} is there already, with another {other}",
                f"choose another --name, or if nothing in it is needed: cilda rm {run.id}",
            )


def difference(run: RunFolder, config: RunConfig, *, teacher: bool = False) -> str | None:
    """A setting in which a run differs from what it should be, where that makes it another experiment.

    `teacher` says that it is a run that makes a teacher, which the student's settings do not concern.
    """
    had: Any = read_json(run.run_json).get("config")
    had = had if isinstance(had, dict) else {}
    wanted = config.model_dump(mode="json")
    keys = _OF_TEACHER if teacher else wanted.keys() - BESIDE - {"teacher"}
    return next((key for key in wanted if key in keys and had.get(key, wanted[key]) != wanted[key]), None)


def _path(folder: RunFolder) -> Path:
    return folder.path / "bench.json"


def _write(folder: RunFolder, content: Mapping[str, Any]) -> None:
    if not folder.path.is_dir():
        raise refusal(FileNotFoundError(errno.ENOENT, ""), folder.path)
    try:
        write_json_atomic(_path(folder), content)
    except OSError as error:
        raise refusal(error, _path(folder)) from error
