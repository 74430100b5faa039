"""A Slurm of shell scripts: commands that write down what they were called with, and a launcher that plays a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from cilda.distill.checkpoint import save_checkpoint
from cilda.runs.control import Orders, Request
from cilda.runs.layout import RunFolder
from cilda.runs.writer import RunWriter
from tests.cli.standin import new_run

End = Literal["finished", "stopped", "interrupted", "unsaved", "failed"]

_SRUN = r"""
printf '%s\0' "$@" > "$CALLS/srun"
nodes=1
while [[ $1 == --* ]]; do
  if [[ $1 == --nodes=* ]]; then nodes=${1#--nodes=}; fi
  shift
done
# The first node last: it plays the run.
for ((id = nodes - 1; id >= 0; id--)); do SLURM_NODEID=$id "$@" || code=$?; done
exit "${code:-0}"
"""
_SCONTROL = r"""
if [ "$1" = show ]; then echo gpu-1; echo gpu-2; else echo "$*" >> "$CALLS/requeue"; fi
"""
_SCANCEL = r"""
echo "$*" >> "$CALLS/scancel"
echo >> "$CALLS/told"
"""
_PYTHON = r"""
if [ "$2" = cilda.cli.slurm_job ]; then exec "$REAL_PYTHON" "$@"; fi
printf '%s\0' "$@" > "$CALLS/python-${SLURM_NODEID:-0}"
if [ "${SLURM_NODEID:-0}" != 0 ]; then exit "$CODE"; fi
if [ -p "$CALLS/told" ]; then echo >> "$CALLS/begun"; read -r < "$CALLS/told"; fi
mkdir -p "$RUN" && cp -r "$PLAYED/." "$RUN"
exit "$CODE"
"""


@dataclass(frozen=True)
class Cluster:
    """A folder with the commands, what they were called with, and a run as it ends."""

    folder: Path

    @property
    def calls(self) -> Path:
        """A file for each command that was called."""
        return self.folder / "calls"

    @property
    def python(self) -> Path:
        """The interpreter on the nodes."""
        return self.folder / "bin" / "python of the nodes"

    @property
    def played(self) -> RunFolder:
        """The run as the launcher leaves it."""
        return RunFolder(self.folder / "played" / "one")

    def arguments(self, command: str) -> list[str]:
        """What a command was called with."""
        return (self.calls / command).read_text(encoding="utf-8").split("\0")[:-1]

    def called(self, command: str) -> list[str]:
        """The calls of a command, a line each; none where it was not called."""
        path = self.calls / command
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def waits(self) -> None:
        """Has the launcher say that it has begun, in the pipe `begun`, and wait for a word in the pipe `told`."""
        for name in ("begun", "told"):
            os.mkfifo(self.calls / name)

    def started(self, text: str, run: Path, *, code: int = 0, restarts: int = 0) -> subprocess.Popen[str]:
        """The script, as Slurm would start it; the launcher leaves the played run behind, and this code."""
        script = self.folder / "job.sh"
        script.write_text(text, encoding="utf-8")
        slurm = {"SLURM_JOB_ID": "4321", "SLURM_JOB_NODELIST": "gpu-[1-2]", "SLURM_JOB_NUM_NODES": "2"}
        if restarts:
            slurm["SLURM_RESTART_COUNT"] = str(restarts)
        stubs = {
            "CALLS": self.calls,
            "RUN": run,
            "PLAYED": self.played.path,
            "REAL_PYTHON": sys.executable,
            "CODE": code,
        }
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            [shutil.which("bash") or "bash", script],
            env={**os.environ, **slurm, **{key: str(value) for key, value in stubs.items()}, "PATH": path,
                 "REAL_PYTHON": sys.executable, "SLURM_CPUS_PER_TASK": "8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip


def cluster(folder: Path) -> Cluster:
    """The commands, in a new folder."""
    made = Cluster(folder)
    made.calls.mkdir(parents=True)
    made.python.parent.mkdir()
    commands = {"srun": _SRUN, "scontrol": _SCONTROL, "scancel": _SCANCEL, made.python.name: _PYTHON}
    for name, text in commands.items():
        command(made.python.with_name(name), text)
    return made


def command(path: Path, text: str) -> None:
    """A shell script that can be called."""
    path.write_text(f"#!/bin/bash\n{text}", encoding="utf-8")
    path.chmod(0o755)


def ended(folder: RunFolder, end: End, attempt: int = 1) -> RunFolder:
    """A run that this process has left so."""
    new_run(folder.path.parent, folder.id)
    with RunWriter(folder, attempt=attempt) as writer:
        writer.event("started", attempt=attempt)
        by = {"stopped": "anna@desk", "interrupted": "SIGTERM", "unsaved": "SIGTERM"}.get(end)
        if end in ("stopped", "interrupted"):
            save_checkpoint(folder.checkpoints, "step-student-00000003", {"student": {"weight": torch.zeros(1)}})
        if by is not None:
            Orders(folder, writer).answer(Request("1", "stop", by, 0.0), "done")
        status = "stopped" if by is not None else end
        writer.event(status, what="?")
        writer.state(status, stage="student")
    return folder
