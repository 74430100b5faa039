"""`cilda rm`: runs that are needed no more."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer

from cilda.caches import measured
from cilda.cli.asking import agreed
from cilda.cli.chosen import RunsDirOption, all_chosen, named
from cilda.cli.completion import complete_runs
from cilda.cli.run_words import words_of
from cilda.cli.writable import refuse_unwritable
from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder
from cilda.runs.locks import Held, Lock, await_release, busy, holder
from cilda.runs.status import status_of
from cilda.runs.store import open_run
from cilda.runs.summary import summary_of
from cilda.runs.words import one_line, size_words


def rm(
    run: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="Ids, beginnings of ids, or paths of runs.", autocompletion=complete_runs),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    runs_dir: RunsDirOption = None,
) -> None:
    """Remove runs for good, with all that they made.

    Never one that somebody may still work on.
    """
    for reference in run:
        _refuse_link(Path(reference).expanduser())
    folders = all_chosen(run, runs_dir)
    for folder in folders:
        _refuse(folder)
    question = f"remove {'it' if len(folders) == 1 else f'all {len(folders)}'} for good?"
    agreed((_described(folder) for folder in folders), question, yes=yes)
    for folder in folders:
        _remove(folder)


def _refuse(folder: RunFolder) -> None:
    """Raises a CildaError for a run that is alive, or may be, or is no folder of its own."""
    _refuse_link(folder.path)
    strange = _stranger(folder)
    if strange and not {"v", "t", "id"} <= read_json(folder.run_json).keys():
        raise CildaError(
            f"{folder.path} may not be a run: it holds {strange}, and no run.json of ours",
            "remove it yourself if it may go",
        )
    status = status_of(folder)
    if not status.ended:
        todo = "ask on its machine" if status.word == "lost" else f"stop it first: cilda stop {named(folder)}"
        raise CildaError(f"{folder.id} is {words_of(status)}", todo)
    refuse_unwritable(folder, folder.path.parent)


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise CildaError(f"{path} is a link to {path.readlink()}", "name the run's own folder")


def _described(folder: RunFolder) -> str:
    row = summary_of(open_run(folder))
    best = "" if row.best is None else f", best {row.best:.4f}"
    return f"{folder.id}: {words_of(row.status)}{best}, {size_words(measured(folder.path)[0])}"


def _remove(folder: RunFolder) -> None:
    """Removes one run, in whose place no trainer can begin meanwhile."""
    says = {key: value for key, value in holder(folder.trainer_lock).says.items() if key in ("attempt", "supervised")}
    # A supervisor that still writes down the end would write it into whatever takes this name next.
    await_release(folder.supervisor_lock, folder.trainer_lock)
    if holder(folder.supervisor_lock).held is Held.YES:
        raise busy(folder.supervisor_lock)
    lock = Lock.take(folder.trainer_lock, **says)
    hidden = folder.path.with_name(f".{folder.id}.{secrets.token_hex(4)}.removed")
    try:
        # Gone for everybody in one instant: a removal that fails half-way leaves no half of a run.
        folder.path.rename(hidden)
    except OSError as error:
        raise CildaError(f"{folder.id} cannot be removed: {error.strerror}", f"look at {folder.path.parent}") from error
    finally:
        lock.release()
    try:
        shutil.rmtree(hidden)
    except OSError as error:
        raise CildaError(f"{folder.id} is not wholly removed: {error.strerror}", f"the rest is in {hidden}") from error
    print(one_line(folder.id))


_OWN = {
    "run.json", "state.json", "exit.json", "events", "augmentations", "checkpoints", "student", "log", "system",
    "control", "lock",
}  # fmt: skip


def _stranger(folder: RunFolder) -> str:
    """A name in the folder that no run has; empty where there is none."""
    return next((one_line(entry.name) for entry in sorted(folder.path.iterdir()) if entry.name not in _OWN), "")
