"""The process that a supervisor starts: it works on one run, whose settings it takes from the run's own folder.

Run as `python -m cilda.cli.train FOLDER ATTEMPT LOCK`, LOCK being the descriptor of the trainer's lock, inherited. Of
several processes none inherits it: LOCK is a dash, and their launcher holds it.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cilda.cli.processes import join, one_voice, part, speak_up
from cilda.cli.running import Desk, working
from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder
from cilda.runs.locks import Lock
from cilda.runs.words import one_line

if TYPE_CHECKING:
    from cilda.config import RunConfig

INTERRUPTED = 130


def work(folder: RunFolder, attempt: int | None = None, lock: Lock | None = None) -> Any:
    """Does, or goes on with, what a run's run.json asks for, and gives what came of it.

    Raises:
        CildaError: what the user can mend; run.json is missing or damaged; another process works on the run.
        typer.Exit: somebody stopped the run.
    """
    asked, config = asked_of(folder)
    config = config.model_copy(update={"gpus": join(config).size})
    with working(folder, attempt=attempt, inherited=lock) as desk:
        return JOBS[asked.get("job", "distill")](config, asked, desk)


def asked_of(folder: RunFolder) -> tuple[dict[str, Any], RunConfig]:
    """What a run's run.json says, and its settings.

    Raises:
        CildaError: it is missing or damaged, or of a newer version.
    """
    from cilda.config import RunConfig

    asked = read_json(folder.run_json)
    if not isinstance(asked.get("config"), dict):
        raise CildaError(f"{folder.run_json} is missing or damaged", "without its settings nobody can go on with a run")
    config = RunConfig.checked(asked["config"])
    if asked.get("job", "distill") not in JOBS:
        raise CildaError(f"a newer cilda began {folder.id}: its job is {asked['job']!r}", "update cilda")
    return asked, config


def _distill(config: Any, asked: dict[str, Any], desk: Desk) -> Any:  # noqa: ARG001  every job is told what was asked
    from cilda.distill.session import distil

    return distil(config, None, desk.writer, orders=desk.orders)


def _finetune(config: Any, asked: dict[str, Any], desk: Desk) -> Any:
    from cilda.cli.finetune import make_and_keep

    return make_and_keep(config, None, desk, out=None if asked.get("out") is None else Path(asked["out"]))


def _bench(config: Any, asked: dict[str, Any], desk: Desk) -> Any:  # noqa: ARG001  its runs have settings of their own
    from cilda.cli.bench_job import run_bench

    run_bench(desk)


JOBS: dict[str, Callable[[Any, dict[str, Any], Desk], Any]] = {
    "distill": _distill,
    "finetune": _finetune,
    "bench": _bench,
}


def main(arguments: Sequence[str]) -> int:
    """The process's own entry; what it prints is the run's log."""
    path, attempt, descriptor = arguments
    one_voice()
    folder = RunFolder(Path(path))
    try:
        held = Lock.beside(folder.trainer_lock) if descriptor == "-" else Lock.inherited(int(descriptor))
        work(folder, int(attempt), held)
    except typer.Exit as stopped:
        return stopped.exit_code
    except CildaError as error:
        speak_up(error)
        lines = [
            f"cilda: {one_line(error.what)}",
            *(f"       {one_line(line)}" for line in error.todo.split("\n") if line),
        ]
        print("\n".join(lines), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("cilda: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        speak_up(error)
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(part(main(sys.argv[1:])))
