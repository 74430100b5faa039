"""`cilda bench` and `cilda table`: real runs of tiny models, stopped and gone on with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cilda.bench.record import read_record
from cilda.cli import bench_budget, steer
from cilda.config import RunConfig
from cilda.errors import CildaError
from cilda.runs.atomic import read_json
from cilda.runs.layout import RunFolder
from cilda.runs.status import status_of
from cilda.runs.store import read_events
from tests.cli.conftest import Cilda, Desk
from tests.storm import kill, until


@pytest.fixture(name="runs")
def _runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of runs of which nothing lives on after the test."""
    monkeypatch.setattr(steer, "ANSWER_SECONDS", 120.0)
    yield tmp_path / "runs"
    for path in (tmp_path / "runs").glob("*"):
        kill(RunFolder(path), "supervisor", "trainer")


def options(desk: Desk, runs: Path, *more: str) -> list[str]:
    """A bench of runs of a second."""
    given = [option for option in desk.quick(runs) if option != "--foreground"]
    return [*given, "--name", "b", *more]


def test_a_dry_run_lists_the_runs_that_there_would_be(cilda: Cilda, desk: Desk, runs: Path) -> None:
    shown = cilda(
        "bench", *options(desk, runs, "--methods", "kd,cilda", "--sweep", "mask_fraction=0.2,0.4", "--dry-run")
    )
    assert shown.code == 0, shown.err
    cells = [line.split()[1:4] for line in shown.out.splitlines()[1:]]
    assert cells == [
        [method, sweep, seed]
        for seed in ("3", "4", "5")
        for method, sweep in (("kd", "-"), ("cilda", "mask_fraction=0.2"), ("cilda", "mask_fraction=0.4"))
    ]
    assert "9 runs; the others are compared with kd" in shown.err
    assert not runs.exists()


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["--methods", "kd,ckd"], "no method named 'ckd'"),
        (["--tasks", "rte"], "--tasks rte and --train"),
        (["--sweep", "mask_fraction"], "--sweep 'mask_fraction' is not of the form"),
        (["--sweep", "mask_fraction=0.2,2"], "mask_fraction is 2"),
        (["--set", "rte:max_turns=3"], "--set 'rte:max_turns=3' is for rte, which is no task of this bench"),
        (["--methods", ","], "no methods are named"),
        (["--against", "cilda_minild"], "no method or variant in this bench named 'cilda_minild'"),
        (["--methods", "kd,pkd", "--set", "layer_map=5:9"], "layer_map '5:9' pairs 5:9, but the student has 1 layers"),
        (["--methods", "kd,pkd", "--sweep", "layer_map=last,[1:1"], "is not of the form"),
        (["--set", "rows:"], "sets nothing"),
        (["--foreground", "--detach"], "exclude each other"),
        (["--teacher", "/nowhere/{task}"], "/nowhere/rows"),
    ],
)
def test_a_bench_that_makes_no_sense_is_refused_and_leaves_nothing(
    cilda: Cilda, desk: Desk, runs: Path, more: list[str], what: str
) -> None:
    shown = cilda("bench", *options(desk, runs, *more))
    assert shown.code != 0 and what in shown.what
    assert not runs.exists() or not list(runs.iterdir())


def test_without_tasks_they_are_asked_for(cilda: Cilda, runs: Path) -> None:
    assert cilda("bench", "--runs-dir", runs).todo.startswith("say which with --tasks")
    assert "no task named 'rtte'" in cilda("bench", "--tasks", "rtte", "--runs-dir", runs).what


