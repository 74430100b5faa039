"""Removing runs: only runs, only dead ones, only after a yes."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cilda
from tests.cli.standin import Standin, ended_run, new_run


def test_runs_are_removed_and_named(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path, "one")
    ended_run(tmp_path, "two")
    ended_run(tmp_path, "three")
    shown = cilda("rm", "one", "tw", "one", "-y", "--runs-dir", tmp_path)
    assert (shown.code, shown.out) == (0, "one\ntwo\n")
    assert [path.name for path in tmp_path.iterdir()] == ["three"]


def test_without_a_terminal_nothing_goes_without_yes(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path)
    shown = cilda("rm", "one", "--runs-dir", tmp_path)
    assert (shown.code, shown.todo) == (2, "say --yes if they may go")
    assert (tmp_path / "one").is_dir()


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("\n", 1, 1), ("", 1, 1), ("no\n", 1, 1)])
def test_on_a_terminal_what_goes_is_shown_first(
    cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: int
) -> None:
    ended_run(tmp_path, best=0.75)
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown = cilda("rm", "one", "--runs-dir", tmp_path)
    assert shown.code == code
    assert "one: finished, best 0.7500, " in shown.err
    assert len(list(tmp_path.iterdir())) == left


def test_a_live_run_stays_and_so_do_those_named_with_it(cilda: Cilda, tmp_path: Path) -> None:
    ended_run(tmp_path, "dead")
    with Standin(new_run(tmp_path, "alive")):
        shown = cilda("rm", "dead", "alive", "-y", "--runs-dir", tmp_path)
    assert (shown.code, shown.what) == (1, "alive is running")
    assert (tmp_path / "dead").is_dir()


def test_a_run_that_contact_was_lost_with_stays(cilda: Cilda, tmp_path: Path) -> None:
    new_run(tmp_path, host="elsewhere")
    shown = cilda("rm", "one", "-y", "--runs-dir", tmp_path)
    assert shown.code == 1
    assert shown.what.startswith("one is lost contact")


@pytest.mark.parametrize("by_path", [True, False])
def test_a_link_is_never_followed(cilda: Cilda, tmp_path: Path, by_path: bool) -> None:
    folder = ended_run(tmp_path / "elsewhere")
    runs_dir = tmp_path / "runs"
    runs_dir.mkdir()
    (runs_dir / "link").symlink_to(folder.path)
    shown = cilda("rm", runs_dir / "link" if by_path else "link", "-y", "--runs-dir", runs_dir)
    assert shown.code == 1
    assert "is a link to" in shown.what
    assert folder.path.is_dir()


def test_links_inside_a_run_go_and_what_they_lead_to_stays(cilda: Cilda, tmp_path: Path) -> None:
    folder = ended_run(tmp_path)
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "precious-folder").mkdir()
    (folder.path / "student").symlink_to(tmp_path / "precious-folder")
    (folder.checkpoints / "best").symlink_to(tmp_path / "precious")
    assert cilda("rm", "one", "-y", "--runs-dir", tmp_path).code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["precious", "precious-folder"]


def test_a_folder_that_is_no_run_stays(cilda: Cilda, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    (diary / "events").mkdir(parents=True)
    (diary / "novel.txt").write_text("chapter one")
    shown = cilda("rm", diary, "-y", "--runs-dir", tmp_path)
    assert shown.code == 1
    assert "may not be a run: it holds novel.txt" in shown.what
    (diary / "run.json").write_text('{"name": "somebody else\'s"}')
    assert cilda("rm", diary, "-y", "--runs-dir", tmp_path).code == 1
    assert cilda("rm", tmp_path, "-y", "--runs-dir", tmp_path).code == 3
