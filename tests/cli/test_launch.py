"""`cilda launch`: what it hands on, what it refuses, and what sbatch is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from cilda.runs.layout import RunFolder
from tests.cli.conftest import Cilda, Desk
from tests.cli.refusals import refused
from tests.cli.slurm_stubs import End, command, ended
from tests.cli.standin import new_run
from tests.cli.test_launch_script import told


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_dry_run_prints_the_script(cilda: Cilda, tmp_path: Path) -> None:
    options = ("--nodes", 2, "--gpus", 8, "--time", "1:00:00", "--partition", "gpu", "--account", "nlp", "--qos", "low")
    more = ("--mem", "64G", "--sbatch", "--constraint=a100&nvlink", "--setup", "module load cuda", "--python", "python")
    shown = cilda("launch", "--slurm", *options, *more, "--dry-run", "--", "--teacher", "bert-base", "--student", "6L")
    assert (shown.code, shown.err) == (0, "")
    found = told(shown.out)
    assert found["constraint"] == "a100&nvlink"
    asked = {"nodes": "2", "gpus-per-node": "8", "time": "1:00:00", "partition": "gpu", "account": "nlp", "mem": "64G"}
    assert {key: found[key] for key in asked} == asked
    assert found["job-name"].endswith("-sst2-6L-cilda-job")
    lines = shown.out.splitlines()
    assert lines.index("module load cuda") < lines.index("python=python")
    assert f"runs_dir={tmp_path}/runs" in lines
    assert f'name={found["job-name"]}-"$SLURM_JOB_ID"' in lines
    begin = 'begin=(distill --teacher bert-base --student 6L --name "$name" --runs-dir "$runs_dir")'
    assert begin in lines
    assert not list(tmp_path.iterdir())


def test_a_name_of_the_user_s_own_is_the_run_s(cilda: Cilda, tmp_path: Path) -> None:
    shown = cilda("launch", "--slurm", "--dry-run", "--", "finetune", "--set", "name=rte", "--runs-dir", "kept")
    lines = shown.out.splitlines()
    assert told(shown.out)["job-name"] == "rte"
    assert "name=rte" in lines
    assert f"runs_dir={tmp_path}/kept" in lines
    assert 'begin=(finetune --set name=rte --runs-dir kept --name "$name" --runs-dir "$runs_dir")' in lines


def test_processes_may_share_their_work_as_a_file_of_accelerate_says(cilda: Cilda, tmp_path: Path) -> None:
    shown = cilda("launch", "--slurm", "--gpus", 4, "--accelerate-config", "fsdp.yaml", "--dry-run")
    assert f"accelerate=(--config_file {tmp_path}/fsdp.yaml --num_machines 1 --num_processes 4" in shown.out
    assert "--multi_gpu" not in shown.out


REFUSED = {
    "foreground": (["--", "--foreground"], 2, "--foreground cannot be handed on", "the job stays"),
    "detach": (["--", "--seed", "1", "--detach"], 2, "--detach cannot be handed on", "the job stays"),
    "demo": (["--", "--demo"], 2, "--demo cannot be handed on", "cilda distill --demo"),
    "dry run": (["--", "--dry-run"], 2, "--dry-run cannot be handed on", "before the --"),
    "gpus": (["--", "--gpus", "2"], 2, "--gpus", ""),
    "unknown option": (["--", "--studnt", "6L"], 2, "no such option: --studnt", "see cilda distill --help"),
    "another's option": (["--", "finetune", "--student", "6L"], 2, "no such option", "see cilda finetune --help"),
    "setting": (["--", "--method", "cidla"], 2, "no method named 'cidla'", "did you mean cilda?"),
    "command": (["--", "eval"], 2, "cilda eval cannot be launched", "distill, finetune or resume"),
    "two terminators": (["--", "--text", "a", "--"], 2, "a second --", "leave it out"),
    "run": (["--", "resume", "nope"], 3, "no run named 'nope'", "--runs-dir"),
    "no run": (["--", "resume"], 2, "no run is named to resume", "resume RUN"),
    "line break": (["--job-name", "a\nb", "--"], 2, "--job-name is 'a\\nb'", "leave out line breaks"),
    "sbatch": (["--sbatch", "--requeue", "--"], 2, "the script says --requeue itself", "leave it out"),
    "time": (["--time", "bananas", "--"], 2, "--time is 'bananas'", "04:00:00"),
    "no time": (["--time", "00:01:00", "--"], 2, "--time 00:01:00 ends before --stop-before 120", "a longer limit"),
    "memory": (["--mem", "lots", "--"], 2, "--mem is 'lots'", "64G"),
    "crowd": (["--nodes", "3", "--gpus", "8", "--", "--batch-size", "16"], 2, "24 processes cannot", "--batch-size"),
    "one process": (["--accelerate-config", "x", "--"], 2, "there is one process only", "see --gpus"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "code", "what", "todo"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_right_is_refused_before_anything_is_printed(
    given: list[str], code: int, what: str, todo: str, cilda: Cilda
) -> None:
    refused(cilda("launch", "--slurm", "--dry-run", *given), code, what, todo)


def test_a_scheduler_must_be_named(cilda: Cilda) -> None:
    refused(cilda("launch", "--dry-run"), 2, "no scheduler is named", "say --slurm")


@pytest.mark.parametrize(("end", "code"), [("finished", 1), ("interrupted", 0)])
def test_an_old_run_is_gone_on_with_unless_it_has_finished(end: End, code: int, cilda: Cilda, tmp_path: Path) -> None:
    ended(RunFolder(tmp_path / "runs" / "one"), end)
    shown = cilda("launch", "--slurm", "--dry-run", "--", "resume", "on", "--anew")
    assert shown.code == code
    again = 'begin=()\nagain=(resume "$name" --runs-dir "$runs_dir" --foreground --anew)\n'
    assert (again in shown.out) == (code == 0)


def test_a_name_that_is_taken_is_refused(cilda: Cilda, tmp_path: Path) -> None:
    new_run(tmp_path / "runs", "one")
    refused(cilda("launch", "--slurm", "--dry-run", "--", "--name", "one"), 1, "exists already", "another --name")


def with_sbatch(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Puts such an sbatch in the path."""
    folder.mkdir()
    command(folder / "sbatch", text)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_a_job_is_submitted_and_its_number_printed(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_sbatch(
        tmp_path / "bin", monkeypatch, f'cat > "{tmp_path}/given"; echo "$*" > "{tmp_path}/how"; echo "77;west"'
    )
    quick = [word for word in desk.quick(tmp_path / "runs") if word != "--foreground"]
    shown = cilda("launch", "--slurm", "--", *quick, "--name", "one")
    assert (shown.code, shown.out) == (0, "77\n"), shown.err
    assert shown.err == f"run one in {tmp_path}/runs, when its turn comes; the job's log: slurm-77.out\n"
    assert (tmp_path / "how").read_text(encoding="utf-8") == "--parsable\n"
    given = (tmp_path / "given").read_text(encoding="utf-8")
    assert given == cilda("launch", "--slurm", "--dry-run", "--", *quick, "--name", "one").out


def test_what_would_end_the_job_after_its_time_in_the_queue_is_refused(
    cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_sbatch(tmp_path / "bin", monkeypatch, "echo 'sbatch: error: invalid account' >&2; exit 1")
    refused(
        cilda("launch", "--slurm", "--", "--teacher", "./nowhere"), 1, "there is no folder ./nowhere", "config.json"
    )
    refused(cilda("launch", "--slurm", "-o", "logs/%j.out", "--"), 1, f"no folder {tmp_path}/logs", "unheard")
    refused(cilda("launch", "--slurm"), 1, "sbatch refused the job: sbatch: error: invalid account", "--dry-run")


def test_where_there_is_no_sbatch_the_script_can_be_printed(cilda: Cilda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    refused(cilda("launch", "--slurm"), 1, "there is no sbatch on this machine", "--dry-run prints the script")
