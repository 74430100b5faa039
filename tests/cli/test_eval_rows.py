"""`cilda eval` without a word about rows: those the run was judged on, of the latest run that has a student."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cilda, Desk, Shown, write_csv
from tests.test_hub_server import write_rows
from tests.tiny_models import tiny_classifier


def recorded_scores(run: Path) -> dict[str, Any]:
    """What the student's own record says of its validation splits."""
    scores: dict[str, Any] = json.loads((run / "student" / "cilda.json").read_text(encoding="utf-8"))["scores"]
    return scores


def without_validation(arguments: list[str]) -> list[str]:
    """The same command line, so that a tenth of the rows is held out."""
    place = arguments.index("--validation")
    return arguments[:place] + arguments[place + 2 :]


def write_run(runs_dir: Path, name: str, seconds: float, state: dict[str, Any]) -> None:
    """A run of which only the small files are there."""
    (runs_dir / name / "events").mkdir(parents=True)
    (runs_dir / name / "run.json").write_text(json.dumps({"v": 1, "t": seconds}), encoding="utf-8")
    if state:
        (runs_dir / name / "state.json").write_text(json.dumps({"v": 1, **state}), encoding="utf-8")


@pytest.fixture(scope="module", name="parted")
def _parted(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run without a validation file, and the file that its rows came from."""
    from tests.cli.conftest import called

    folder = tmp_path_factory.mktemp("parted")
    rows = shutil.copy(desk.folder / "rows.csv", folder / "rows.csv")
    quick = [str(rows) if argument.endswith("rows.csv") else argument for argument in desk.quick(folder / "runs")]
    shown = called("distill", *without_validation(quick), "--foreground", "--name", "parted")
    assert shown.code == 0, shown.err
    return folder / "runs" / "parted", Path(rows)


def test_rows_held_out_of_the_user_s_own_file_are_scored_again(cilda: Cilda, parted: tuple[Path, Path]) -> None:
    run, rows = parted
    shown = cilda("eval", run, "--json")
    assert shown.code == 0, shown.err
    again = json.loads(shown.out)["results"]["student"]["validation"]
    assert again["scores"] == pytest.approx(recorded_scores(run)["validation"])
    assert sum(map(sum, again["confusion"])) == 6
    assert f"6 of 64 rows of {rows}, held out with seed 3" in cilda("eval", run / "student").out
    learned = cilda("eval", run, "--split", "train", "--json")
    assert sum(map(sum, json.loads(learned.out)["results"]["student"]["train"]["confusion"])) == 58


def test_rows_written_after_the_run_began_are_told(cilda: Cilda, parted: tuple[Path, Path]) -> None:
    run, rows = parted
    assert "warning" not in cilda("eval", run).err
    then = rows.stat().st_mtime
    os.utime(rows, (time.time() + 60, time.time() + 60))
    shown = cilda("eval", run)
    os.utime(rows, (then, then))
    assert shown.code == 0
    assert f"warning: {rows} was written after run parted began" in shown.err


def test_rows_that_are_gone_or_of_another_kind_are_refused(cilda: Cilda, parted: tuple[Path, Path]) -> None:
    run, rows = parted
    kept = rows.read_bytes()
    rows.unlink()
    gone = cilda("eval", run)
    write_csv(rows, ["text", "label"], [[f"film {row}", ("bad", "good", "fair")[row % 3]] for row in range(60)])
    other = cilda("eval", run)
    rows.write_bytes(kept)
    assert (gone.code, gone.what) == (1, f"the rows of run parted cannot be read again: no file at {rows}")
    assert (other.code, other.what) == (1, f"{rows} has other labels now than when run parted began")
    assert gone.todo == other.todo.replace("name", "or name", 1)


def test_the_run_s_own_validation_file_is_scored_again(cilda: Cilda, desk: Desk, finished: tuple[Path, Shown]) -> None:
    run, _ = finished
    shown = cilda("eval", run)
    assert shown.code == 0, shown.err
    assert shown.out.splitlines()[0] == f"rows validation: 40 rows, {desk.folder}/held.csv"
    again = json.loads(cilda("eval", run, "--json").out)["results"]["student"]["validation"]["scores"]
    assert again == pytest.approx(recorded_scores(run)["validation"])


def test_a_run_s_own_data_folder_counts_unless_another_is_given(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    texts = [f"the film is {word}" for word in ("dull", "great") * 10]
    columns: dict[str, list[object]] = {"sentence": list(texts), "label": [0, 1] * 10}
    for split in ("train", "validation"):
        write_rows(tmp_path / "data" / "sst2" / f"{split}.parquet", columns)
    teacher = tiny_classifier("bert", tmp_path / "teacher", labels=("negative", "positive"), layers=2, width=16)
    quick = desk.quick(tmp_path / "runs")
    given = [*quick[quick.index("--student") :], "--generator", str(desk.base), "--teacher", str(teacher)]
    given += ["--task", "sst2", "--data-dir", str(tmp_path / "data"), "--name", "one"]
    assert cilda("distill", *given, "--foreground").code == 0
    shown = cilda("eval", tmp_path / "runs" / "one")
    assert shown.code == 0, shown.err
    assert f"20 rows, {tmp_path}/data/sst2/validation.parquet" in shown.out
    (tmp_path / "data").rename(tmp_path / "moved")
    lost = cilda("eval", tmp_path / "runs" / "one")
    assert (lost.code, "data folder is no longer at" in lost.err) == (1, True)
    assert cilda("eval", tmp_path / "runs" / "one", "--data-dir", tmp_path / "moved").code == 0


def test_runs_without_a_student_are_passed_over_and_named(
    cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(finished[0], runs / "one")
    now = time.time()
    write_run(runs, "broken", now + 600, {"status": "failed", "error": "a term\x1b[2J was not finite"})
    write_run(runs, "young", now + 1200, {})
    shown = cilda("eval", "--runs-dir", runs, "--json")
    assert json.loads(shown.out)["models"]["student"] == f"{runs}/one/student"
    latest, young, broken, *_ = shown.err.splitlines()
    assert latest == "latest run with a student: one"
    assert young.startswith("newer, passed over: run young has no student yet: ")
    assert broken == "newer, passed over: run broken left no student: a term?[2J was not finite"
    shutil.rmtree(runs / "one")
    none = cilda("eval", "--runs-dir", runs)
    assert (none.code, none.what) == (1, "run young has no student yet: starting")


def test_a_path_at_which_nothing_is_is_told_as_such(cilda: Cilda, tmp_path: Path, desk: Desk) -> None:
    shown = cilda("eval", tmp_path / "no" / "student")
    assert (shown.code, shown.what) == (3, f"there is nothing at {tmp_path}/no/student")
    assert shown.todo == f"{tmp_path} is there, no in it is not"
    shown = cilda("eval", f"{tmp_path.name}/x", "--runs-dir", tmp_path)
    assert shown.code == 2  # a name of the hub, but for its task
    shown = cilda("eval", "./gone", "--runs-dir", tmp_path)
    assert (shown.code, shown.what) == (3, "there is nothing at ./gone")


def test_a_missing_run_named_by_its_path_is_no_model_of_the_hub(
    cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    shown = cilda("eval", "runs/sst2", "--task", "sst2")
    assert (shown.code, shown.what) == (3, "there is nothing at runs/sst2")
