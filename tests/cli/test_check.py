"""`cilda check`: a run looked over, and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cilda.distill import fitting
from cilda.distill.memory import Room
from cilda.methods import METHODS
from cilda.runs.crowding import Crowding
from tests.cli.conftest import Cilda, Desk, write_csv
from tests.tiny_models import tiny_classifier


def options(desk: Desk, runs_dir: Path) -> list[str]:
    """The options of a run that takes a second, but for where it is played."""
    return [option for option in desk.quick(runs_dir) if option not in ("--foreground", "--detach")]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CILDA_CACHE_DIR", str(tmp_path / "cache"))


def test_a_run_that_fits_is_told_in_full_and_nothing_is_kept(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    shown = cilda("check", *options(desk, tmp_path / "runs"))
    assert shown.code == 0, shown.err
    for said in (
        "student: layer 1 of the teacher's 2",
        "special ids: pad 0, cls 2, sep 3, mask 4, unk 1 in all models",
        "layer map (student from teacher): 1 from 1",
        "largest batch   16 texts of",
        "can be had",
        "generator turns 2 of",
        "student turns   4 of",
        "evaluations     3 of",
        "are free",
        "warning  validation has 40 rows",
    ):
        assert said in shown.out
    assert shown.out.splitlines()[-1] == "it will run"
    assert list(tmp_path.iterdir()) == []
    progress = shown.err.splitlines()
    assert progress[:2] == ["looking at names, rows and disk", "loading PyTorch and the models"]
    first = next(place for place, line in enumerate(progress) if line.startswith("measuring turns"))
    known = " ".join(progress[2:first])
    assert "teacher" in known and "parameters" in known
    assert "layer map (student from teacher): 1 from 1" in known and "are free" in known
    assert any("a turn of the generator on 16 texts of" in line for line in progress[first:])


def test_a_busy_machine_is_told_with_the_way_out(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cilda.runs.crowding.crowding", lambda: Crowding(9.0, 2, 1.0))
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)
    shown = cilda("check", *options(desk, tmp_path / "runs"), "--method", "kd")
    assert "warning  others keep the processors busy: load average 9.0 on 2 usable" in shown.out
    assert "--set threads=1 (or CILDA_THREADS=1)" in shown.out


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_can_be_looked_over(method: str, cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    shown = cilda("check", *options(desk, tmp_path / "runs"), "--method", method, "--json")
    assert shown.code == 0, shown.err
    told = json.loads(shown.out)
    assert told["runs"] is True
    assert [stage["stage"] for stage in told["stages"]] == ["student"]
    turns = {player: played["turns"] for player, played in told["stages"][0]["players"].items()}
    # Of two phases the second reads no rewritten text, and its generator rests.
    generator = {"generator": 2 // METHODS[method].phases} if METHODS[method].generator else {}
    assert turns == {**generator, "student": 4}


def test_a_teacher_that_is_still_to_be_made_is_a_stage_of_its_own(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    shown = cilda("check", *options(desk, tmp_path / "runs"), "--teacher", desk.base, "--json")
    assert shown.code == 0, shown.err
    told = json.loads(shown.out)
    assert [stage["stage"] for stage in told["stages"]] == ["teacher", "student"]
    assert told["seconds"] == pytest.approx(sum(stage["seconds"] for stage in told["stages"]))
    assert told["models"][0]["about"] == "fine-tuned on rows first; its head is fresh"
    # 64 rows in batches of 16, ten passes at most.
    assert told["stages"][0]["players"]["student"]["turns"] == 40
    assert not (tmp_path / "cache").exists()


def test_models_that_do_not_fit_each_other_are_refused_in_words(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    shown = cilda("check", *options(desk, tmp_path / "runs"), "--generator", desk.stranger)
    assert shown.code == 1
    assert "different vocabularies" in shown.what
    assert shown.out == ""


def test_what_does_not_fit_is_proposed_in_parts_and_auto_batch_takes_them(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tight(turns: object, largest: object, **_: object) -> fitting.Fit:
        return fitting.Fit(16, 10, 16, 2_000_000_000, 1_000_000_000, False, False, 4, {"student": 1.0})

    monkeypatch.setattr("cilda.distill.stage_forecast.fit", tight)
    shown = cilda("check", *options(desk, tmp_path / "runs"), "--method", "kd")
    assert shown.code == 1
    assert "16 texts at once of 10 tokens take about 2.0 GB, 1.0 GB can be had" in shown.what
    assert shown.todo == "--auto-batch or --micro-batch 4 plays each batch in parts that fit"
    assert shown.out.splitlines()[-1] == "it will not run"
    taken = cilda("check", *options(desk, tmp_path / "runs"), "--method", "kd", "--auto-batch")
    assert taken.code == 0, taken.err
    assert "parts of 4 texts: taken, by --auto-batch" in taken.out


def test_where_not_even_one_text_fits_there_is_no_proposal(
    cilda: Cilda, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "room", lambda _: Room(1, 1))
    shown = cilda("check", *options(desk, tmp_path / "runs"), "--auto-batch")
    assert shown.code == 1
    assert "smaller --student" in shown.todo


def test_what_a_person_should_know_is_said_in_warnings(cilda: Cilda, desk: Desk, tmp_path: Path) -> None:
    few = write_csv(tmp_path / "few.csv", ["text", "label"], [["a film", "bad"], ["the plot", "good"]] * 5)
    single = tiny_classifier(
        "bert", tmp_path / "single", labels=("bad", "good"), layers=1, width=16, initializer_range=1e-6
    )
    changed = ["--train", few, "--teacher", single, "--student", desk.teacher, "--method", "kd", "--batch-size", "64"]
    shown = cilda("check", *options(desk, tmp_path / "runs"), *changed, "--json")
    assert shown.code == 0, shown.err
    said = " | ".join(json.loads(shown.out)["warnings"])
    assert "nothing is compressed: the student has" in said
    assert "the batch of 64 texts is larger than the training set of 10 rows" in said
    assert "to all of 40 validation rows, 20 times rightly: does it know this task?" in said
