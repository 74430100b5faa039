"""What a tab offers, asked in the shells' own way: names of runs, tasks, methods and models, nothing heavy imported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# The command as its entry point runs it.
PROGRAM = "import sys; from cilda.cli.main import main; sys.argv[0] = 'cilda'; sys.exit(main())"


def asked(line: str, folder: Path, shell: str = "bash", program: str = PROGRAM, **environment: str) -> list[str]:
    """What the shell is told for a line with the cursor at its end."""
    words = {
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "_CILDA_COMPLETE": f"complete_{shell}", **words, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def make_run(runs_dir: Path, name: str, seconds: float) -> None:
    """A run's folder with its first file, written then."""
    (runs_dir / name).mkdir(parents=True)
    (runs_dir / name / "run.json").write_text("{}", encoding="utf-8")
    os.utime(runs_dir / name / "run.json", (seconds, seconds))


@pytest.fixture(name="runs")
def _runs(tmp_path: Path) -> Path:
    for name, seconds in {"sst2-old": 1000, "rte": 2000, "sst2-new": 3000}.items():
        make_run(tmp_path / "runs", name, seconds)
    (tmp_path / "runs" / "sst2-no-run").mkdir()
    make_run(tmp_path / "runs", "sst2-$(touch x)", 4000)
    make_run(tmp_path / "elsewhere", "cola", 1000)
    return tmp_path / "runs"


def test_runs_are_offered_the_newest_first_and_only_names_that_a_shell_takes_for_names(runs: Path) -> None:
    assert asked("cilda eval sst2", runs.parent) == ["sst2-new", "sst2-old"]
    assert asked("cilda eval ", runs.parent) == ["sst2-new", "rte", "sst2-old"]
    assert asked("cilda eval x", runs.parent) == []


def test_runs_come_from_the_folder_that_is_named(runs: Path) -> None:
    assert asked("cilda eval --runs-dir elsewhere ", runs.parent) == ["cola"]
    assert asked("cilda eval --runs-dir=elsewhere c", runs.parent) == ["cola"]
    assert asked("cilda eval ", runs, CILDA_RUNS_DIR=str(runs.parent / "elsewhere")) == ["cola"]
    assert asked("cilda eval --runs-dir nowhere ", runs.parent) == []
    own = runs.parent / "config" / "cilda" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('runs_dir = "elsewhere"', encoding="utf-8")
    assert asked("cilda eval ", runs.parent, XDG_CONFIG_HOME=str(own.parent.parent)) == ["cola"]
    own.write_text("runs_dir = ", encoding="utf-8")
    assert asked("cilda eval ", runs.parent, XDG_CONFIG_HOME=str(own.parent.parent)) == []


def test_tasks_methods_and_models_are_offered(tmp_path: Path) -> None:
    assert asked("cilda distill --task s", tmp_path) == ["sst2", "stsb", "snli"]
    assert asked("cilda distill --seed 3 --method cilda", tmp_path) == ["cilda", "cilda_minild"]
    assert asked("cilda finetune --teacher roberta", tmp_path) == ["roberta-base", "roberta-large"]
    assert asked("cilda eval --teacher ./", tmp_path) == [], "the shell offers files then"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_answered(shell: str, runs: Path) -> None:
    assert "rte" in " ".join(asked("cilda eval r", runs.parent, shell))
    assert "finetune" in " ".join(asked("cilda fine", runs.parent, shell))


def test_a_thousand_runs_are_offered_without_anything_heavy(tmp_path: Path) -> None:
    for number in range(1000):
        make_run(tmp_path / "runs", f"run-{number:04}", 1000 + number)
    program = (
        "import atexit, sys\nfrom cilda.cli.main import main\nsys.argv[0] = 'cilda'\n"
        "heavy = ('torch', 'transformers', 'datasets', 'numpy', 'pyarrow')\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules]))\n"
        "main()\n"
    )
    *names, heavy = asked("cilda eval run-", tmp_path, program=program)
    assert (len(names), names[0], heavy) == (1000, "run-0999", "[]")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_itself_offers_runs(runs: Path, tmp_path: Path) -> None:
    command = tmp_path / "bin" / "cilda"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\n{PROGRAM}\n", encoding="utf-8")
    command.chmod(0o755)
    script = (
        'eval "$(_CILDA_COMPLETE=source_bash cilda)"\n'
        "COMP_WORDS=(cilda eval sst2); COMP_CWORD=2\n"
        "_cilda_completion cilda\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        cwd=runs.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["sst2-new", "sst2-old"], "")
    assert not (runs.parent / "x").exists()


def test_a_script_can_be_asked_for_by_every_shell_s_name(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONPATH": str(ROOT), "_CILDA_COMPLETE": f"source_{shell}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr, f"complete_{shell}" in done.stdout) == (0, "", True)
    assert not list(tmp_path.iterdir())
