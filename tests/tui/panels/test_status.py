"""The first rows: state, progress, time left, best score; at a glance and at every size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.panels.status import draw_block, draw_status
from cilda_tui.ui import Ui
from tests.tui.made_events import event, metrics, stage, view_of
from tests.tui.panels.viewed import check_frame, view_named

NOON = 1795348800.0

SITUATIONS = (
    "waiting", "running", "generator first", "teacher stage", "paused", "failed", "finished", "not a number",
    "hostile", "empty",
)  # fmt: skip


@pytest.mark.parametrize(
    ("situation", "first", "second"),
    [
        (
            "running",
            " ● RUNNING   31% █▉░░░░  2,080/6,600  epoch 0.92  220 texts/s  ▸ student",
            " ETA 12 m → 12:15  ★ accuracy 0.9172 at 1,600  97.3% of teacher        0.9 kB/s",
        ),
        (
            "generator phase",
            " ● RUNNING   30% █▉░░░░  2,010/6,600  epoch 0.90  220 texts/s  ▸ generator",
            " ETA 12-13 m → 12:15  ★ accuracy 0.9172 at 1,600  97.3% of teacher     0.9 kB/s",
        ),
        ("waiting", " ◌ STARTING", " the trainer is loading what it needs                                  0.9 kB/s"),
        (
            "paused",
            " ‖ PAUSED   22% █▍░░░░  1,500/6,600  epoch 0.66  ▸ student",
            " ★ accuracy 0.8952 at 1,200  94.9% of teacher  loss 0.583              0.9 kB/s",
        ),
        (
            "failed",
            " ✗ FAILED   13% ▉░░░░░    900/6,600  epoch 0.39",
            " took 2 m 25 s  the term hard_label.real is not finite                 0.9 kB/s",
        ),
        (
            "finished",
            " ✓ FINISHED  100% ██████  6,600/6,600  epoch 3.00",
            " took 17 m 34 s  ★ accuracy 0.9384 at 4,800  99.5% of teacher          0.9 kB/s",
        ),
    ],
)
def test_on_eighty_columns_two_rows_tell_how_it_goes(situation: str, first: str, second: str) -> None:
    assert draw_status(view_named(situation), Ui(sent_rate=912.0), 80, 2, UNICODE).lines() == [first, second]


def test_more_room_tells_the_band_of_the_time_left_and_the_losses() -> None:
    lines = draw_status(view_named("generator phase"), Ui(), 140, 2, ASCII).lines()
    assert "step 2,010/6,600  epoch 0.90  220 texts/s  generator's turn" in lines[0]
    assert lines[0].endswith("20261122-1158-sst2-6L-cilda-a7f3")
    assert lines[1] == (
        " ETA 12 m (12-13 m) > 12:15  * accuracy 0.9172 at turn 1,600  teacher 0.9430 (97.3%)  loss 0.549"
        "  generator 0.532"
    )


def test_at_the_playhead_it_tells_what_was_true_then() -> None:
    view = view_named("running")
    assert view.now is not None
    lines = draw_status(view, Ui(playhead=view.now - 100, frozen=True), 120, 2, UNICODE).lines()
    assert "FROZEN 12:01" in lines[0] and "1,453/6,600" in lines[0] and "ETA" not in lines[1]
    assert "accuracy 0.8952 at turn 1,200" in lines[1]


def test_a_loss_that_is_no_number_is_said_so_in_red() -> None:
    frame = draw_status(view_named("not a number"), Ui(), 140, 2, UNICODE)
    assert any("not finite" in text and role == "bad" for text, role in frame.segments(1))


def test_an_error_comes_first_and_whole_but_not_twice_what_the_state_says() -> None:
    row = draw_status(view_named("not a number"), Ui(sent_rate=912.0), 80, 2, UNICODE).text(1)
    assert row.startswith(" ✗ student/logit_kl.soft and 2 more not finite since step 1,501 ")
    row = draw_status(view_named("stalled"), Ui(), 80, 2, UNICODE).text(1)
    assert row.startswith(" the trainer lives, but nothing has moved for 12 min ")


def test_what_is_true_of_the_viewer_stands_at_the_right() -> None:
    ui = Ui(sent_rate=412.0, read_only="another user's", slow=True)
    assert draw_status(view_named("running"), ui, 120, 2, UNICODE).text(1).endswith("read-only  slow line   0.4 kB/s ")


def test_a_small_block_tells_the_worst_first() -> None:
    assert draw_block(view_named("failed"), Ui(), 38, 6, UNICODE).lines() == [
        "✗ FAILED",
        "✗ the term hard_label.real is not fin…",
        " 13% ██▊░░░░░░░░░░░░░░░░░",
        "took 2 m 25 s",
        "★ accuracy 0.8290 at 600",
        "87.9% of teacher",
    ]


@pytest.mark.parametrize("situation", SITUATIONS)
@given(width=st.integers(0, 220), height=st.integers(0, 14))
def test_at_every_size_each_row_is_as_wide_as_it_says(situation: str, width: int, height: int) -> None:
    for glyphs in (UNICODE, ASCII.without_colour()):
        check_frame(draw_status(view_named(situation), Ui(sent_rate=1.0), width, height, glyphs), width, height)
        check_frame(draw_block(view_named(situation), Ui(sent_rate=1.0), width, height, glyphs), width, height)


def test_what_comes_after_the_end_takes_the_run_no_time() -> None:
    finished = [stage(), metrics(1, total=1.0), event("finished", 61.0, metric="accuracy", teacher={}, student={})]
    for more in ([], [event("note", 5000.0, text="after the end")]):
        view = view_of(event("started", 1.0, host="here", device="cpu"), *finished, *more, word="finished")
        assert "took 1 m 0 s" in draw_status(view, Ui(), 120, 2, UNICODE).text(1)


def test_a_replay_does_not_say_what_the_run_is_doing_now() -> None:
    frame = draw_status(view_named("finished"), Ui(playhead=NOON), 120, 2, UNICODE)
    first, second = frame.lines()
    assert first.startswith(" ▸ REPLAY 12:00:00 ")
    assert "FINISHED" not in first and "took" not in second and "parameters" not in second


def test_another_stage_than_the_present_one_is_named() -> None:
    view = view_of(stage(name="teacher"), metrics(1, stage="teacher", total=1.0), stage(t=2.0), metrics(1, total=1.0))
    row = draw_status(view, Ui(stage="teacher"), 120, 2, UNICODE).text(0)
    assert "RUNNING  teacher (the run is in: student)" in row
    assert "the run is in" not in draw_status(view, Ui(), 120, 2, UNICODE).text(0)
