"""Whether others keep the processors busy that a run is to compute on."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass

import psutil

_SAMPLE_SECONDS = 0.3
# The load average lags a minute behind: what has just ended, our own last run perhaps, is still in it.
_STILL_BUSY = 0.5


@dataclass(frozen=True)
class Crowding:
    """What others do on this machine."""

    load: float
    """The 1-minute load average."""
    cores: int
    """How many processors this process may use."""
    busy: float
    """The share of these that others used a moment ago."""

    @property
    def crowded(self) -> bool:
        """Whether there is more to do than processors to do it, and others do it."""
        return self.load >= self.cores and self.busy >= _STILL_BUSY

    @property
    def words(self) -> str:
        """The load in a clause."""
        return f"others keep the processors busy: load average {self.load:.1f} on {self.cores} usable"


def crowding() -> Crowding:
    """What others do on this machine now; takes a third of a second where the load average is high."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = len(usable)
    try:
        load = os.getloadavg()[0]
    except OSError:
        load = 0.0
    if load < cores:
        return Crowding(load, cores, 0.0)
    busy = 0.0
    with contextlib.suppress(OSError, RuntimeError, psutil.Error):
        psutil.cpu_percent(percpu=True)
        own, began = time.process_time(), time.monotonic()
        time.sleep(_SAMPLE_SECONDS)
        used = psutil.cpu_percent(percpu=True)
        ours = (time.process_time() - own) / (time.monotonic() - began)
        busy = max(0.0, sum(used[core] for core in usable if core < len(used)) / 100 - ours) / cores
    return Crowding(load, cores, busy)


def crowding_warning(threads: int) -> str:
    """A warning, with the way out, for who computes with so many threads on processors that others keep busy."""
    found = crowding()
    return said(found, threads) if found.crowded else ""


def said(found: Crowding, threads: int) -> str:
    """The warning for so many threads."""
    words = f"{found.words}; all times foretold here are those of a busy machine"
    if threads <= 1:
        return words
    return (
        f"{words}. {threads} threads wait for each other there: small models may be many times faster with "
        "--set threads=1 (or CILDA_THREADS=1)"
    )
