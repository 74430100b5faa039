"""Threads that wait for each other give their processor up soon, unless the user wants it otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cilda.cli.threads import spin_briefly


@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)],
)
def test_what_the_user_says_counts(given: dict[str, str], spins: str | None) -> None:
    environment = dict(given)
    spin_briefly(environment)
    assert environment.get("GOMP_SPINCOUNT") == spins


def test_every_command_says_it_before_torch_is_loaded() -> None:
    program = (
        "import os, sys; from cilda.cli.main import main; main(['--version']); "
        "print(os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)"
    )
    bare = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=bare)
    assert done.stdout.splitlines()[-1] == "1000 False"
