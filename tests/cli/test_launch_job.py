"""What a job's script is told of its run: where to begin, and how it has ended."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import get_args

import pytest

from cilda.cli.slurm_job import begins, ends, main
from cilda.runs.layout import RunFolder
from tests.cli.slurm_stubs import End, ended
from tests.cli.standin import new_run


@pytest.mark.parametrize("end", get_args(End))
def test_an_end_is_one_word(end: End, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ended(RunFolder(tmp_path / "one"), end, attempt=2)
    assert main(["ends", str(folder.path), "2"]) == 0
    assert capsys.readouterr().out == f"{end}\n"
    assert ends(folder, 3) == "failed"
    assert begins(folder) == ("finished 3" if end == "finished" else "resume 3")


def test_a_run_begins_where_there_is_none(tmp_path: Path) -> None:
    assert begins(RunFolder(tmp_path / "one")) == "begin 1"


def test_a_run_that_died_elsewhere_is_gone_on_with_when_its_heart_is_silent(tmp_path: Path) -> None:
    folder = new_run(tmp_path, host="another machine")
    state = {"v": 1, "status": "running", "attempt": 1, "host": "another machine", "heartbeat": time.time()}
    folder.state_json.write_text(json.dumps(state), encoding="utf-8")
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        before = time.time() - 61
        folder.state_json.write_text(json.dumps({**state, "heartbeat": before}), encoding="utf-8")
        os.utime(folder.state_json, (before, before))

    assert begins(folder, nap=nap) == "resume 2"
    assert len(naps) == 1


def test_a_run_that_lives_elsewhere_is_left_to_resume_to_refuse(tmp_path: Path) -> None:
    folder = new_run(tmp_path, host="another machine")
    state = {"v": 1, "status": "running", "attempt": 1, "host": "another machine", "heartbeat": time.time()}
    folder.state_json.write_text(json.dumps(state), encoding="utf-8")
    naps: list[float] = []
    assert begins(folder, nap=naps.append) == "resume 2"
    assert sum(naps) == 90
