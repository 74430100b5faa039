"""Threads of a crowded machine wait for each other without burning the time that the others need."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = "import os, cilda.distill.hardware; print(os.environ.get('GOMP_SPINCOUNT'))"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "None")],
)
def test_threads_spin_a_moment_only_unless_somebody_said_otherwise(given: dict[str, str], spins: str) -> None:
    bare = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**bare, **given}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == spins
