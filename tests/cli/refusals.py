"""What every refusal must look like: an exit code, two lines in words, nothing that looks like a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cilda.runs.store import read_events
from tests.cli.conftest import Shown, read_state


def refused(shown: Shown, code: int, what: str, todo: str) -> None:
    """Two lines, and nothing for a program to take for an answer."""
    assert (shown.code, shown.out) == (code, ""), shown.err
    assert "Traceback" not in shown.err
    assert what in shown.what
    assert todo in shown.todo


def refused_in_the_run(shown: Shown, what: str, todo: str, run: Path) -> list[dict[str, Any]]:
    """Refused by a run that says so in its files and has no student, whole or half; its events."""
    refused(shown, 1, what, todo)
    state = read_state(run)
    assert state["status"] == "failed"
    assert what in state["error"]
    assert not [path for path in run.iterdir() if "student" in path.name]
    assert not [path for path in (run / "checkpoints").iterdir() if path.name.startswith(".")]
    told = list(read_events(run / "events"))
    assert told[-1]["kind"] == "failed"
    return told
