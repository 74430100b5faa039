"""The demo in miniature: all its stages, with almost no training in any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from cilda.cli.demo import DEMO_SETTINGS, DEMO_TASK, _begun_again, run_demo
from cilda.cli.settings import resolved
from cilda.config import RunConfig
from cilda.distill.demo import Pretraining
from cilda.runs.layout import RunFolder
from cilda.runs.store import open_run, read_events
from tests.cli.conftest import Cilda, read_state

SMALL = Pretraining(encoder_layers=1, masked_lm_layers=1, width=16, heads=2, turns=3, batch_size=8)


def small_config(runs_dir: Path, name: str) -> tuple[RunConfig, dict[str, str]]:
    """The demo's settings with a few turns in every stage."""
    flags = {
        "student": "1L-8H", "teacher_epochs": 0.0005, "max_turns": 2, "limit": 32, "batch_size": 8, "name": name,
        "runs_dir": runs_dir,
    }  # fmt: skip
    return resolved(flags, base=DEMO_SETTINGS, fixed=DEMO_TASK)


def stages(run: Path) -> list[str]:
    """The stages that a run went through."""
    return [event["stage"] for event in read_events(run / "events", {"stage"})]


@pytest.mark.slow
def test_a_masked_lm_a_teacher_a_plain_and_a_distilled_student(
    cilda: Cilda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CILDA_CACHE_DIR", str(tmp_path / "cache"))
    run_demo(*small_config(tmp_path, "small"), as_json=True, pretraining=SMALL)
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert answer["student_folder"] == f"{tmp_path}/small/student"
    assert set(answer["plain"]["student"]) == set(answer["student"]) == set(answer["teacher"]) == {"validation"}

    runs = {path.name: path for path in tmp_path.iterdir() if path.name != "cache"}
    assert set(runs) == {"small", "small-plain", "small-teacher"}
    assert all(read_state(run)["status"] == "finished" for run in runs.values())
    assert stages(runs["small-teacher"]) == ["pretraining", "teacher"]
    assert stages(runs["small-plain"]) == stages(runs["small"]) == ["student"]
    assert open_run(RunFolder(runs["small-plain"])).run["method"]["name"] == "finetune"
    table = [line.split() for line in shown.err.splitlines()[-5:] if line]
    assert [row[0] for row in table[1:]] == ["teacher", "plain", "cilda"]
    assert [row[-3] for row in table[1:]] == ["10,000", "32", "32"]
    assert all(len(line) <= 80 for line in shown.err.splitlines()[-5:])

    run_demo(*small_config(tmp_path, "again"), as_json=False, pretraining=SMALL)
    shown = capsys.readouterr()
    assert shown.out == f"{tmp_path}/again/student\n"
    assert stages(tmp_path / "again-teacher") == []
    weights = [(tmp_path / name / "student" / "model.safetensors").read_bytes() for name in ("small", "again")]
    assert weights[0] == weights[1]

    scored = cilda("eval", "small", "--runs-dir", tmp_path, "--json")
    assert json.loads(scored.out)["results"]["student"]["validation"]["scores"] == answer["student"]["validation"]


def test_a_demo_whose_second_name_is_taken_does_not_begin(cilda: Cilda, tmp_path: Path) -> None:
    (tmp_path / "mine-plain").mkdir()
    shown = cilda("distill", "--demo", "--name", "mine", "--runs-dir", tmp_path)
    assert (shown.code, shown.what) == (1, f"{tmp_path}/mine-plain exists already")
    assert [path.name for path in tmp_path.iterdir()] == ["mine-plain"]


@pytest.mark.parametrize("end", [typer.Exit(130), KeyboardInterrupt(), SystemExit(143)])
def test_an_interrupted_demo_says_what_it_need_not_make_again(
    end: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(type(end)), _begun_again():
        raise end
    assert "cilda distill --demo, once more" in capsys.readouterr().err
