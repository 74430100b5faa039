"""Processors, and how long threads that wait keep one busy: said before torch is loaded, which reads it once."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

SPINS = "1000"


def spin_briefly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Lets OpenMP's threads go to sleep soon, unless the user has said anything about it.

    Threads that spin cost a crowded machine nearly all its speed: 2 threads of a small encoder on 2 cores at a load
    of 4 played 1.2 and 1.7 turns a second, and 9.2 and 6.6 so. The numbers that come out are the same. Trainers in the
    background inherit it.
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault("GOMP_SPINCOUNT", SPINS)


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
