"""The command line that `cilda launch` hands on, read as the command itself would read it, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cilda.cli.chosen import runs_dir_of
from cilda.cli.run_options import AS_TEACHER_SETTINGS, given_by
from cilda.errors import CildaError, UsageError
from cilda.runs.layout import check_new, default_runs_dir, find, new_run_id
from cilda.runs.status import status_of

if TYPE_CHECKING:
    from cilda.config import RunConfig

_REFUSED = {
    "foreground": "the job stays until the run has ended",
    "detach": "the job stays until the run has ended",
    "demo": "the demo takes minutes on one machine: cilda distill --demo",
    "dry_run": "say it before the -- to see the job's script",
    "gpus": "say it before the --: the GPUs of each node",
}
"""By parameter: why it cannot be handed on, or what to do instead."""


@dataclass(frozen=True)
class Launched:
    """A command that has been looked over."""

    command: str
    """`distill`, `finetune` or `resume`."""
    arguments: tuple[str, ...]
    """For that command; of `resume` without the run and --runs-dir."""
    name: str
    """The run's name; of a run that nobody has named what it begins with."""
    named: bool
    runs_dir: Path
    """As a whole path."""
    config: RunConfig | None = None
    """Of a new run."""


def launched(words: Sequence[str]) -> Launched:
    """What the words mean: `distill`, `finetune` or `resume` with arguments, or arguments of `distill` alone.

    Raises:
        UsageError: another command, an option that cannot be handed on, a setting that is wrong.
        typer.TyperException: what the command would say of its options.
        CildaError: of a new run, that its name is taken; of an old one, that it is not there or has finished.
    """
    given = list(words)
    command = given.pop(0) if given and not given[0].startswith("-") else "distill"
    if command not in ("distill", "finetune", "resume"):
        raise UsageError(f"cilda {command} cannot be launched", "behind the -- stand distill, finetune or resume")
    if "--" in given:
        raise UsageError(f"a second -- among the arguments of cilda {command}", "leave it out")
    values = _parsed(command, given)
    return _old_run(values) if command == "resume" else _new_run(command, given, values)


def _parsed(command: str, arguments: list[str]) -> dict[str, Any]:
    """The command's parameters, as its own parser sees them."""
    from typer.main import get_command

    from cilda.cli.main import build

    group: Any = get_command(build(command))
    # The parser empties the list that it is given.
    with group.commands[command].make_context(f"cilda {command}", list(arguments)) as context:
        values: dict[str, Any] = dict(context.params)
    for name, todo in _REFUSED.items():
        if values.get(name):
            raise UsageError(f"--{name.replace('_', '-')} cannot be handed on to cilda {command}", todo)
    return values


def _new_run(command: str, arguments: list[str], values: dict[str, Any]) -> Launched:
    from datetime import datetime

    from cilda.cli.launch import name_parts

    given = given_by(values, AS_TEACHER_SETTINGS if command == "finetune" else None)
    other = values.get("from_run")
    runs_dir = given.flags["runs_dir"] or default_runs_dir()
    config, _ = given.resolved(run=None if other is None else find(runs_dir, other))
    runs_dir = (config.runs_dir or default_runs_dir()).absolute()
    if config.name is not None:
        check_new(runs_dir, config.name)
        return Launched(command, tuple(arguments), config.name, True, runs_dir, config)
    parts = name_parts(config, "finetune" if command == "finetune" else None)
    name = new_run_id(**parts, now=datetime.now().astimezone(), ending="job")
    return Launched(command, tuple(arguments), f"{name}-", False, runs_dir, config)


def _old_run(values: dict[str, Any]) -> Launched:
    if values["run"] is None:
        raise UsageError("no run is named to resume", "such as: cilda launch --slurm -- resume RUN")
    folder = find(runs_dir_of(values["runs_dir"]), values["run"])
    if status_of(folder).word == "finished":
        raise CildaError(f"{folder.id} is finished", "begin another like it: cilda launch --slurm -- --from RUN")
    flags = [f"--{name}" for name in ("force", "anew") if values[name]]
    return Launched("resume", tuple(flags), folder.id, True, folder.path.absolute().parent)
