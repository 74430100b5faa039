from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from cilda.runs import crowding as module
from cilda.runs.crowding import Crowding, crowding, crowding_warning, said


@pytest.mark.parametrize(
    ("load", "busy", "crowded"), [(1.9, 1.0, False), (2.0, 0.5, True), (9.0, 0.9, True), (9.0, 0.2, False)]
)
def test_crowded_is_a_machine_that_was_busy_and_still_is(load: float, busy: float, crowded: bool) -> None:
    assert Crowding(load, 2, busy).crowded is crowded


def test_a_quiet_machine_costs_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 0.0, 0.0))
    began = time.monotonic()
    assert not crowding().crowded
    assert time.monotonic() - began < 0.2
    assert crowding_warning(2) == ""


def test_what_others_compute_is_seen_and_what_we_compute_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1000.0, 0.0, 0.0))
    cores = len(os.sched_getaffinity(0))
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        time.sleep(0.5)
        found = crowding()
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert found.cores == cores
    assert found.busy > 0.7 and found.crowded


def test_processors_that_cannot_be_watched_are_not_called_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(**_: object) -> list[float]:
        raise PermissionError("/proc/stat")

    monkeypatch.setattr(os, "getloadavg", lambda: (1000.0, 0.0, 0.0))
    monkeypatch.setattr(psutil, "cpu_percent", hidden)
    assert not crowding().crowded


def test_the_warning_names_the_way_out_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Crowding(7.3, 2, 0.9)
    assert "load average 7.3 on 2 usable" in said(busy, 2)
    assert "--set threads=1 (or CILDA_THREADS=1)" in said(busy, 2)
    assert "threads=1" not in said(busy, 1)
    monkeypatch.setattr(module, "crowding", lambda: busy)
    assert crowding_warning(2) == said(busy, 2)
