"""What the machine did while the run trained, and where a turn's time went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cilda_tui.machine_view import Gpu, Reading
from cilda_tui.plot import Line, Plot
from cilda_tui.plots import plot_named
from cilda_tui.report.bars import parts
from cilda_tui.report.curve_chart import curve_chart
from cilda_tui.report.gathered import Gathered
from cilda_tui.report.markup import Nodes, element, said
from cilda_tui.report.parts import charts, facts, table
from cilda_tui.report.words import GIGABYTES, PERCENT, PLAIN, SECONDS, WATTS, Unit, amount, stamp
from cilda_tui.stage_curves import StageCurves
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

MOST_GPUS = 8
_OF_TURNS = (("texts a second", PLAIN), ("seconds of a turn", SECONDS))


def machine(found: Gathered) -> Nodes:
    """Where a turn's time went, then processors, memory and GPUs over time."""
    view = found.view
    drawn = [chart for plot, unit in _plots(view) if (chart := curve_chart(plot, unit)) is not None]
    stages = [stage for stage in view.stages.values() if stage.curves]
    times = [_time(view, stage, named=len(stages) > 1) for stage in reversed(stages[-3:])]
    nothing = element("p", "Nothing was read of the machine.") if not drawn else None
    return [times, charts(drawn), nothing, _last(view)]


def _time(view: RunView, stage: StageCurves, *, named: bool) -> Nodes:
    shares = [(part, share) for part, share in stage.shares().items() if share > 0]
    of_stage = f", stage {stage.name}" if named else ""
    bar = parts(shares, f"Where the time of the last turns went{of_stage}") if shares else None
    drawn = []
    for called, unit in _OF_TURNS:
        plot = plot_named(view, Ui(stage=stage.name), (), called)
        chart = curve_chart(plot, unit) if plot is not None else None
        if chart is not None:
            drawn.append(chart)
    return [bar, charts(drawn)]


def _plots(view: RunView) -> Iterator[tuple[Plot, Unit]]:
    """Charts over time, those of the GPUs that the run works on first."""
    known = view.machine.history
    gpus = sorted(view.machine.gpus, key=lambda gpu: (not gpu.ours, gpu.number))[:MOST_GPUS]
    for gpu in gpus:
        yield (
            _plot(
                view, f"GPU {gpu.number}", [("busy", f"gpu{gpu.number}.busy"), ("memory", f"gpu{gpu.number}.memory")]
            ),
            PERCENT,
        )
    watts = [(f"GPU {gpu.number}", f"gpu{gpu.number}.watts") for gpu in gpus if f"gpu{gpu.number}.watts" in known]
    if watts:
        yield _plot(view, "Power", watts), WATTS
    yield _plot(view, "Processors and memory", [("processors busy", "cpu"), ("memory full", "memory")]), PERCENT
    yield _plot(view, "The trainer's memory", [("trainer", "trainer_mb")]), GIGABYTES
    yield _plot(view, "Disk free", [("free", "disk_free_mb")]), GIGABYTES


def _plot(view: RunView, title: str, curves: Sequence[tuple[str, str]]) -> Plot:
    lines = tuple(Line(label, view.machine.history[key]) for label, key in curves if key in view.machine.history)
    return Plot(title, lines, view.machine.track, axis="time", smoothing=0.0)


def _last(view: RunView) -> Nodes:
    reading = view.machine.latest
    if reading is None:
        return None
    rows = [
        ("last read", stamp(reading.t)),
        ("processors", _processors(reading)),
        ("memory", _of(reading.memory_used_mb, reading.memory_total_mb)),
        ("the trainer's memory", GIGABYTES.words(reading.trainer_mb) if reading.trainer_mb is not None else None),
        ("disk free", GIGABYTES.words(reading.disk_free_mb) if reading.disk_free_mb is not None else None),
    ]
    gpus = table(("GPU", "name", "busy", "memory", "°C", "W", "MHz", ""), map(_gpu, reading.gpus[:32]), words=2)
    return [facts(rows), gpus if reading.gpus else element("p", "No GPU was seen: NVIDIA's driver told of none.")]


def _processors(reading: Reading) -> Nodes:
    if reading.cpu_fraction is None:
        return None
    cores = f" of {len(reading.cores):,} cores" if reading.cores else ""
    return f"{PERCENT.words(reading.cpu_fraction)} busy{cores}"


def _of(used: float | None, total: float | None) -> str | None:
    if used is None and total is None:
        return None
    return f"{GIGABYTES.words(used)} of {GIGABYTES.words(total)}"


def _gpu(gpu: Gpu) -> Sequence[Nodes]:
    special = [*gpu.throttled]
    special += ["the run's"] if gpu.ours else []
    special += [f"{gpu.strangers:,} processes of others"] if gpu.strangers else []
    return (
        f"{gpu.number}", said(gpu.name), PERCENT.words(gpu.busy_fraction),
        _of(gpu.memory_used_mb, gpu.memory_total_mb), amount(gpu.celsius), amount(gpu.watts), amount(gpu.clock_mhz),
        ", ".join(special),
    )  # fmt: skip
