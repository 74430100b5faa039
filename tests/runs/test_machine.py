from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cilda.runs.machine import Gpus, Machine, Readings, out_of_memory_kills
from cilda.runs.store import read_events


def test_all_processes_of_a_trainer_are_told_together(tmp_path: Path) -> None:
    busy = "import time\nuntil = time.time() + 20\nwhile time.time() < until: pass"
    launcher = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    with subprocess.Popen([sys.executable, "-c", launcher], start_new_session=True) as process:
        machine = Machine(tmp_path)
        try:
            in_a_row = 0
            # The launcher itself is busy only while it starts.
            while in_a_row < 3:
                time.sleep(0.2)
                in_a_row = in_a_row + 1 if machine.reading(process.pid).get("trainer_cpu", 0) > 0.2 else 0
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_a_reading_tells_what_this_process_uses(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.reading(os.getpid())
    reading = machine.reading(os.getpid())
    assert len(reading["cores"]) == psutil.cpu_count()
    assert 0 <= reading["cpu_fraction"] <= 1
    assert 0 < reading["memory_used_mb"] < reading["memory_total_mb"]
    resident = psutil.Process().memory_info().rss // 2**20
    assert reading["trainer_mb"] == pytest.approx(resident, rel=0.2)
    assert reading["disk_free_mb"] > 0
    assert reading["disk_written_mb"] >= 0


def test_a_process_that_is_gone_is_left_out(tmp_path: Path) -> None:
    assert "trainer_mb" not in Machine(tmp_path).reading(2**22 + 1)


def test_a_disk_that_is_gone_is_left_out(tmp_path: Path) -> None:
    assert "disk_free_mb" not in Machine(tmp_path / "gone").reading(os.getpid())


def test_a_machine_that_tells_nothing_costs_only_its_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied", "/proc/stat")

    with monkeypatch.context() as hidden:
        hidden.setattr(psutil, "cpu_percent", refuse)
        readings = Readings(tmp_path)
        readings.take(os.getpid())
        assert not list(read_events(tmp_path / "system"))
    readings.take(os.getpid())
    readings.close()
    assert len(list(read_events(tmp_path / "system"))) == 1


class Driver:
    """What NVIDIA's library answers on a machine with one card, that does not tell its power."""

    NVML_TEMPERATURE_GPU = NVML_CLOCK_SM = 0

    class NVMLError(Exception):
        """The library's one kind of error."""

    class Figures:
        """A share, an amount, a process."""

        gpu, used, total = 40, 3 * 2**20, 8 * 2**20
        pid, usedGpuMemory = 77, 2 * 2**20

    def __getattr__(self, name: str) -> object:
        if "Power" in name:

            def unsupported(*_: object) -> None:
                raise self.NVMLError

            return unsupported
        answers = {
            "nvmlDeviceGetCount": 1, "nvmlDeviceGetName": "H100", "nvmlDeviceGetTemperature": 61,
            "nvmlDeviceGetUtilizationRates": self.Figures, "nvmlDeviceGetMemoryInfo": self.Figures,
            "nvmlDeviceGetClockInfo": 1980, "nvmlDeviceGetCurrentClocksThrottleReasons": 0,
            "nvmlDeviceGetComputeRunningProcesses": [self.Figures], "nvmlDeviceGetHandleByIndex": "handle",
        }  # fmt: skip
        return lambda *_: answers[name]


def test_a_gpu_tells_its_own_and_ours_apart() -> None:
    (ours,) = Gpus(Driver()).reading({76, 77})
    assert (ours["name"], ours["busy_fraction"], ours["celsius"]) == ("H100", 0.4, 61)
    assert (ours["memory_used_mb"], ours["ours_mb"], ours["strangers"]) == (3, 2, 0)
    assert "watts" not in ours, "what a card does not tell is left out"
    (theirs,) = Gpus(Driver()).reading({78})
    assert (theirs["ours_mb"], theirs["strangers"]) == (0, 1)


def laid_out(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="ascii")
    return root


def test_kills_for_want_of_memory_are_counted_in_both_kinds_of_control_groups(tmp_path: Path) -> None:
    second = laid_out(
        tmp_path / "2",
        {"proc/self/cgroup": "0::/user/job\n", "sys/fs/cgroup/user/job/memory.events": "oom 5\noom_kill 2\n"},
    )
    assert out_of_memory_kills(second) == 2
    first = laid_out(
        tmp_path / "1",
        {
            "proc/self/cgroup": "4:cpu,memory:/job\n1:name=systemd:/\n",
            "sys/fs/cgroup/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
            "proc/vmstat": "nr_free_pages 9\noom_kill 10\n",
        },
    )
    assert out_of_memory_kills(first) == 13
    assert out_of_memory_kills(tmp_path / "nowhere") == 0
