"""What the machine does while a run trains: processors, memory, disk, network, GPUs."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import psutil

from cilda.runs.segments import SegmentWriter

_MIB = 1024 * 1024
_CGROUPS = Path("/sys/fs/cgroup")


class Readings:
    """Readings of this machine, a line each in a run's `system/`.

    A disk that refuses, or a machine that does not tell, costs only them: who takes them has more important duties.
    """

    def __init__(self, folder: Path) -> None:
        with contextlib.suppress(OSError):
            (folder / "system").mkdir(exist_ok=True)
        self._file = SegmentWriter(folder / "system")
        self._machine = Machine(folder)

    def take(self, trainer: int) -> None:
        """Writes what can be seen now. `trainer` is the process whose share is told."""
        try:
            seen = self._machine.reading(trainer)
        except (OSError, RuntimeError, ValueError, psutil.Error):
            # A hardened container may hide /proc/stat or /proc/meminfo.
            return
        reading = {"v": 1, "t": round(time.time(), 3), "kind": "system", **seen}
        self._file.append(json.dumps(reading, separators=(",", ":")).encode("ascii") + b"\n", important=False)

    def close(self) -> None:
        """Writes what waits, and closes the file."""
        self._file.close()


class Machine:
    """Readings of this machine; each costs about a millisecond, and what cannot be read is left out.

    `cpu_fraction` is of all cores together since the last reading, `cores` of each; `memory_*` are of the machine,
    `trainer_*` of the trainer and its children; `disk_free_mb` is where the run lies, `disk_*_mb` and `network_*_mb`
    are moved since the last reading. `gpus` says of each GPU what its driver says, `ours_mb` what the trainer holds.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._family: dict[psutil.Process, psutil.Process] = {}
        self._moved: dict[str, float] = {}
        self._gpus = _gpus()
        with contextlib.suppress(OSError):
            psutil.cpu_percent(percpu=True)

    def reading(self, trainer: int) -> dict[str, Any]:
        """What can be seen now. `trainer` is the process whose share is told."""
        cores = [round(percent / 100, 2) for percent in psutil.cpu_percent(percpu=True)]
        found: dict[str, Any] = {"cpu_fraction": round(sum(cores) / max(1, len(cores)), 3), "cores": cores}
        memory = psutil.virtual_memory()
        found |= {"memory_used_mb": (memory.total - memory.available) // _MIB, "memory_total_mb": memory.total // _MIB}
        found |= self._of_trainer(trainer)
        with contextlib.suppress(OSError):
            found["disk_free_mb"] = psutil.disk_usage(str(self._folder)).free // _MIB
        found |= self._since_last()
        if self._gpus is not None:
            found["gpus"] = self._gpus.reading({trainer, *(one.pid for one in self._family)})
        return found

    def _of_trainer(self, pid: int) -> dict[str, Any]:
        """Of the trainer and of all that it has started: of several processes it is only the launcher."""
        try:
            trainer = psutil.Process(pid)
            # Each is asked as the one that was asked before, for what it has done since; equal are those of one number
            # that began at one time.
            self._family = {one: self._family.get(one, one) for one in (trainer, *trainer.children(recursive=True))}
            resident = sum(one.memory_info().rss for one in self._family.values())
            busy = sum(one.cpu_percent() for one in self._family.values()) / 100
            return {"trainer_mb": resident // _MIB, "trainer_cpu": round(busy, 2)}
        except psutil.Error:
            return {}

    def _since_last(self) -> dict[str, float]:
        now: dict[str, float] = {}
        try:
            disk, network = psutil.disk_io_counters(), psutil.net_io_counters()
        except (OSError, RuntimeError, NotImplementedError):
            return {}
        if disk is not None:
            now |= {"disk_read_mb": disk.read_bytes / _MIB, "disk_written_mb": disk.write_bytes / _MIB}
        if network is not None:
            now |= {"network_in_mb": network.bytes_recv / _MIB, "network_out_mb": network.bytes_sent / _MIB}
        before, self._moved = self._moved, now
        return {key: round(value - before[key], 3) for key, value in now.items() if key in before}


class Gpus:
    """What the NVIDIA driver says of its GPUs."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]

    def reading(self, ours: Collection[int]) -> list[dict[str, Any]]:
        """One entry a GPU, in the driver's order; `ours` are the trainer's processes."""
        return [self._of(handle, ours) for handle in self._handles]

    def _of(self, handle: Any, ours: Collection[int]) -> dict[str, Any]:
        nvml = self._nvml
        asked: dict[str, Callable[[], Any]] = {
            "name": lambda: nvml.nvmlDeviceGetName(handle),
            "busy_fraction": lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100,
            "memory_used_mb": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used // _MIB,
            "memory_total_mb": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).total // _MIB,
            "celsius": lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),
            "watts": lambda: round(nvml.nvmlDeviceGetPowerUsage(handle) / 1000, 1),
            "watts_limit": lambda: round(nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000, 1),
            "clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
            "throttle_reasons": lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle),
        }
        found: dict[str, Any] = {}
        for key, ask in asked.items():
            try:
                found[key] = ask()
            except nvml.NVMLError:
                # Not every card tells everything.
                continue
        return {**found, **self._processes(handle, ours)}

    def _processes(self, handle: Any, pids: Collection[int]) -> dict[str, Any]:
        try:
            processes = self._nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        except self._nvml.NVMLError:
            return {}
        ours = [process for process in processes if process.pid in pids]
        held = sum((process.usedGpuMemory or 0) // _MIB for process in ours)
        return {"ours_mb": held, "strangers": len(processes) - len(ours)}


def _gpus() -> Gpus | None:
    """The GPUs; None where there is no driver, which is asked of the file system: the library is large."""
    if not any(Path(path).exists() for path in ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg")):
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
        return Gpus(pynvml)
    except pynvml.NVMLError:
        return None


def out_of_memory_kills(root: Path = Path("/"), *, processes: str = "self") -> int:
    """How often the kernel has killed for want of memory, in our control group and on the whole machine.

    Only its growth means something. 0 where nothing can be read.
    """
    texts = [_read(path) for path in _counters(root / f"proc/{processes}/cgroup", root / "sys/fs/cgroup")]
    texts.append(_read(root / "proc/vmstat"))
    return sum(int(count) for text in texts for count in re.findall(r"^oom_kill (\d+)$", text, re.MULTILINE))


def _counters(groups: Path, mounted: Path) -> list[Path]:
    """The files with our control group's counters: version 2, then version 1."""
    found = []
    for line in _read(groups).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if number == "0" and not controllers:
            found.append(mounted / name.lstrip("/") / "memory.events")
        elif "memory" in controllers.split(","):
            found.append(mounted / "memory" / name.lstrip("/") / "memory.oom_control")
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