def test_a_table_is_of_a_bench(cilda: Cilda, finished: tuple[Path, object], tmp_path: Path) -> None:
    run, _ = finished
    shown = cilda("table", run)
    assert shown.code == 3 and shown.what == "one is no bench"
    assert cilda("table", "--runs-dir", tmp_path).what.startswith("no bench in")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_bench_is_stopped_with_its_runs_goes_on_and_ends_with_a_table(
    cilda: Cilda, desk: Desk, runs: Path, tmp_path: Path
) -> None:
    more = [
        "--methods",
        "kd,mate_kd",
        "--seeds",
        "1",
        "--set",
        "rows:pooling=mean",
        "--teacher",
        f"{desk.folder}/{{task}}",
    ]
    (desk.folder / "rows").symlink_to(desk.teacher)
    shown = cilda("bench", *options(desk, runs, *more), "--detach")
    assert (shown.code, shown.out) == (0, "b\n"), shown.err
    bench = RunFolder(runs / "b")
    record = read_record(bench)
    kd, mate = (record.run_of(cell) for cell in record.plan.cells)
    until(lambda: kd.exists() or status_of(bench).ended)
    assert cilda("stop", "b", "--runs-dir", runs).code == 0
    assert status_of(bench).word == "stopped"
    assert all(status_of(RunFolder(path)).ended for path in runs.iterdir())

    shown = cilda("resume", "b", "--runs-dir", runs, "--foreground")
    assert shown.code == 0, shown.err
    assert "of 2 runs have finished" in shown.err and "begins anew" not in shown.err
    assert [status_of(run).word for run in (bench, kd, mate)] == ["finished"] * 3
    config = read_json(mate.run_json)["config"]
    assert (config["method"], config["pooling"], config["data_seed"]) == ("mate_kd", "mean", 3)
    assert Path(config["teacher"]).samefile(desk.teacher)
    assert not list(kd.checkpoints.glob("step-*")), "nobody goes on from a finished run"

    shown = cilda("table", "b", "--runs-dir", runs, "--json", "--figure", tmp_path / "curves.svg")
    table = json.loads(shown.out)
    (first, second) = table["lines"]
    assert [line["label"] for line in (first, second)] == ["kd", "mate_kd"]
    assert all(line["planned"] == len(line["scores"]) == 1 and line["turns"] == [4] for line in (first, second))
    assert first["paired"] is None and second["paired"]["seeds"] == 1
    assert first["scores"] == [next(read_events(kd.events, {"finished"}))["student"]["validation"]["accuracy"]]
    assert table["latencies_ms"]["rows"].keys() == {"teacher", "student"}
    assert (tmp_path / "curves.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "| kd |" in cilda("table", "--runs-dir", runs, "--format", "markdown").out
    assert cilda("table", "b", "--runs-dir", runs, "--format", "latex").out.startswith("% \\usepackage{booktabs}")
    assert "paired bootstrap" in cilda("table", "b", "--runs-dir", runs).out

    # Another bench of the same name takes what is there; with other settings it refuses to.
    kill(bench, "supervisor", "trainer")
    shutil.rmtree(bench.path)
    refused = cilda("bench", *options(desk, runs, *more, "--learning-rate", "0.5"), "--detach")
    assert "a run named b-rows-kd-s3 is there already, with another learning_rate" in refused.what
    assert not bench.exists()
    before = kd.run_json.stat().st_mtime_ns
    shown = cilda("bench", *options(desk, runs, *more), "--foreground", "--json")
    assert shown.code == 0 and json.loads(shown.out)["missing"] == 0
    assert kd.run_json.stat().st_mtime_ns == before


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_that_fails_is_told_and_the_others_are_done(cilda: Cilda, desk: Desk, runs: Path) -> None:
    more = ["--methods", "kd,cilda", "--seeds", "1", "--generator", f"{desk.stranger}", "--foreground"]
    shown = cilda("bench", *options(desk, runs, *more))
    assert shown.code == 1 and shown.what == "1 of 3 runs left no student: b-rows-cilda-s3"
    assert status_of(RunFolder(runs / "b-rows-kd-s3")).word == "finished"
    assert status_of(RunFolder(runs / "b")).word == "failed"
    assert "without a student: b-rows-cilda-s3: failed" in cilda("table", "b", "--runs-dir", runs).out


@pytest.mark.long
@pytest.mark.timeout(900)
def test_with_equal_time_a_slower_method_gets_fewer_turns(cilda: Cilda, desk: Desk, runs: Path) -> None:
    more = ["--methods", "kd,mate_kd", "--seeds", "1", "--budget", "time", "--set", "max_turns=60", "--foreground"]
    given = options(desk, runs, *more)
    at = given.index("--max-turns")
    shown = cilda("bench", *given[:at], *given[at + 2 :], "--json")
    assert shown.code == 0, shown.err
    table = json.loads(shown.out)
    (kd,), (mate,) = (line["turns"] for line in table["lines"])
    assert kd == 60 and 1 <= mate < 60
    assert table["budget"].startswith("budget: equal time, as measured before, in student turns: rows")
    assert read_record(RunFolder(runs / "b")).turns == {"rows": {"kd": 60, "mate_kd": mate}}


def test_a_method_whose_turns_cannot_be_measured_costs_only_its_own_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_over(config: RunConfig, _meanwhile: object) -> tuple[int, float]:
        if config.method == "pkd":
            raise CildaError("layer_map '5:9' pairs 5:9", "")
        return 100, {"kd": 1.0, "cilda": 3.0}[config.method]

    monkeypatch.setattr(bench_budget, "_looked_over", looked_over)
    configs = {name: RunConfig.checked({"method": name}) for name in ("cilda", "pkd", "kd")}
    turns, failed = bench_budget.turns_for_equal_time(configs, "kd", meanwhile=lambda: None)
    assert turns == {"cilda": 33, "kd": 100} and failed == {"pkd": "layer_map '5:9' pairs 5:9"}
    with pytest.raises(CildaError, match="5:9"):
        bench_budget.turns_for_equal_time(configs, "pkd", meanwhile=lambda: None)


def test_of_what_check_said_the_sentence_that_names_the_trouble_is_told() -> None:
    said = "looking at names\ncilda: layer_map '5:9' pairs 5:9\n       a pair is student:teacher\n"
    assert bench_budget._trouble(said) == "layer_map '5:9' pairs 5:9"
    assert bench_budget._trouble("") == "it said nothing"
