"""The machine: GPUs, processors, memory; plainly none where there is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.layout import RunFolder
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.panels.machine import draw_machine
from cilda_tui.ui import Ui
from cilda_tui.view import RunView
from tests.tui.panels.viewed import check_frame, view_named

GPU = {
    "name": "NVIDIA H100", "busy_fraction": 0.97, "memory_used_mb": 22_630, "memory_total_mb": 81_920, "celsius": 64,
    "watts": 412.3, "watts_limit": 700.0, "clock_mhz": 1755, "throttle_reasons": 0, "ours_mb": 20_480, "strangers": 0,
}  # fmt: skip
HOST = {
    "cpu_fraction": 0.35, "cores": [0.0, 0.5, 1.0, 0.25], "memory_used_mb": 12_390, "memory_total_mb": 65_536,
    "trainer_mb": 4301, "trainer_cpu": 1.2, "disk_free_mb": 419_840, "disk_read_mb": 0.1, "disk_written_mb": 12.3,
    "network_in_mb": 0.0, "network_out_mb": 0.2,
}  # fmt: skip


def view_with(*gpus: dict[str, Any], **host: Any) -> RunView:
    view = RunView(RunFolder.__new__(RunFolder))
    view.take_system([{"v": 1, "t": 5.0, "kind": "system", **HOST, **host, **({"gpus": list(gpus)} if gpus else {})}])
    return view


def test_a_gpu_and_its_host_in_a_panel() -> None:
    assert draw_machine(view_with(GPU), Ui(), 66, 8, UNICODE).lines()[1:] == [
        "  GPU 0   97% █████████▊  22.1/80.0 GB   64°  412/700 W  1755 MHz",
        "        ours 20.0 GB",
        "  CPU     35% ███▌░░░░░░  4 cores  ▄█▂  trainer  30%",
        "  memory  19% █▉░░░░░░░░  12.1/64.0 GB  trainer   4.2 GB",
        "  disk free 410.0 GB  disk in  0.1 out   12 MB/s",
        "  network in  0.0 out  0.2 MB/s",
        "",
    ]


def test_in_two_rows_what_matters_most() -> None:
    assert draw_machine(view_with(GPU), Ui(focus="machine"), 80, 2, ASCII).lines() == [
        " >2 GPU 0   97% ##########  22.1/80.0 GB   64C  412/700 W  1755 MHz",
        "    CPU  35%  memory 12.1/64.0 GB  trainer   4.2 GB  disk free 410.0 GB",
    ]


def test_without_a_gpu_it_says_so() -> None:
    assert "  no GPU: NVIDIA's driver tells of none" in draw_machine(view_with(), Ui(), 60, 8, UNICODE).lines()
    assert "no GPU" in draw_machine(view_with(), Ui(), 80, 1, UNICODE).text(0)


def test_why_a_gpu_is_slow_and_who_else_works_on_it_is_told_in_words() -> None:
    special = {**GPU, "throttle_reasons": 0x24, "strangers": 2}
    lines = draw_machine(view_with(GPU, special), Ui(), 80, 10, UNICODE).lines()
    assert lines[3].startswith("  GPU 1▲")
    assert lines[4] == "        ▲ power cap, too hot  ours 20.0 GB  ▲ 2 processes of others"


def test_eight_gpus_stand_two_in_a_row_where_there_is_no_room_and_can_be_scrolled() -> None:
    gpus = [GPU] * 8
    lines = draw_machine(view_with(*gpus), Ui(), 60, 9, UNICODE).lines()
    assert sum(line.count("97%") for line in lines) == 8
    assert draw_machine(view_with(*gpus), Ui(), 80, 2, UNICODE).text(0).count("97%") == 8
    narrow = draw_machine(view_with(*gpus), Ui(), 44, 6, UNICODE)
    assert "more" in narrow.text(5)
    assert "network" in draw_machine(view_with(*gpus), Ui(machine_offset=10**9), 44, 6, UNICODE).text(5)


def test_where_there_is_room_small_curves_tell_how_it_was() -> None:
    lines = draw_machine(view_named("running"), Ui(), 62, 16, UNICODE).lines()
    assert lines[2] == "        ours 29.3 GB  1755 MHz"
    assert lines[8].startswith("  GPU 0 busy    ") and lines[8].endswith("82-94%")
    assert [line.split("  ")[1] for line in lines[9:14]] == ["GPU 0 memory", "CPU", "memory", "trainer", "disk free"]
    assert not any("busy" in line for line in draw_machine(view_named("running"), Ui(), 62, 9, UNICODE).lines())


def test_little_disk_is_marked_and_no_reading_is_told() -> None:
    frame = draw_machine(view_with(disk_free_mb=900), Ui(), 60, 8, UNICODE)
    assert any("0.9 GB" in text and role == "warn" for row in range(8) for text, role in frame.segments(row))
    empty = RunView(RunFolder.__new__(RunFolder))
    assert "nothing was read" in draw_machine(empty, Ui(), 60, 8, UNICODE).text(1)


@pytest.mark.parametrize("situation", ["running", "no gpu", "eight gpus", "empty"])
@given(st.integers(0, 130), st.integers(0, 16), st.integers(0, 20))
def test_at_every_size_each_row_is_as_wide_as_it_says(situation: str, width: int, height: int, offset: int) -> None:
    for glyphs in (UNICODE, ASCII.without_colour()):
        frame = draw_machine(view_named(situation), Ui(machine_offset=offset), width, height, glyphs)
        check_frame(frame, width, height)


@given(st.dictionaries(st.sampled_from([*GPU, *HOST]), st.floats() | st.text(max_size=3) | st.none()))
def test_whatever_the_driver_says_it_is_drawn(told: dict[str, Any]) -> None:
    view = view_with({**GPU, **told}, **told)
    for height in (1, 2, 9):
        check_frame(draw_machine(view, Ui(), 70, height, UNICODE), 70, height)
