"""What the machine does while a run trains, now and at any time before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cilda.runs.events import Event
from cilda.runs.field import count, finite, mapping, name
from cilda_tui.series import Series
from cilda_tui.thinned import Thinned
from cilda_tui.track import Track

MOST_READINGS = 1200
"""So many whole readings are kept: the last five minutes all, older ones thinned evenly."""

_MOST_CORES = 512
_MOST_GPUS = 32
_BUCKETS = 4096

# nvml.h: the bits of nvmlClocksThrottleReason that slow a GPU down though it has work; idling is none.
_THROTTLES = (
    (0x4, "power cap"),
    (0x8, "slowed by hardware"),
    (0x20, "too hot"),
    (0x40, "much too hot"),
    (0x80, "power brake"),
    (0x2, "clocks set by someone"),
    (0x10, "synchronised with others"),
    (0x100, "display clocks"),
)


@dataclass(frozen=True, slots=True)
class Gpu:
    """What the driver says of one GPU; None where it says nothing."""

    number: int
    name: str
    busy_fraction: float | None
    memory_used_mb: float | None
    memory_total_mb: float | None
    celsius: float | None
    watts: float | None
    watts_limit: float | None
    clock_mhz: float | None
    throttled: tuple[str, ...]
    """Why it is slowed down, in words; empty where it is not."""
    ours_mb: float | None
    """What the trainer holds of its memory."""
    strangers: int
    """Processes of others on it."""

    @property
    def ours(self) -> bool:
        """Whether the trainer works on it."""
        return bool(self.ours_mb)

    @property
    def memory_fraction(self) -> float | None:
        """How full its memory is."""
        return _fraction(self.memory_used_mb, self.memory_total_mb)


@dataclass(frozen=True, slots=True)
class Reading:
    """The machine at one moment; None where it could not be read."""

    t: float
    cpu_fraction: float | None
    cores: tuple[float, ...]
    memory_used_mb: float | None
    memory_total_mb: float | None
    trainer_mb: float | None
    trainer_cpu: float | None
    """In cores."""
    disk_free_mb: float | None
    disk_read_mb_s: float | None
    disk_written_mb_s: float | None
    network_in_mb_s: float | None
    network_out_mb_s: float | None
    gpus: tuple[Gpu, ...]

    @property
    def memory_fraction(self) -> float | None:
        """How full the machine's memory is."""
        return _fraction(self.memory_used_mb, self.memory_total_mb)


class MachineView:
    """The newest reading, some older ones, and series of what is drawn: `history["cpu"]`, `history["gpu0.busy"]`.

    Steps of these series count readings, about one a second; `track` says when each was.
    """

    def __init__(self) -> None:
        self.latest: Reading | None = None
        self.history: dict[str, Series] = {}
        self.track = Track()
        self.readings: Thinned[Reading] = Thinned(MOST_READINGS)
        self.seen = 0

    @property
    def gpus(self) -> Sequence[Gpu]:
        """The GPUs as of the newest reading; none where there is no driver, or no reading yet."""
        return () if self.latest is None else self.latest.gpus

    def at(self, seconds: float | None) -> Reading | None:
        """The machine at a time, None for the newest; None where nothing was read by then."""
        return self.latest if seconds is None else self.readings.at(seconds)

    def take(self, event: Event) -> None:
        """Takes an event `system`."""
        before = self.latest
        reading = _reading(event, None if before is None else before.t)
        self.latest = reading
        self.readings.add(reading.t, reading)
        self.track.add(self.seen, None, reading.t, None)
        for key, value in _drawn(reading):
            if value is not None:
                series = self.history.get(key)
                if series is None:
                    series = self.history[key] = Series(_BUCKETS)
                series.add(self.seen, value, value, value)
        self.seen += 1


def _reading(event: Event, before: float | None) -> Reading:
    seconds: float = event["t"]
    since = seconds - before if before is not None and 0 < seconds - before < 60 else 1.0
    cores, gpus = event.get("cores"), event.get("gpus")

    def rate(key: str) -> float | None:
        moved = finite(event.get(key))
        return None if moved is None else max(0.0, moved) / since

    return Reading(
        t=seconds,
        cpu_fraction=finite(event.get("cpu_fraction")),
        cores=tuple(finite(core) or 0.0 for core in cores[:_MOST_CORES]) if isinstance(cores, list) else (),
        memory_used_mb=finite(event.get("memory_used_mb")),
        memory_total_mb=finite(event.get("memory_total_mb")),
        trainer_mb=finite(event.get("trainer_mb")),
        trainer_cpu=finite(event.get("trainer_cpu")),
        disk_free_mb=finite(event.get("disk_free_mb")),
        disk_read_mb_s=rate("disk_read_mb"),
        disk_written_mb_s=rate("disk_written_mb"),
        network_in_mb_s=rate("network_in_mb"),
        network_out_mb_s=rate("network_out_mb"),
        gpus=tuple(_gpu(number, mapping(gpu)) for number, gpu in enumerate(gpus[:_MOST_GPUS]))
        if isinstance(gpus, list)
        else (),
    )


def _gpu(number: int, told: dict[str, Any]) -> Gpu:
    reasons = count(told.get("throttle_reasons")) or 0
    return Gpu(
        number=number,
        name=name(told.get("name")),
        busy_fraction=finite(told.get("busy_fraction")),
        memory_used_mb=finite(told.get("memory_used_mb")),
        memory_total_mb=finite(told.get("memory_total_mb")),
        celsius=finite(told.get("celsius")),
        watts=finite(told.get("watts")),
        watts_limit=finite(told.get("watts_limit")),
        clock_mhz=finite(told.get("clock_mhz")),
        throttled=tuple(words for bit, words in _THROTTLES if reasons & bit),
        ours_mb=finite(told.get("ours_mb")),
        strangers=count(told.get("strangers")) or 0,
    )


def _drawn(reading: Reading) -> list[tuple[str, float | None]]:
    drawn = [
        ("cpu", reading.cpu_fraction),
        ("memory", reading.memory_fraction),
        ("trainer_mb", reading.trainer_mb),
        ("disk_free_mb", reading.disk_free_mb),
        ("network_in_mb_s", reading.network_in_mb_s),
    ]
    for gpu in reading.gpus:
        drawn += [(f"gpu{gpu.number}.busy", gpu.busy_fraction), (f"gpu{gpu.number}.memory", gpu.memory_fraction)]
        drawn.append((f"gpu{gpu.number}.watts", gpu.watts))
    return drawn


def _fraction(used: float | None, total: float | None) -> float | None:
    return used / total if used is not None and total else None
