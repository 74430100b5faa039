"""The text of a Slurm job that begins a run, and goes on with it whenever the job is queued again."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from cilda.errors import UsageError

_LIKE_OURS = ("account", "gpus", "job-name", "mem", "nodes", "output", "partition", "qos", "time")
_FIXED = ("array", "chdir", "no-requeue", "ntasks", "ntasks-per-node", "open-mode", "requeue", "wrap")
OURS = {
    **{key: f"--{key}" for key in _LIKE_OURS},
    **dict.fromkeys(("cpus-per-gpu", "cpus-per-task"), "--cpus-per-gpu"),
    "gpus-per-node": "--gpus",
    "signal": "--stop-before",
    **dict.fromkeys(_FIXED, ""),
}
"""What the script tells sbatch by itself, each with the option of `cilda launch` that changes it, if there is one."""

SPARE_SECONDS = 20
"""What is left between the last moment of a run that is stopping and the end of its job."""


_LIMIT = re.compile(r"(?:(?P<days>\d+)-)?(?P<first>\d+)(?::(?P<second>\d+))?(?::(?P<third>\d+))?")


def limit_seconds(text: str) -> float:
    """A time limit as sbatch reads it: `90` and `90:30` are minutes, `4:00:00` and `1-12` begin with hours.

    Raises:
        UsageError: sbatch could not read it.
    """
    if text.upper() in ("UNLIMITED", "INFINITE"):
        return float("inf")
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise UsageError(f"--time is {text!r}", "such as 90 (minutes), 04:00:00 or 1-12 (a day and twelve hours)")
    parts = [int(part or 0) for part in found.group("first", "second", "third")]
    if found["days"] is not None:
        return 86400 * int(found["days"]) + 3600 * parts[0] + 60 * parts[1] + parts[2]
    if found["third"] is not None:
        return 3600 * parts[0] + 60 * parts[1] + parts[2]
    return 60 * parts[0] + parts[1]


@dataclass(frozen=True)
class SlurmJob:
    """All that the script depends on."""

    command: str
    """`distill`, `finetune` or `resume`."""
    arguments: tuple[str, ...]
    """Of that command, without the run's name and --runs-dir."""
    name: str
    """The run's name, or what it begins with."""
    runs_dir: Path
    folder: Path
    """Where the job works: relative paths are meant from here."""
    python: str
    """The interpreter on the nodes."""
    named_by_job: bool = False
    """Whether the job's number follows the name; it stays the same when the job is queued again."""
    nodes: int = 1
    gpus: int = 1
    """Of each node, and so its processes."""
    cpus_per_gpu: int = 4
    stop_before_seconds: int = 120
    """How long before the time limit the run is told to stop."""
    job_name: str | None = None
    output: str = "slurm-%j.out"
    wishes: tuple[tuple[str, str | None], ...] = ()
    """More for sbatch: keys, with their values where they have one."""
    setup: tuple[str, ...] = ()
    """Lines of bash that come first."""
    accelerate_config: Path | None = None


def script(job: SlurmJob) -> str:
    """The job as bash, with what sbatch is told at its head.

    The time limit and `scancel` must not look alike: after one the job comes back, after the other it does not. So
    Slurm is asked to warn of the limit with USR1, and the shell alone, which passes it on to the run as TERM. A TERM
    of Slurm's own reaches the run without help.

    Raises:
        UsageError: a value that cannot stand in a line for sbatch.
    """
    many = job.nodes * job.gpus > 1
    return "\n".join((
        "#!/bin/bash",
        *(f"#SBATCH --{key}" + ("" if value is None else f"={_quoted(key, value)}") for key, value in _told(job)),
        "",
        # Activation scripts read variables that nobody has set.
        *("set -eo pipefail", *job.setup, "set -u", ""),
        *_wanted(job),
        *(_group(job) if many else ()),
        _SIGNALS,
        _WHERE,
        _MANY if many else _ONE,
        _END,
    ))  # fmt: skip


def wish(text: str) -> tuple[str, str | None]:
    """A `--key=value` for sbatch, or a `--key`, as a pair.

    Raises:
        UsageError: it has another form, or the script says it already.
    """
    form = re.fullmatch(r"--([a-z][a-z0-9-]*)(?:=(.*))?", text, flags=re.DOTALL)
    if form is None:
        raise UsageError(f"--sbatch {text!r} is not of the form --key=value", "such as --sbatch --constraint=a100")
    key, value = form[1], form[2]
    if key in OURS:
        todo = f"use {OURS[key]}" if OURS[key] else "leave it out: the run depends on how it is said there"
        raise UsageError(f"--sbatch {text!r}: the script says --{key} itself", todo)
    return key, value


def _told(job: SlurmJob) -> list[tuple[str, str | None]]:
    """What sbatch is told, in order."""
    return [
        ("job-name", job.job_name or job.name.rstrip("-")),
        ("nodes", str(job.nodes)),
        ("ntasks-per-node", "1"),
        ("gpus-per-node", str(job.gpus)),
        ("cpus-per-task", str(job.gpus * job.cpus_per_gpu)),
        *job.wishes,
        ("requeue", None),
        ("signal", f"B:USR1@{job.stop_before_seconds}"),
        ("open-mode", "append"),
        ("output", job.output),
        ("chdir", str(job.folder)),
    ]


