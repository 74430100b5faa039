"""Names, new folders, and what a reference means."""

from __future__ import annotations

import errno
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.errors import CildaError, UsageError
from cilda.runs.layout import (
    NOT_FOUND,
    RunFolder,
    create,
    create_new,
    default_runs_dir,
    find,
    new_run_id,
    run_folders,
)

NOON = datetime(2026, 11, 22, 11, 58, tzinfo=UTC)


def run(runs_dir: Path, name: str, seconds: float = 1.0) -> RunFolder:
    folder = create(runs_dir, name)
    folder.run_json.write_text(json.dumps({"v": 1, "t": seconds}))
    return folder


def test_a_name_says_what_the_run_is() -> None:
    assert new_run_id("sst2", "6L", "cilda", NOON, ending="a7f3") == "20261122-1158-sst2-6L-cilda-a7f3"


def test_paths_and_hub_ids_are_cut_to_their_last_part() -> None:
    name = new_run_id("my data", "org/some_student-6L/", "kd", NOON, ending="0000")
    assert name == "20261122-1158-my-data-some_student-6L-kd-0000"


@given(st.text(), st.text(), st.text())
def test_whatever_it_is_called_a_new_name_is_a_folder_name(task: str, student: str, method: str) -> None:
    assert re.fullmatch(r"\d{8}-\d{4}-[A-Za-z0-9._-]{1,100}-[0-9a-f]{4}", new_run_id(task, student, method, NOON))


def test_a_hundred_runs_of_one_minute_get_a_hundred_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter([f"{number // 2:04x}" for number in range(200)])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(tokens))
    made = {create_new(tmp_path, task="rte", student="6L", method="kd", now=NOON).id for _ in range(100)}
    assert len(made) == 100


def test_a_new_folder_holds_what_writers_need(tmp_path: Path) -> None:
    folder = create(tmp_path / "deep" / "runs", "mine")
    assert folder.id == "mine"
    assert sorted(entry.name for entry in folder.path.iterdir()) == ["augmentations", "checkpoints", "events", "log"]
    assert folder.exists()
    assert not RunFolder(tmp_path).exists()


def test_an_existing_name_is_refused_and_left_alone(tmp_path: Path) -> None:
    run(tmp_path, "mine")
    with pytest.raises(CildaError, match=r"mine exists already") as caught:
        create(tmp_path, "mine")
    assert "--name" in caught.value.todo
    assert RunFolder(tmp_path / "mine").run_json.exists()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/x", "-rf", ".hidden", "a b", "a\nb", "x" * 201, "\x1b[2J"])
def test_a_name_that_is_no_folder_name_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        create(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["übung_3", "sst2.seed=4", "a" * 200])
def test_names_people_use_are_taken(tmp_path: Path, name: str) -> None:
    assert create(tmp_path, name).path.is_dir()


def test_a_file_where_the_runs_should_be(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(CildaError, match="a file is where a folder is needed"):
        create(tmp_path / "runs", "mine")
    with pytest.raises(CildaError, match="a file is where a folder is needed"):
        create(tmp_path / "runs" / "deeper", "mine")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (errno.EACCES, "no permission"),
        (errno.EROFS, "no permission"),
        (errno.ENOSPC, "no space left"),
        (errno.EDQUOT, "no space left"),
        (errno.EIO, "cannot write"),
    ],
)
@pytest.mark.parametrize("refused", ["runs", "mine", "augmentations"])
def test_a_disk_that_refuses_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int, words: str, refused: str
) -> None:
    mkdir = os.mkdir

    def refuse(path: Path, mode: int = 0o777) -> None:
        if Path(path).name == refused:
            raise OSError(reason, os.strerror(reason))
        mkdir(path, mode)

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(CildaError, match=words) as caught:
        create(tmp_path / "runs", "mine")
    assert "--runs-dir" in caught.value.todo
    assert not (tmp_path / "runs" / "mine").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir(mode=0o500)
    with pytest.raises(CildaError, match="no permission"):
        create(tmp_path / "runs", "mine")


def test_where_runs_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CILDA_RUNS_DIR", raising=False)
    assert default_runs_dir() == Path("runs")
    monkeypatch.setenv("CILDA_RUNS_DIR", "")
    assert default_runs_dir() == Path("runs")
    monkeypatch.setenv("CILDA_RUNS_DIR", "/data/runs")
    assert default_runs_dir() == Path("/data/runs")


def test_a_run_is_found_by_name_path_beginning_or_as_the_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = run(tmp_path, "sst2-a", 10), run(tmp_path, "rte", 5)
    assert find(tmp_path, "sst2-a") == older
    assert find(tmp_path, "r") == newer
    assert find(tmp_path) == older
    elsewhere = run(tmp_path / "other", "far", 1)
    assert find(tmp_path, str(elsewhere.path)) == elsewhere
    monkeypatch.chdir(elsewhere.path)
    assert find(tmp_path, ".").id == "far"


def test_a_whole_name_is_no_beginning_of_a_longer_one(tmp_path: Path) -> None:
    run(tmp_path, "rte-10")
    short = run(tmp_path, "rte-1")
    assert find(tmp_path, "rte-1") == short


def test_a_name_comes_before_a_folder_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = run(tmp_path / "runs", "rte")
    run(tmp_path, "rte")
    monkeypatch.chdir(tmp_path)
    assert find(tmp_path / "runs", "rte") == named


@pytest.mark.parametrize(
    ("reference", "what", "todo"),
    [
        ("rte-", "2 runs", "rte-1, rte-2"),
        ("rt-1", "no run named 'rt-1'", "did you mean rte-1"),
        ("zzz", "no run named 'zzz'", "there: rte-1, rte-2"),
        ("", "no run named ''", "there: rte-1, rte-2"),
        ("/", "no run named '/'", "there: rte-1, rte-2"),
    ],
)
def test_what_is_not_found_is_told(tmp_path: Path, reference: str, what: str, todo: str) -> None:
    run(tmp_path, "rte-1")
    run(tmp_path, "rte-2")
    with pytest.raises(CildaError) as caught:
        find(tmp_path, reference)
    assert what in caught.value.what
    assert todo in caught.value.todo
    assert caught.value.exit_code == NOT_FOUND


def test_no_runs_at_all(tmp_path: Path) -> None:
    with pytest.raises(CildaError, match="no runs in") as caught:
        find(tmp_path / "nothing")
    assert caught.value.exit_code == NOT_FOUND


def test_a_run_that_we_are_not_let_into_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(tmp_path, "ours")
    create(tmp_path, "theirs")
    is_dir = Path.is_dir

    def refused(path: Path) -> bool:
        if "theirs" in path.parts:
            raise PermissionError(13, "Permission denied")
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", refused)
    assert [folder.id for folder in run_folders(tmp_path)] == ["ours"]
