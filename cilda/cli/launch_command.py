"""`cilda launch`: a run as a job of a cluster."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.chosen import say
from cilda.cli.launched import Launched, launched
from cilda.cli.processes import refuse_small_batch
from cilda.cli.slurm_script import SPARE_SECONDS, SlurmJob, limit_seconds, script, wish
from cilda.errors import CildaError, UsageError

if TYPE_CHECKING:
    from cilda.cli.beforehand import Role

MACHINES = "Machines"
JOB = "The job"


def launch(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- ARGS", help="Of cilda distill; or finetune or resume, and then its own."),
    ] = None,
    slurm: Annotated[bool, typer.Option("--slurm", help="As a Slurm job; there is no other scheduler yet.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the job's script, and stop.")] = False,
    nodes: Annotated[int, typer.Option("--nodes", metavar="N", min=1, help="Machines.", rich_help_panel=MACHINES)] = 1,
    gpus: Annotated[
        int, typer.Option("--gpus", metavar="N", min=1, help="GPUs of each machine.", rich_help_panel=MACHINES)
    ] = 1,
    cpus_per_gpu: Annotated[
        int,
        typer.Option(
            "--cpus-per-gpu", metavar="N", min=1, help="Processor cores for each GPU.", rich_help_panel=MACHINES
        ),
    ] = 4,
    mem: Annotated[
        str | None, typer.Option("--mem", help="Memory of each machine, such as 64G.", rich_help_panel=MACHINES)
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", help="Limit of each start, such as 04:00:00.", rich_help_panel=JOB)
    ] = None,
    stop_before: Annotated[
        int,
        typer.Option(
            "--stop-before",
            metavar="SECONDS",
            min=SPARE_SECONDS + 10,
            help="How long before the limit to stop behind a checkpoint.",
            rich_help_panel=JOB,
        ),
    ] = 120,
    partition: Annotated[str | None, typer.Option("--partition", help="The queue.", rich_help_panel=JOB)] = None,
    account: Annotated[str | None, typer.Option("--account", help="Who is charged.", rich_help_panel=JOB)] = None,
    qos: Annotated[str | None, typer.Option("--qos", help="The quality of service.", rich_help_panel=JOB)] = None,
    job_name: Annotated[
        str | None, typer.Option("--job-name", help="The job's; by default the run's.", rich_help_panel=JOB)
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The job's log.", rich_help_panel=JOB)
    ] = "slurm-%j.out",
    sbatch: Annotated[
        list[str] | None,
        typer.Option(
            "--sbatch", metavar="--KEY=VALUE", help="Any other option of sbatch; repeatable.", rich_help_panel=JOB
        ),
    ] = None,
    setup: Annotated[
        list[str] | None,
        typer.Option(
            "--setup",
            metavar="COMMAND",
            help="A line that runs first, as module load; repeatable.",
            rich_help_panel=JOB,
        ),
    ] = None,
    python: Annotated[
        str | None, typer.Option("--python", help="On the machines; by default this one's.", rich_help_panel=JOB)
    ] = None,
    accelerate_config: Annotated[
        Path | None,
        typer.Option(
            "--accelerate-config",
            metavar="FILE",
            help="How the processes share their work, as `accelerate config` writes it.",
            rich_help_panel=JOB,
        ),
    ] = None,
) -> None:
    """Learn as a job of a cluster, on one machine or several, queued again until it has finished.

    The job's number is printed on stdout. Before its time limit, and when it is preempted, the run stops behind a
    checkpoint; the job is queued again and goes on from there. Runs, models and rows must lie where all machines see
    them.
    """
    if not slurm:
        raise UsageError("no scheduler is named", "say --slurm")
    if accelerate_config is not None and nodes * gpus == 1:
        raise UsageError("--accelerate-config is given, and there is one process only", "see --gpus and --nodes")
    if time is not None and limit_seconds(time) <= stop_before:
        raise UsageError(
            f"--time {time} ends before --stop-before {stop_before} seconds begin",
            "a longer limit, or a shorter warning",
        )
    if mem is not None and not re.fullmatch(r"\d+[KMGT]?", mem, re.IGNORECASE):
        raise UsageError(f"--mem is {mem!r}", "such as 64G, or a number of megabytes")
    run = launched(arguments or [])
    if run.config is not None:
        refuse_small_batch(run.config, nodes * gpus)
    named = {"partition": partition, "account": account, "qos": qos, "time": time, "mem": mem}
    job = SlurmJob(
        command=run.command,
        arguments=run.arguments,
        name=run.name,
        named_by_job=not run.named,
        runs_dir=run.runs_dir,
        folder=Path.cwd(),
        python=python or sys.executable,
        nodes=nodes,
        gpus=gpus,
        cpus_per_gpu=cpus_per_gpu,
        stop_before_seconds=stop_before,
        job_name=job_name,
        output=output,
        wishes=(*((key, value) for key, value in named.items() if value is not None), *map(wish, sbatch or [])),
        setup=tuple(setup or ()),
        accelerate_config=None if accelerate_config is None else accelerate_config.absolute(),
    )
    text = script(job)
    if dry_run:
        sys.stdout.write(text)
        return
    _refuse_what_is_not_there(run, job)
    number = _submitted(text)
    print(number)
    name = f"{run.name}{'' if run.named else number}"
    say(f"run {name} in {run.runs_dir}, when its turn comes; the job's log: {output.replace('%j', number)}")


def _refuse_what_is_not_there(run: Launched, job: SlurmJob) -> None:
    """Refuses what would end the job after hours in a queue.

    Raises:
        CildaError: a model, a file of rows or of settings, or the log's folder that is not there.
    """
    from cilda.cli.beforehand import named_things_exist
    from cilda.cli.row_files import refuse_missing

    log = job.folder / job.output
    if "%" not in str(log.parent) and not log.parent.is_dir():
        raise CildaError(
            f"there is no folder {log.parent} for the job's log", "make it: Slurm would end the job unheard"
        )
    if job.accelerate_config is not None and not job.accelerate_config.is_file():
        raise CildaError(f"there is no file {job.accelerate_config}", "accelerate config --config_file FILE makes one")
    if run.config is None:
        return
    models: tuple[Role, ...] = ("teacher",) if run.command == "finetune" else ("teacher", "student", "generator")
    refuse_missing(run.config.train_file, run.config.validation_file, run.config.unlabeled_file)
    named_things_exist(run.config.model_copy(update={"runs_dir": run.runs_dir}), models)


def _submitted(text: str) -> str:
    """The number of the job that sbatch has made of a script.

    Raises:
        CildaError: there is no sbatch, or it refused.
    """
    sbatch = shutil.which("sbatch")
    if sbatch is None:
        raise CildaError("there is no sbatch on this machine", "submit where Slurm is; --dry-run prints the script")
    done = subprocess.run([sbatch, "--parsable"], input=text, capture_output=True, text=True, check=False)
    # With several clusters: number;cluster.
    number = done.stdout.strip().partition(";")[0]
    if done.returncode or not number:
        said = done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"]
        raise CildaError(f"sbatch refused the job: {said[-1]}", "--dry-run prints the script that it was given")
    return number
