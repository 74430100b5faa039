"""What is kept between runs: listed, and removed only when asked for by name."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from cilda.caches import default_cache_dir
from cilda.runs.locks import Lock
from tests.cli.conftest import Cilda, Desk


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with two sets of answers, one of them old, a teacher and an index."""
    folder = tmp_path / "cache"
    for name, days in (("answers/old-1", 40), ("answers/new-2", 1), ("teachers/bert-3", 10)):
        (folder / name).mkdir(parents=True)
        (folder / name / "about.json").write_text(json.dumps({"teacher": "bert [red]\x1b[31m", "rows": 7, "layers": 0}))
        (folder / name / "logits-00000.safetensors").write_bytes(b"x" * 2000)
        for path in (folder / name).iterdir():
            os.utime(path, (time.time() - days * 86_400,) * 2)
    (folder / "rewrites").mkdir()
    (folder / "rewrites" / "abc.index").write_bytes(b"x" * 10)
    return folder


def test_ls_shows_names_sizes_and_what_they_are(cilda: Cilda, cache: Path) -> None:
    shown = cilda("cache", "--cache-dir", cache)
    names = [line.split()[0] for line in shown.out.splitlines()]
    assert names == ["name", "answers/new-2", "answers/old-1", "teachers/bert-3", "rewrites/abc.index"]
    assert "bert [red]" in shown.out and "\x1b" not in shown.out
    assert f"4 kept in {cache}, 6 kB in all" in shown.err


def test_json_is_for_programs(cilda: Cilda, cache: Path) -> None:
    told = json.loads(cilda("cache", "ls", "answers/*", "--json", "--cache-dir", cache).out)
    assert [one["name"] for one in told] == ["answers/new-2", "answers/old-1"]
    assert told[0]["bytes"] > 2000 and told[0]["about"]["rows"] == 7


@pytest.mark.parametrize(
    ("chosen", "gone"),
    [
        (["old-1"], ["answers/old-1"]),
        (["answers/*"], ["answers/new-2", "answers/old-1"]),
        (["--unused", "30d"], ["answers/old-1"]),
        (["*", "--unused", "1w"], ["answers/old-1", "teachers/bert-3"]),
        (["rewrites/abc.index"], ["rewrites/abc.index"]),
    ],
)
def test_rm_removes_what_is_named_and_nothing_else(
    cilda: Cilda, cache: Path, chosen: list[str], gone: list[str]
) -> None:
    before = {f"{path.parent.name}/{path.name}" for path in cache.glob("*/*")}
    shown = cilda("cache", "rm", *chosen, "--yes", "--cache-dir", cache)
    assert (shown.code, shown.out.splitlines()) == (0, gone)
    assert {f"{path.parent.name}/{path.name}" for path in cache.glob("*/*")} == before - set(gone)


def test_nothing_goes_without_a_name_or_a_yes(cilda: Cilda, cache: Path) -> None:
    nameless = cilda("cache", "rm", "--yes", "--cache-dir", cache)
    assert (nameless.code, nameless.what) == (2, "rm of what?")
    unasked = cilda("cache", "rm", "old-1", "--cache-dir", cache)
    assert (unasked.code, unasked.todo) == (2, "say --yes if they may go")
    assert len(list(cache.glob("*/*"))) == 4


def test_what_a_run_is_writing_stays(cilda: Cilda, cache: Path) -> None:
    lock = Lock.take(cache / "answers" / "new-2" / "lock")
    shown = cilda("cache", "rm", "answers/*", "--yes", "--cache-dir", cache)
    lock.release()
    assert (shown.code, shown.what) == (1, "answers/new-2 is being written by a run")
    assert len(list(cache.glob("answers/*"))) == 2


@pytest.mark.parametrize(
    ("given", "what", "todo"),
    [
        (["ls", "answers/odl-1"], "no entry of the cache named 'answers/odl-1'", "answers/old-1"),
        (["ls", "--unused", "a while"], "--unused is 'a while': it is no time", "12h, 30d, 8w"),
        (["rm", "nothing*", "-y"], "nothing kept is like that", "cilda cache ls"),
    ],
)
def test_mistakes_are_told(cilda: Cilda, cache: Path, given: list[str], what: str, todo: str) -> None:
    shown = cilda("cache", *given, "--cache-dir", cache)
    assert shown.code in (1, 2) and what in shown.what and todo in shown.todo


def test_a_folder_that_is_not_there(cilda: Cilda, tmp_path: Path) -> None:
    shown = cilda("cache", "ls", "--cache-dir", tmp_path / "none")
    assert (shown.code, shown.what) == (1, f"no folder at {tmp_path}/none")


def test_a_link_goes_and_what_it_leads_to_stays(cilda: Cilda, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (cache / "answers" / "link").symlink_to(tmp_path / "precious")
    assert cilda("cache", "rm", "link", "-y", "--cache-dir", cache).code == 0
    assert (tmp_path / "precious" / "file").is_file() and not (cache / "answers" / "link").exists()


def test_runs_share_what_the_teacher_said(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CILDA_CACHE_DIR", str(tmp_path / "own"))
    for seed in ("1", "2"):
        options = ["--method", "kd", "--seed", seed, "--set", "teacher_cache=on"]
        shown = cilda("distill", *desk.quick(tmp_path / "runs"), *options)
        assert shown.code == 0, shown.err
        assert ("once for all runs" in shown.err) == (seed == "1")
    told = json.loads(cilda("cache", "--json").out)
    assert default_cache_dir() == tmp_path / "own"
    # Of the rows that it learns from, and of those that it is judged on.
    assert [one["name"].split("/")[0] for one in told] == ["answers"] * 2


def test_a_teacher_is_told_by_what_it_was_made_of(cilda: Cilda, tmp_path: Path) -> None:
    folder = tmp_path / "teachers" / "bert-3"
    folder.mkdir(parents=True)
    record = {
        "task": {"name": "rte", "metric": "accuracy"},
        "scores": {"validation": {"accuracy": 0.52708}},
        "made_from": {"model": "bert-base"},
        "settings": {"teacher_epochs": 3.0, "batch_size": 8, "limit": None, "seed": 42},
    }
    (folder / "cilda.json").write_text(json.dumps(record))
    told = "bert-base on rte: accuracy 0.5271 on validation; 3.0 epochs, batches of 8, seed 42"
    assert told in cilda("cache", "--cache-dir", tmp_path).out
    (folder / "cilda.json").write_text(json.dumps({**record, "scores": {}}))
    assert "teachers that were fine-tuned before" in cilda("cache", "--cache-dir", tmp_path).out