def _quoted(key: str, value: str) -> str:
    """A value as sbatch reads it: within double quotes, too, a backslash takes the next letter as it is."""
    if not value.isprintable():
        raise UsageError(
            f"--{key} is {value!r}: a line for sbatch cannot hold that", "leave out line breaks and the like"
        )
    if re.fullmatch(r"[\w./:@%+,=-]+", value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _wanted(job: SlurmJob) -> list[str]:
    """The run as variables of the script; the rest of it is the same in every job."""
    name = shlex.quote(job.name) + ('"$SLURM_JOB_ID"' if job.named_by_job else "")
    words = shlex.join((job.command, *job.arguments))
    resumes = job.command == "resume"
    where = '--runs-dir "$runs_dir"'
    stays = "" if job.nodes * job.gpus > 1 else " --foreground"
    again = f" {shlex.join(job.arguments)}" if resumes and job.arguments else ""
    return [
        f"python={shlex.quote(job.python)}",
        f"runs_dir={shlex.quote(str(job.runs_dir))}",
        f"name={name}",
        "begin=()" if resumes else f'begin=({words} --name "$name" {where}{stays if job.command == "distill" else ""})',
        f'again=(resume "$name" {where}{stays}{again})',
    ]


def _group(job: SlurmJob) -> tuple[str, ...]:
    """What a group of processes needs: the options of `accelerate launch` that are the same on all nodes, and time."""
    if job.accelerate_config is None:
        how = ["--multi_gpu", "--mixed_precision", "no", "--dynamo_backend", "no"]
    else:
        how = ["--config_file", str(job.accelerate_config)]
    size = ["--num_machines", str(job.nodes), "--num_processes", str(job.nodes * job.gpus)]
    return (
        f"accelerate=({shlex.join((*how, *size, '--rdzv_backend', 'static'))})",
        "# So long torchrun lets its processes save what they have, after a TERM.",
        f"export TORCH_ELASTIC_SHUTDOWN_TIMEOUT={max(1, job.stop_before_seconds - SPARE_SECONDS)}",
    )


_SIGNALS = """
# USR1 says that the time limit is near: the run is told to stop, and the job is queued again.
# TERM says that Slurm ends the job: it tells the run itself, and knows whether the job comes back.
heard=0 limit=0 ending=0
trap 'heard=1; limit=1; scancel --signal=TERM "$SLURM_JOB_ID" || true' USR1
trap 'heard=1; ending=1' TERM
"""

_WHERE = """\
said=$("$python" -m cilda.cli.slurm_job begins "$runs_dir/$name")
read -r word attempt <<< "$said"
case $word in
  begin) job=("${begin[@]}") ;;
  resume) job=("${again[@]}") ;;
  *) echo "$name: $word"; exit 0 ;;
esac
if [ "${#job[@]}" = 0 ]; then echo "$name: there is no such run in $runs_dir" >&2; exit 1; fi
# What an earlier start of this job left without a word is surely dead.
if [ "$word" = resume ] && [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then job+=(--force); fi
export PYTHONUNBUFFERED=1
"""

_ONE = """\
srun --nodes=1 --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" --cpu-bind=none "$python" -m cilda "${job[@]}" &"""

# --wait is longer than NCCL waits for a process that has gone, 10 min; the first node may still be saving its results.
_MANY = """\
hosts=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
accelerate+=(--main_process_ip "${hosts%%$'\\n'*}" --main_process_port "$((10000 + SLURM_JOB_ID % 20000))")
# Expanded on each node: its number there.
node='exec "$0" -m accelerate.commands.accelerate_cli launch --machine_rank "$SLURM_NODEID" "$@"'
srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" --cpu-bind=none \\
  --kill-on-bad-exit=0 --wait=660 bash -c "$node" "$python" "${accelerate[@]}" -m cilda "${job[@]}" &"""

_END = """\
step=$!
# A signal ends the waiting, not the step.
while true; do
  code=0
  wait "$step" || code=$?
  if [ "$heard" = 0 ]; then break; fi
  heard=0
done

end=$("$python" -m cilda.cli.slurm_job ends "$runs_dir/$name" "$attempt")
echo "$name: $end"
case $end in
  finished | stopped) exit 0 ;;
  interrupted) ;;
  unsaved)
    # Once is no harm: a teacher may have been made. Twice would be for ever.
    if [ "$limit" = 1 ] && [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
      echo "$name: the time limit came again before the first checkpoint; give it more with --time" >&2
      exit 1
    fi
    ;;
  *) exit "$((code ? code : 1))" ;;
esac
if [ "$ending" = 1 ]; then exit "$code"; fi
scontrol requeue "$SLURM_JOB_ID"
"""
