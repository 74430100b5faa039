"""Watching a run in a pipe: its story in lines, its events as JSON, and its end as an exit code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cilda.cli import live
from cilda.runs.segments import segment_path
from tests.cli.conftest import CILDA, Cilda
from tests.cli.standin import Standin, ended_run, new_run


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STATUS_SECONDS", 0.05)
    monkeypatch.setattr(live, "_LOOK_SECONDS", 0.02)


def test_the_story_of_a_run_is_lines_of_text_on_stdout(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path)
    shown = cilda("watch", "--runs-dir", tmp_path)
    assert shown.code == 0
    assert shown.out.splitlines()[0] == "student: 10 turns"
    assert shown.out.splitlines()[-1].startswith("finished, worked for ")
    assert shown.err == "latest run: one\nrun one: finished\n"


def test_programs_get_the_events_themselves(cilda: Cilda, tmp_path: Path) -> None:
    folder = ended_run(tmp_path)
    shown = cilda("watch", "one", "--json", "--runs-dir", tmp_path)
    assert shown.out.encode() == segment_path(folder.events, 1).read_bytes()


def test_following_shows_what_comes_and_ends_with_the_run(tmp_path: Path) -> None:
    command = [*CILDA, "watch", "one", "-f", "--json", "--runs-dir", str(tmp_path)]
    with (
        Standin(new_run(tmp_path)) as run,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as viewer,
    ):
        assert viewer.stderr is not None
        assert viewer.stderr.readline() == "run one: running\n"
        run.end("finished")
        out, err = viewer.communicate()
    assert (viewer.returncode, err) == (0, "")
    assert [json.loads(line)["kind"] for line in out.splitlines()] == ["started", "stage", "metrics", "finished"]


def test_a_run_that_failed_is_4_and_says_why(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path, status="failed", error="no such column: \x1b[2Jx")
    shown = cilda("watch", "one", "-f", "--runs-dir", tmp_path)
    assert (shown.code, shown.what) == (4, "run one: failed: no such column: ?[2Jx")
    assert "cilda logs" in shown.todo
    told = cilda("watch", "one", "--runs-dir", tmp_path)
    assert told.code == 0
    assert "failed: no such column: ?[2Jx" in told.out


def test_damage_is_counted(cilda: Cilda, tmp_path: Path) -> None:
    folder = ended_run(tmp_path)
    with segment_path(folder.events, 1).open("ab") as file:
        file.write(b'rubbish\n{"v": 9, "t": 1, "kind": "later"}\n')
    shown = cilda("watch", "one", "--runs-dir", tmp_path)
    assert "note: 1 damaged lines were skipped" in shown.err
    assert "note: 1 lines were written by a newer cilda" in shown.err


def test_a_run_without_events_yet_is_no_error(cilda: Cilda, tmp_path: Path) -> None:
    new_run(tmp_path)
    shown = cilda("watch", "one", "--runs-dir", tmp_path)
    assert (shown.code, shown.out) == (0, "")
    assert "crashed: no process ever worked on it" in shown.err


def test_the_way_back_names_a_path_where_the_id_is_not_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cilda.cli.chosen import named

    folder = new_run(tmp_path / "my runs")
    assert named(folder) == f"'{folder.path}'"
    monkeypatch.setenv("CILDA_RUNS_DIR", str(folder.path.parent))
    assert named(folder) == "one"


def test_runs_lie_where_the_user_s_own_settings_say(
    cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    settings = tmp_path / "config" / "cilda" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'runs_dir = "{tmp_path / "mine"}"\n')
    ended_run(tmp_path / "mine")
    assert "one" in cilda("ps").out
    settings.write_text("runs_dir = \n")
    assert cilda("ps").code == 2
