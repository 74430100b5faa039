"""The model that `cilda eval` is asked about, by any of its names."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cilda.cli.run_words import RUN_FAILED
from cilda.errors import CildaError
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.runs.layout import RunFolder

_SHOWN_RUNS = 3


@dataclass(frozen=True)
class Target:
    """What is evaluated: a model's name, the folder with its record where there is one, and the run that made it."""

    name: str
    folder: Path | None
    run: RunFolder | None = None


def target_of(reference: str | None, runs_dir: Path) -> Target:
    """The model meant: a folder with a config.json, a run's student, or else a model's name.

    Raises:
        CildaError: nothing of that name; or a run that has made no model.
    """
    from cilda.runs.layout import RunFolder, find

    if reference is None:
        return _latest(runs_dir)
    path = Path(reference).expanduser()
    if (path / "config.json").is_file():
        made_by = RunFolder(path.resolve().parent)
        return Target(reference, path, made_by if path.resolve() == made_by.student and made_by.exists() else None)
    try:
        run = find(runs_dir, reference)
    except CildaError as error:
        if _may_be_a_model(reference, runs_dir):
            return Target(reference, None)
        raise _missing(reference, error) from error
    folder = _made_by(run)
    return Target(str(folder), folder, run)


def teacher_of(target: Target) -> str | None:
    """The teacher that a model says it learned from; None, with a line on stderr, where it has gone."""
    from cilda.distill.model_record import recorded_teacher

    name = None if target.folder is None else recorded_teacher(target.folder)
    if name is not None and Path(name).is_absolute() and not Path(name).is_dir():
        note(f"its teacher is no longer at {name}: shown without it")
        return None
    return name


def length_of(target: Target) -> int | None:
    """The longest text in tokens that a model was made for; None where it does not say."""
    from cilda.distill.model_record import recorded_max_length

    return None if target.folder is None else recorded_max_length(target.folder)


def note(text: str) -> None:
    """A line on stderr; names of files and labels in it cannot move the cursor."""
    print(one_line(text), file=sys.stderr)


def _latest(runs_dir: Path) -> Target:
    """What the latest run made that made anything; newer ones are passed over, saying why."""
    from cilda.runs.layout import find
    from cilda.runs.store import list_runs

    passed_over: list[CildaError] = []
    for record in reversed(list_runs(runs_dir)):
        try:
            folder = _made_by(record.folder)
        except CildaError as error:
            passed_over.append(error)
            continue
        note(f"latest run{' with a student' if passed_over else ''}: {record.id}")
        for refusal in passed_over[:_SHOWN_RUNS]:
            note(f"newer, passed over: {refusal.what}")
        if len(passed_over) > _SHOWN_RUNS:
            note(f"and {len(passed_over) - _SHOWN_RUNS:,} more")
        return Target(str(folder), folder, record.folder)
    if passed_over:
        raise passed_over[0]
    run = find(runs_dir, None)
    return Target(str(_made_by(run)), _made_by(run), run)


def _made_by(run: RunFolder) -> Path:
    """The folder of a run's student, or of the teacher that `cilda finetune` made in it.

    Raises:
        CildaError: the run has made none, or not yet.
    """
    from cilda.runs.layout import reference
    from cilda.runs.status import status_of
    from cilda.runs.store import open_run, read_events

    if run.student.is_dir():
        return run.student
    record = open_run(run)
    status = status_of(record)
    if record.run.get("job") == "bench":
        raise CildaError(f"{run.id} is a bench: its runs have the students", f"name one of them: cilda ps {run.id}-")
    if status.word == "finished":
        for event in read_events(run.events, {"finished"}):
            folder = event.get("folder")
            if isinstance(folder, str) and Path(folder).is_dir():
                return Path(folder)
    if status.ended:
        why = record.state.get("error") or status.why or f"it {_ENDINGS[status.word]}"
        todo = f"go on with it: cilda resume {reference(run)}; or name another run"
        raise CildaError(f"run {run.id} left no student: {why}", todo, exit_code=RUN_FAILED)
    raise CildaError(f"run {run.id} has no student yet: {status.shown}", "wait for its end, or name another run")


_ENDINGS = {
    "finished": "finished, and its model is no longer there",
    "stopped": "was stopped before its end",
    "failed": "failed",
    "killed": "was killed",
    "crashed": "crashed",
}


def _may_be_a_model(reference: str, runs_dir: Path) -> bool:
    from cilda.families import SHORT_NAMES

    if reference in SHORT_NAMES:
        return True
    path = Path(reference)
    # `runs/sst2` has the shape of a hub id, and means a run.
    among_runs = path.parent.is_dir() and path.parent.resolve() == runs_dir.resolve()
    return reference.count("/") == 1 and reference[0] not in "/.~" and not path.exists() and not among_runs


def _missing(reference: str, error: CildaError) -> CildaError:
    """Why a reference means nothing: a path at which nothing is, or what the search for a run said."""
    path = Path(reference).expanduser()
    if "/" not in reference or path.exists():
        return error
    nearest = next(parent for parent in path.absolute().parents if parent.exists())
    todo = "name a run, a folder with a model, or a model of the hub"
    if nearest != path.absolute().parent:
        todo = f"{nearest} is there, {path.absolute().relative_to(nearest).parts[0]} in it is not"
    return CildaError(f"there is nothing at {reference}", todo, exit_code=error.exit_code)
