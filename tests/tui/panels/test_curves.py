"""The charts in their places, and the small curves below them."""

from __future__ import annotations

import pytest

from cilda_tui.glyphs import ASCII, UNICODE, Glyphs
from cilda_tui.panels.curves import draw_place, draw_sparks, first_chart
from cilda_tui.ui import Ui
from tests.tui.panels.viewed import check_frame, view_named


def title(ui: Ui, index: int, places: int, situation: str = "running") -> str:
    frame = draw_place(view_named(situation), ui, [], index, places, 60, 12, UNICODE)
    return frame.lines()[0]


def test_charts_turn_like_pages_so_that_the_focused_one_is_seen() -> None:
    assert title(Ui(), 0, 4).startswith("─▸1 student losses ───")
    assert title(Ui(), 1, 4).startswith("─ scores ───")
    assert title(Ui(chart=5), 1, 4).startswith("─▸1 rewriting ───")
    assert title(Ui(chart=5), 0, 4).startswith("─ 1 gradient norms ───")
    assert title(Ui(focus="log"), 0, 4).startswith("─ 1 student losses ───")
    assert first_chart(Ui(chart=5), 0) == 0


def test_the_focused_chart_s_title_tells_what_keys_have_done() -> None:
    assert title(Ui(), 0, 4).endswith("─ smoothing 0.6  1 of 16 ─")
    changed = Ui(window=(100.0, 200.0), log=True, smoothing=0.0)
    assert title(changed, 0, 4).endswith("─ zoomed  logarithmic  1 of 16 ─")
    assert title(changed, 1, 4).endswith("───")


def test_a_place_beyond_the_last_chart_stays_empty() -> None:
    assert title(Ui(chart=999), 3, 6) == ""


def test_before_the_first_value_the_place_tells_which_run_this_is_and_what_it_waits_for() -> None:
    frame = draw_place(view_named("waiting"), Ui(), [], 0, 4, 60, 14, UNICODE)
    assert frame.lines() == [
        "─▸1 curves ─────────────────────────────────────────────────",
        "",
        "  no values yet",
        "",
        "  run        20261122-1158-sst2-6L-cilda-a7f3",
        "  task       sst2",
        "  method     cilda",
        "  models     bert-base-sst2 → 6L",
        "  generator  logit_kl.soft, layer_contrast.soft",
        "  student    hard_label.real, logit_kl.real, logit_kl.soft",
        "  host       node7",
        "  waits for  the trainer is loading what it needs",
        "",
        "",
    ]
    assert draw_sparks(view_named("waiting"), Ui(), 40, 1, UNICODE).lines() == ["  no curves yet"]


def test_small_curves_stand_below_each_other_beside_their_newest_values() -> None:
    assert draw_sparks(view_named("running"), Ui(), 80, 2, UNICODE).lines() == [
        "  total     ▇▅▄▃▂▁   0.533  score     ▁▄▅▆▇▇█  0.915  generator ▁▁▃▃▃▆▆█ 0.492",
        "  agree     ▁▄▅▆▇▇   0.933  agr soft  ▁▃▅▆▇▇   0.857  gradient  █▅▃▂▁▁   1.799",
    ]


def test_a_curve_that_is_no_number_is_said_so() -> None:
    frame = draw_sparks(view_named("not a number"), Ui(), 80, 1, UNICODE)
    assert "✗" in frame.text(0)
    assert any("NaN" in text and role == "bad" for text, role in frame.segments(0))


def test_what_finds_no_room_in_a_row_begins_the_next() -> None:
    frame = draw_sparks(view_named("running"), Ui(), 45, 3, UNICODE)
    assert [line.split()[0] for line in frame.lines()] == ["total", "score", "generator"]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("situation", ["running", "not a number", "hostile", "empty", "resumed"])
def test_every_size_is_kept(situation: str, glyphs: Glyphs) -> None:
    view = view_named(situation)
    for width, height in ((1, 1), (7, 2), (30, 5), (90, 25)):
        check_frame(draw_place(view, Ui(), [view], 0, 1, width, height, glyphs), width, height)
        check_frame(draw_sparks(view, Ui(), width, height, glyphs), width, height)
