"""The machine: each GPU, processors, memory, disk, network and the trainer's part of them."""

from __future__ import annotations

from collections.abc import Sequence

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.machine_view import Gpu, MachineView, Reading
from cilda_tui.panels.pane import Piece, clock, fitted, gigabytes, percent, put_pieces, safe, titled
from cilda_tui.series import Series
from cilda_tui.spark import spark
from cilda_tui.ui import Ui, digit
from cilda_tui.view import RunView

_PAST_LABEL, _PAST_BOUNDS, _CURVE = 14, 17, 48
# Below this a GPU's row has no room for its clock.
_CLOCK_WIDTH = 63

Fact = Sequence[Piece]
Row = list[Piece]


def draw_machine(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """With a title and a line or two for each thing from three rows on; below that as much as fits into them."""
    reading = view.machine.at(ui.playhead)
    if height < 3:
        return _compact(reading, ui, width, height, glyphs)
    host = safe(view.host or str(view.record.state.get("host") or ""), glyphs, 30)
    # Of a run that has ended, or at a playhead, it is not what the machine does now.
    then = reading is not None and (view.status.ended or ui.playhead is not None)
    at = [(f"at {clock(reading.t)}", "warn")] if reading is not None and then else []
    right = [*at, (safe(view.device, glyphs, 12), "dim"), (host, "dim")]
    frame = titled("machine", "machine", ui, width, height, glyphs, right=right)
    if reading is None:
        frame.put(2, 1, "nothing was read of the machine yet", "dim")
        return frame
    room = height - 1
    rows = _rows(reading, width - 3, glyphs, room)
    # How it was stands below how it is where there is room for both.
    if len(rows) + 3 <= room:
        rows = [*rows, [], *_past(view.machine, reading, ui, width - 3, glyphs)[: room - len(rows) - 1]]
    offset = max(0, min(ui.machine_offset, len(rows) - room))
    for row, pieces in enumerate(rows[offset : offset + room], 1):
        put_pieces(frame, 2, row, pieces)
    if offset + room < len(rows):
        frame.put_right(width - 1, height - 1, f" {len(rows) - offset - room} more {glyphs.fall} ", "dim")
    return frame


def _compact(reading: Reading | None, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    frame = Frame(width, height)
    focused = ui.focus == "machine"
    frame.put(1, 0, f"{glyphs.chosen if focused else ' '}{digit('machine')} ", "focus" if focused else "title")
    if reading is None:
        frame.put(4, 0, "nothing was read of the machine yet", "dim")
        return frame
    of_gpus, of_host = _gpu_facts(reading, width - 6, glyphs), _host_facts(reading)
    if height == 1:
        put_pieces(frame, 4, 0, fitted([*of_gpus, *of_host], width - 5))
        return frame
    put_pieces(frame, 4, 0, fitted(of_gpus, width - 5))
    put_pieces(frame, 4, 1, fitted(of_host, width - 5))
    return frame


def _gpu_facts(reading: Reading, width: int, glyphs: Glyphs) -> list[Fact]:
    """All GPUs in one row."""
    if not reading.gpus:
        return [[("no GPU", "strong")]]
    if len(reading.gpus) == 1:
        row = _gpu_row(reading.gpus[0], width, glyphs)
        more = _more(reading.gpus[0], glyphs)
        return [row, *([more] if more else [])]
    used = sum(gpu.memory_used_mb or 0 for gpu in reading.gpus)
    total = sum(gpu.memory_total_mb or 0 for gpu in reading.gpus)
    slowed = [str(gpu.number) for gpu in reading.gpus if gpu.throttled]
    hottest = max((gpu.celsius for gpu in reading.gpus if gpu.celsius is not None), default=None)
    busy: Row = [(f"{len(reading.gpus)} GPUs", "dim")]
    for gpu in reading.gpus:
        busy.append((f" {percent(gpu.busy_fraction)}", "strong" if gpu.ours else ""))
    facts: list[Fact] = [busy, [(_of(used, total), "")]]
    if slowed:
        facts.insert(1, [(f"{glyphs.state('warning')} slowed: {', '.join(slowed)}", "warn")])
    if hottest is not None:
        facts.append([(f"hottest {hottest:.0f}{_degree(glyphs)}", "")])
    return facts


def _host_facts(reading: Reading) -> list[Fact]:
    facts: list[Fact] = []
    if reading.cpu_fraction is not None:
        facts.append([("CPU ", "dim"), (percent(reading.cpu_fraction), "")])
    if reading.memory_total_mb is not None:
        facts.append([("memory ", "dim"), (_of(reading.memory_used_mb, reading.memory_total_mb), "")])
    if reading.trainer_mb is not None:
        facts.append([("trainer ", "dim"), (f"{gigabytes(reading.trainer_mb)} GB", "")])
    if reading.disk_free_mb is not None:
        facts.append(_disk(reading))
    return facts


def _disk(reading: Reading) -> Row:
    free = reading.disk_free_mb
    low = free is not None and free < 5000
    return [("disk free ", "dim"), (f"{gigabytes(free)} GB", "warn" if low else "")]


def _rows(reading: Reading, width: int, glyphs: Glyphs, room: int) -> list[Row]:
    """GPUs first; each takes a second row for what is special about it where there is room for all of them."""
    host = _host_rows(reading, width, glyphs)
    if not reading.gpus:
        why = ": NVIDIA's driver tells of none" if width >= 38 else ""
        return [[("no GPU", "strong"), (why, "dim")], *host]
    rows: list[Row] = []
    special = [_more(gpu, glyphs, clock_too=width < _CLOCK_WIDTH) for gpu in reading.gpus]
    if len(reading.gpus) + len(host) > room >= (len(reading.gpus) + 1) // 2 + len(host) and width >= 54:
        return [*_pairs(reading.gpus, width, glyphs), *host]
    spacious = len(reading.gpus) + len(host) + sum(map(bool, special)) <= room
    for gpu, more in zip(reading.gpus, special, strict=True):
        row = _gpu_row(gpu, width, glyphs)
        if more and not spacious:
            row = fitted([row, more], width)
        rows.append(row)
        if more and spacious:
            rows.append([("      ", ""), *more])
    return [*rows, *host]


def _past(machine: MachineView, reading: Reading, ui: Ui, width: int, glyphs: Glyphs) -> list[Row]:
    """Small curves of what was read so far."""
    until = None if ui.playhead is None else machine.track.step_at(ui.playhead)
    of_gpus = [(f"GPU {gpu.number} busy", f"gpu{gpu.number}.busy") for gpu in reading.gpus if gpu.ours][:4]
    of_gpus += [(f"GPU {gpu.number} memory", f"gpu{gpu.number}.memory") for gpu in reading.gpus if gpu.ours][:4]
    wanted = [*of_gpus, ("CPU", "cpu"), ("memory", "memory"), ("trainer", "trainer_mb"), ("disk free", "disk_free_mb")]
    cells = min(_CURVE, width - _PAST_LABEL - _PAST_BOUNDS)
    if cells < 8:
        return []
    there = [(label, key, machine.history[key]) for label, key in wanted if key in machine.history]
    return [
        [
            (f"{label:<{_PAST_LABEL}}", "dim"),
            (spark(series, until, cells, glyphs), "line.0"),
            (_bounds(series, until, in_mb=key.endswith("_mb")), "dim"),
        ]
        for label, key, series in there
    ]


def _bounds(series: Series, until: int | None, *, in_mb: bool) -> str:
    """Between what a curve runs, for its letters only say how it runs: ` 82-96%`."""
    last = series.last_step if until is None else min(until, series.last_step)
    found = series.columns([max(0, series.first_step), last + 1])
    low, high = float(found.low[0]), float(found.high[0])
    if not low <= high:
        return ""
    if in_mb:
        low_gb, high_gb = gigabytes(low).strip(), gigabytes(high).strip()
        return f"  {low_gb}-{high_gb} GB" if low_gb != high_gb else f"  {low_gb} GB"
    low_words, high_words = f"{100 * low:.0f}", f"{100 * high:.0f}%"
    return f"  {low_words}-{high_words}" if f"{low_words}%" != high_words else f"  {high_words}"


def _gpu_row(gpu: Gpu, width: int, glyphs: Glyphs) -> Row:
    """Number, load as bar and percent, memory, temperature, power, clock: the first ones as far as they fit."""
    bar = 10 if width >= 56 else 6 if width >= 44 else 0
    role = "strong" if gpu.ours else "dim"
    number = [(f"GPU {gpu.number}", role), _mark(gpu, glyphs)]
    facts: list[Fact] = [
        [*number, (percent(gpu.busy_fraction), ""), *_bar(gpu.busy_fraction, bar, glyphs)],
        [(_of(gpu.memory_used_mb, gpu.memory_total_mb), "")],
    ]
    if gpu.celsius is not None:
        hot = bool({"too hot", "much too hot"} & set(gpu.throttled))
        facts.append([(f"{gpu.celsius:3.0f}{_degree(glyphs)}", "bad" if hot else "")])
    if gpu.watts is not None:
        limit = "" if gpu.watts_limit is None else f"/{gpu.watts_limit:.0f}"
        facts.append([(f"{gpu.watts:3.0f}{limit} W", "")])
    if gpu.clock_mhz is not None:
        facts.append([(f"{gpu.clock_mhz:4.0f} MHz", "dim")])
    return fitted(facts, width)


def _mark(gpu: Gpu, glyphs: Glyphs) -> Piece:
    """A sign on a GPU that is slowed down or shared; after a number of two digits there is no blank."""
    mark = glyphs.state("warning") if gpu.throttled or gpu.strangers else " "
    return mark if gpu.number > 9 else f"{mark} ", "warn"


def _more(gpu: Gpu, glyphs: Glyphs, *, clock_too: bool = False) -> Row:
    """What is special about a GPU: why it is slowed down, who works on it, and its clock if its row had no room."""
    pieces: list[Fact] = []
    if gpu.throttled:
        pieces.append([(f"{glyphs.state('warning')} {', '.join(gpu.throttled)}", "warn")])
    if gpu.ours_mb:
        pieces.append([("ours ", "dim"), (f"{gigabytes(gpu.ours_mb).strip()} GB", "")])
    if gpu.strangers:
        many = "process" if gpu.strangers == 1 else "processes"
        pieces.append([(f"{glyphs.state('warning')} {gpu.strangers} {many} of others", "warn")])
    if pieces and clock_too and gpu.clock_mhz is not None:
        pieces.append([(f"{gpu.clock_mhz:4.0f} MHz", "dim")])
    return fitted(pieces, 200)


def _pairs(gpus: Sequence[Gpu], width: int, glyphs: Glyphs) -> list[Row]:
    """Two GPUs a row."""
    half = (width - 2) // 2
    rows: list[Row] = []
    for place in range(0, len(gpus), 2):
        row: Row = []
        for gpu in gpus[place : place + 2]:
            temperature = "" if gpu.celsius is None else f" {gpu.celsius:3.0f}{_degree(glyphs)}"
            number = [(f"{gpu.number}", "strong" if gpu.ours else "dim"), _mark(gpu, glyphs)]
            facts: list[Fact] = [
                [*number, (percent(gpu.busy_fraction), ""), *_bar(gpu.busy_fraction, 6, glyphs)],
                [(f"{gigabytes(gpu.memory_used_mb)}{temperature}", "")],
            ]
            pieces = fitted(facts, half, 1)
            row += [*pieces, (" " * (half - sum(len(text) for text, _ in pieces) + 2), "")]
        rows.append(row)
    return rows


def _host_rows(reading: Reading, width: int, glyphs: Glyphs) -> list[Row]:
    bar = 10 if width >= 44 else 0
    facts: list[list[Fact]] = [[], [], []]
    if reading.cpu_fraction is not None:
        facts[0] = [[("CPU    ", "dim"), (percent(reading.cpu_fraction), ""), *_bar(reading.cpu_fraction, bar, glyphs)]]
        if len(reading.cores) > 1:
            top = len(glyphs.levels) - 1
            each = "".join(glyphs.levels[round(min(1.0, max(0.0, core)) * top)] for core in reading.cores)
            room = width - 13 - bar
            if len(each) <= room - 10:
                facts[0].append([(f"{len(reading.cores)} cores ", "dim"), (f"{each}", "line.0")])
            else:
                facts[0].append([(f"{len(reading.cores)} cores", "dim")])
        if reading.trainer_cpu is not None:
            of_all = reading.trainer_cpu / max(1, len(reading.cores))
            facts[0].append([("trainer ", "dim"), (percent(of_all), "")])
    if reading.memory_total_mb is not None:
        share, of = reading.memory_fraction, _of(reading.memory_used_mb, reading.memory_total_mb)
        facts[1].append([("memory ", "dim"), (percent(share), ""), *_bar(share, bar, glyphs), (f"  {of}", "")])
    if reading.trainer_mb is not None:
        facts[1].append([("trainer ", "dim"), (f"{gigabytes(reading.trainer_mb)} GB", "")])
    if reading.disk_free_mb is not None:
        facts[2].append(_disk(reading))
    if reading.disk_read_mb_s is not None and reading.disk_written_mb_s is not None:
        facts[2].append(_two_rates("disk", reading.disk_read_mb_s, reading.disk_written_mb_s))
    if reading.network_in_mb_s is not None and reading.network_out_mb_s is not None:
        facts[2].append(_two_rates("network", reading.network_in_mb_s, reading.network_out_mb_s))
    return [row for of_row in facts for row in _packed(of_row, width)]


def _of(used: float | None, total: float | None) -> str:
    """`22.1/80.0 GB`, as wide as if all were used."""
    whole = gigabytes(total).strip()
    return f"{gigabytes(used).strip():>{len(whole)}}/{whole} GB"


def _two_rates(name: str, inward: float, outward: float) -> Row:
    return [(f"{name} in ", "dim"), (_rate(inward), ""), (" out ", "dim"), (f"{_rate(outward)} MB/s", "")]


def _rate(value: float) -> str:
    """Four cells, in whole MB from ten on: it need not dance."""
    return f"{value:4.1f}" if value < 10 else f"{min(9999, value):4.0f}"


def _packed(facts: Sequence[Fact], width: int) -> list[Row]:
    """Facts in as few rows as they need."""
    rows: list[Row] = []
    rest = list(facts)
    while rest:
        row = fitted(rest, width, whole=True)
        if not row:
            rest = rest[1:]
            continue
        rows.append(row)
        used = 0
        while rest and used < len(row):
            used += len(rest[0]) + (1 if used else 0)
            rest = rest[1:]
    return rows


def _bar(fraction: float | None, cells: int, glyphs: Glyphs) -> Row:
    return [(f" {glyphs.bar(fraction or 0.0, cells)}", "line.0")] if cells else []


def _degree(glyphs: Glyphs) -> str:
    return "C" if glyphs.ascii else "°"
