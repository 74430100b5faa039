"""Memory that a device can give this process, and the most that a piece of work took."""

from __future__ import annotations

import ctypes
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

# A polling thread misses what is shorter than this.
_POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Room:
    """Bytes of a device for this process."""

    held_bytes: int
    free_bytes: int

    @property
    def limit_bytes(self) -> int:
        """The most that this process can hold."""
        return self.held_bytes + self.free_bytes


class Peak:
    """The most bytes held while something was measured; known once it is over."""

    bytes: int = 0


def room(device: torch.device) -> Room:
    """What the process holds on the device, and what it could take as well: of the CPU also what its group may."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        held = torch.cuda.memory_allocated(device)
        return Room(held, free + torch.cuda.memory_reserved(device) - held)
    free = psutil.virtual_memory().available
    return Room(psutil.Process().memory_info().rss, max(0, min([free, *_group_free(Path("/"))])))


@contextmanager
def measured(device: torch.device) -> Iterator[Peak]:
    """While open, watches the device's memory: on a GPU what torch allocates, on a CPU what the process holds."""
    peak = Peak()
    give_back(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        try:
            yield peak
        finally:
            peak.bytes = torch.cuda.max_memory_allocated(device)
        return
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        yield from _polled(peak)
        return
    try:
        yield peak
    finally:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        peak.bytes = int(found[1]) * 1024 if found else psutil.Process().memory_info().rss


def give_back(device: torch.device) -> None:
    """Gives back what torch or the C library keep of memory that nobody holds."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif os.name == "posix":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def _polled(peak: Peak) -> Iterator[Peak]:
    """Where the system keeps no resettable high-water mark, a thread looks again and again."""
    process, done = psutil.Process(), threading.Event()

    def watch() -> None:
        while not done.wait(_POLL_SECONDS):
            peak.bytes = max(peak.bytes, process.memory_info().rss)

    peak.bytes = process.memory_info().rss
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _group_free(root: Path) -> list[int]:
    """What the process's control group and those above it may still take; versions 2 and 1."""
    free = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if number == "0" and not controllers:
            mounted, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            mounted = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = mounted / name.lstrip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mounted):
                break
            limit, used = (_read(folder / file).strip() for file in names[:2])
            if limit.isdigit() and used.isdigit():
                # Pages of files that were read can be dropped at once.
                cached = re.search(rf"^{names[2]} (\d+)$", _read(folder / "memory.stat"), re.MULTILINE)
                free.append(int(limit) - int(used) + (int(cached[1]) if cached else 0))
    return free


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
