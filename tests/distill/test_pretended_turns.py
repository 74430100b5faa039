"""Turns on another device than the processor: nothing is mixed, nothing is waited for."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.distill.shared_turns import CASES

Told = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What turns on the pretended device gave and waited for."""
    command = [sys.executable, "-m", "tests.distill.pretended_turns", str(tmp_path_factory.mktemp("pretended"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: Told = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.sharded])
def test_a_turn_is_the_same_there_and_waits_for_nothing(name: str, told: Told) -> None:
    assert told[name]["difference"] < 2e-6
    assert told[name]["waits"] == []


def test_a_run_there_records_its_rewrites_and_waits_where_numbers_are_told(told: Told) -> None:
    run = told["a run"]
    assert run["alerts"] == []
    assert run["turns"] == 9
    assert run["rewrites"] > 9
    # Between turns: scalars twice a second, evaluations, checkpoints, rewrites on their way to the disk.
    places = {wait.partition(" at ")[2].partition(":")[0] for wait in run["waits"]}
    allowed = ("ledger", "evaluate", "keeper", "checkpoint", "played", "trainer", "recorder")
    assert places <= {f"distill/{module}.py" for module in allowed}
