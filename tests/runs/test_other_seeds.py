"""Which runs are the same experiment with other seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cilda.runs.layout import RunFolder
from cilda.runs.other_seeds import Seed, seeds_of

SETTINGS = {"task": "rte", "method": "kd", "batch_size": 16, "threads": 1}
ROWS = {"train": "a", "validation": "b"}


def made(runs: Path, name: str, seed: int, score: float | None, rows: Any = ROWS, **settings: Any) -> RunFolder:
    """A run's files, as far as they are looked at; without a score it has not finished."""
    run = RunFolder(runs / name)
    run.events.mkdir(parents=True)
    config = {**SETTINGS, "seed": seed, "name": name, **settings}
    run.run_json.write_text(json.dumps({"v": 1, "t": len(list(runs.iterdir())), "job": "distill", "config": config}))
    run.state_json.write_text(json.dumps({"rows": rows}))
    event = {"v": 1, "t": 1.0, "kind": "finished", "student": {"validation": {"accuracy": score}}}
    if score is not None:
        (run.events / "000001.jsonl").write_text(json.dumps(event) + "\n")
    return run


def scores(found: list[Seed]) -> dict[int, float]:
    return {one.seed: one.scores["validation"]["accuracy"] for one in found}


def test_runs_that_differ_in_nothing_but_seed_name_and_threads_count(tmp_path: Path) -> None:
    run = made(tmp_path, "one", 7, 0.5)
    made(tmp_path, "two", 3, 0.6, threads=4)
    made(tmp_path, "unfinished", 4, None)
    made(tmp_path, "larger", 5, 0.7, batch_size=32)
    made(tmp_path, "other-rows", 6, 0.8, rows={**ROWS, "train": "c"})
    assert scores(seeds_of(run)) == {3: 0.6, 7: 0.5}


def test_the_run_itself_speaks_for_its_seed_and_the_latest_for_others(tmp_path: Path) -> None:
    run = made(tmp_path, "one", 7, 0.5)
    made(tmp_path, "again", 7, 0.9)
    made(tmp_path, "two", 3, 0.6)
    made(tmp_path, "two-later", 3, 0.7)
    assert scores(seeds_of(run)) == {3: 0.7, 7: 0.5}


def test_a_setting_that_an_older_version_did_not_know_and_a_link_to_the_teacher_do_not_part_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "teacher").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "teacher")
    run = made(tmp_path / "runs", "one", 1, 0.5, teacher=f"{tmp_path}/teacher")
    made(tmp_path / "runs", "two", 2, 0.6, teacher=f"{tmp_path}/link", new_setting=1)
    made(tmp_path / "runs", "three", 3, 0.6, teacher=f"{tmp_path}/elsewhere")
    assert scores(seeds_of(run)) == {1: 0.5, 2: 0.6}


def test_a_run_without_settings_or_scores_has_none(tmp_path: Path) -> None:
    (tmp_path / "runs" / "bare" / "events").mkdir(parents=True)
    assert seeds_of(RunFolder(tmp_path / "runs" / "bare")) == []
    assert seeds_of(made(tmp_path / "runs", "one", 1, None)) == []
