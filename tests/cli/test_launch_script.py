"""The script of a Slurm job: what sbatch reads of it, and what bash does with it."""

from __future__ import annotations

import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cilda.cli.slurm_script import SlurmJob, limit_seconds, script, wish
from cilda.errors import UsageError
from tests.cli.slurm_stubs import Cluster, End, cluster, ended

HOSTILE = "a b'c\"$(touch pwned)`touch pwned`\n;# \\ é"


def job(**fields: Any) -> SlurmJob:
    """A job with what every job has."""
    given = {
        "command": "distill",
        "arguments": ("--teacher", "bert-base"),
        "name": "one",
        "runs_dir": Path("/data/runs"),
        "folder": Path("/home/anna"),
        "python": "/opt/python",
    }
    return SlurmJob(**{**given, **fields})


def told(text: str) -> dict[str, str]:
    """What sbatch is told, by key; '' where there is no value. It reads quotes as a shell does."""
    lines = [line.removeprefix("#SBATCH ") for line in text.splitlines() if line.startswith("#SBATCH ")]
    words = [shlex.split(line) for line in lines]
    assert all(len(line) == 1 for line in words)
    pairs = [line[0].removeprefix("--").partition("=") for line in words]
    assert len({key for key, _, _ in pairs}) == len(pairs)
    return {key: value for key, _, value in pairs}


def test_sbatch_is_told_what_was_asked_for_and_that_the_job_may_come_back() -> None:
    text = script(job(nodes=2, gpus=8, cpus_per_gpu=6, stop_before_seconds=300, wishes=(("time", "4:00:00"),)))
    assert told(text) == {
        "job-name": "one", "nodes": "2", "ntasks-per-node": "1", "gpus-per-node": "8", "cpus-per-task": "48",
        "time": "4:00:00", "requeue": "", "signal": "B:USR1@300", "open-mode": "append", "output": "slurm-%j.out",
        "chdir": "/home/anna",
    }  # fmt: skip
    assert text.startswith("#!/bin/bash\n#SBATCH ")
    # It stops reading at the first command.
    assert text.index("\nset -eo") > text.rindex("#SBATCH")


def test_values_for_sbatch_are_quoted_and_stay_in_their_line() -> None:
    found = told(script(job(wishes=(wish('--comment=say "hi" # \\ it\'s'), wish("--exclusive")))))
    assert found["comment"] == 'say "hi" # \\ it\'s'
    assert found["exclusive"] == ""
    with pytest.raises(UsageError, match="a line for sbatch cannot hold that"):
        script(job(job_name="one\n#SBATCH --qos=dear"))


@pytest.mark.parametrize("text", ["--nodes=3", "--signal=TERM", "--requeue", "-N3", "time=3", "--", "--a b=3"])
def test_what_the_script_says_itself_or_nobody_can_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        wish(text)


@pytest.mark.parametrize(
    "fields",
    [
        {"nodes": 2, "gpus": 8, "named_by_job": True},
        {"command": "finetune", "setup": ("module load cuda", "source env/bin/activate")},
        {"command": "resume", "arguments": ("--anew",), "gpus": 2},
    ],
)
def test_every_form_of_the_script_is_bash(fields: dict[str, Any]) -> None:
    text = script(job(**{**fields, **({} if "arguments" in fields else {"arguments": ("--text", HOSTILE)})}))
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(name="slurm")
def _slurm(tmp_path: Path) -> Cluster:
    return cluster(tmp_path / "a 'cluster' $(touch pwned)")


def finished(process: subprocess.Popen[str], code: int) -> str:
    """What a script printed that ends with this code."""
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, ""), out
    return out


