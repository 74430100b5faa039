"""`cilda doctor` as a user meets it: a line for each check, an exit code, and nothing that moves the cursor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = (
    "import sys\nfrom cilda.cli.main import main\ncode = main(sys.argv[1:])\n"
    "heavy = [name for name in ('torch', 'transformers', 'datasets', 'numpy') if name in sys.modules]\n"
    "sys.exit(code if not heavy else f'imported {heavy}')\n"
)


def doctor(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, offline."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, "doctor", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_line_for_each_check_in_a_pipe(tmp_path: Path) -> None:
    done = doctor("--runs-dir", tmp_path / "runs")
    lines = done.stdout.splitlines()
    assert len(lines) > 15
    assert {line.split()[0] for line in lines} <= {"ok", "warning", "problem"}
    assert done.returncode == (1 if any(line.startswith("problem") for line in lines) else 0), done.stderr
    assert f"{tmp_path}/runs is not there yet, and can be made" in done.stdout
    assert not list(tmp_path.iterdir())


def test_json_holds_the_same_and_a_problem_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("", encoding="utf-8")
    done = doctor("--json", "--runs-dir", tmp_path / "runs")
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 1
    assert checks["writable"]["verdict"] == "problem"
    assert "--runs-dir" in checks["writable"]["todo"]
    assert set(checks["python"]) == {"name", "verdict", "found", "todo"}
    assert done.stderr.endswith("found a problem\n")


def test_what_the_environment_says_is_shown_and_does_not_act(tmp_path: Path) -> None:
    done = doctor("--runs-dir", tmp_path, TERM="x\x1b[2J", COLORTERM="\x9b31m", SSH_CONNECTION="\x1b]0;a\x07 1")
    assert "TERM=x\\x1b[2J" in done.stdout
    assert "from \\x1b]0;a\\x07;" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())


def test_an_output_that_lacks_letters_is_told_in_those_it_has(tmp_path: Path) -> None:
    done = doctor("--runs-dir", tmp_path / "é", PYTHONIOENCODING="ascii")
    assert "warning  encoding: stdout is ascii" in done.stdout
    assert "\\xe9" in done.stdout


def test_broken_settings_are_a_problem_and_not_the_end(tmp_path: Path) -> None:
    (tmp_path / "cilda").mkdir()
    (tmp_path / "cilda" / "config.toml").write_text("runs_dir = ", encoding="utf-8")
    done = doctor(XDG_CONFIG_HOME=str(tmp_path), CILDA_RUNS_DIR="")
    assert done.returncode == 1
    assert "problem  settings: " in done.stdout
    assert "cilda: " not in done.stderr