def test_the_first_start_begins_the_run_on_all_machines(slurm: Cluster) -> None:
    from accelerate.commands.launch import launch_command_parser

    ended(slurm.played, "finished")
    runs = slurm.folder / "runs"
    arguments = ("--teacher", "bert-base", "--text", HOSTILE)
    text = script(job(arguments=arguments, python=str(slurm.python), runs_dir=runs, name="one-", named_by_job=True,
                      nodes=2, gpus=8, setup=("export SAID=$UNSET",)))  # fmt: skip
    out = finished(slurm.started(text, runs / "one-4321"), 0)
    assert out == "one-4321: finished\n"
    assert slurm.called("requeue") == []
    assert not list(slurm.folder.parent.rglob("pwned"))
    for rank in (0, 1):
        given = slurm.arguments(f"python-{rank}")
        assert given[:3] == ["-m", "accelerate.commands.accelerate_cli", "launch"]
        parsed = launch_command_parser().parse_args(given[3:])
        assert (parsed.machine_rank, parsed.num_machines, parsed.num_processes) == (rank, 2, 16)
        assert (parsed.main_process_ip, parsed.main_process_port, parsed.rdzv_backend) == ("gpu-1", 14321, "static")
        assert (parsed.multi_gpu, parsed.mixed_precision, parsed.dynamo_backend) == (True, "no", "no")
        assert (parsed.module, parsed.training_script) == (True, "cilda")
        named = ["--name", "one-4321", "--runs-dir", str(runs)]
        assert parsed.training_script_args == ["distill", *arguments, *named]
    assert "--wait=660" in slurm.arguments("srun")


LIMIT: list[tuple[End, int, list[str]]] = [
    ("interrupted", 0, ["requeue 4321"]),
    ("finished", 0, []),
    ("failed", 9, []),
    ("unsaved", 1, []),
]


@pytest.mark.parametrize(("end", "code", "requeued"), LIMIT, ids=[end for end, _, _ in LIMIT])
def test_at_the_time_limit_a_run_that_stopped_behind_a_checkpoint_is_queued_again(
    end: End, code: int, requeued: list[str], slurm: Cluster
) -> None:
    runs = slurm.folder / "runs"
    ended(slurm.played, end, attempt=2)
    (runs / "one" / "events").mkdir(parents=True)
    state = '{"v": 1, "status": "stopped", "attempt": 1}'
    (runs / "one" / "state.json").write_text(state, encoding="utf-8")
    slurm.waits()
    text = script(job(python=str(slurm.python), runs_dir=runs, nodes=1, gpus=1))
    process = slurm.started(text, runs / "one", code=0 if end == "finished" else 9, restarts=1)
    (slurm.calls / "begun").read_text(encoding="utf-8")
    process.send_signal(signal.SIGUSR1)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, f"one: {end}\n")
    assert slurm.called("scancel") == ["--signal=TERM 4321"]
    assert slurm.called("requeue") == requeued
    resumed = ["resume", "one", "--runs-dir", str(runs), "--foreground", "--force"]
    assert slurm.arguments("python-0") == ["-m", "cilda", *resumed]


def test_a_job_that_slurm_ends_is_not_queued_again_by_itself(slurm: Cluster) -> None:
    ended(slurm.played, "interrupted")
    slurm.waits()
    runs = slurm.folder / "runs"
    process = slurm.started(script(job(python=str(slurm.python), runs_dir=runs)), runs / "one", code=143)
    (slurm.calls / "begun").read_text(encoding="utf-8")
    process.send_signal(signal.SIGTERM)
    # Slurm tells the run itself.
    (slurm.calls / "told").write_text("\n", encoding="utf-8")
    assert finished(process, 143) == "one: interrupted\n"
    assert (slurm.called("scancel"), slurm.called("requeue")) == ([], [])
    assert slurm.arguments("python-0")[-5:] == ["--name", "one", "--runs-dir", str(runs), "--foreground"]


def test_a_run_that_has_finished_is_left_alone(slurm: Cluster) -> None:
    ended(slurm.played, "finished")
    text = script(job(python=str(slurm.python), runs_dir=slurm.played.path.parent))
    assert finished(slurm.started(text, slurm.played.path), 0) == "one: finished\n"
    assert not (slurm.calls / "srun").exists()


def test_a_launcher_that_never_came_to_the_run_has_failed(slurm: Cluster) -> None:
    """Else a job whose interpreter is gone would come back for ever: the run is still as it was stopped before."""
    ended(slurm.played, "interrupted")
    runs = slurm.played.path.parent
    text = script(job(python=str(slurm.python), runs_dir=runs, command="resume", arguments=(), nodes=2))
    process = slurm.started(text, slurm.folder / "elsewhere", code=1)
    assert finished(process, 1) == "one: failed\n"
    assert slurm.called("requeue") == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("90:30", 5430),
        ("4:00:00", 14400),
        ("1-12", 129600),
        ("1-0:30", 88200),
        ("2-1:1:1", 176461),
        ("unlimited", float("inf")),
    ],
)
def test_time_limits_are_read_as_sbatch_reads_them(text: str, seconds: float) -> None:
    assert limit_seconds(text) == seconds
