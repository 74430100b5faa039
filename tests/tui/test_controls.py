from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.controls import kept, press
from cilda_tui.effects import Effect
from cilda_tui.keymap import BY_ACTION, KEYS, key_for
from cilda_tui.sight import Sight
from cilda_tui.ui import PANES, Ui

SIGHT = Sight(
    run="one", status="running", began=1000.0, now=3000.0, stages=("teacher", "student"),
    charts=("student losses", "scores", "speed"), columns=50, extent=(0.0, 1000.0), page=10,
    runs=("one", "two", "three"), examples=("9/a", "8/b", "7/c"), log_lines=100, events=30, overlay_rows=40,
    themes=("dark", "light"),
)  # fmt: skip
NOTHING = Sight()


def pressed(*actions: str, ui: Ui | None = None, sight: Sight = SIGHT) -> Ui:
    """What is shown after these actions, none of which asks for anything."""
    ui = ui or Ui()
    for action in actions:
        ui, effect = press(ui, action, sight)
        assert effect is None or effect.kind in ("load", "remember", "repaint"), effect
    return ui


def asked(action: str, ui: Ui | None = None, sight: Sight = SIGHT) -> Effect | None:
    return press(ui or Ui(), action, sight)[1]


@pytest.mark.parametrize("pane", PANES)
def test_no_key_means_two_things_in_one_pane(pane: str) -> None:
    pressed_keys = [name for key in KEYS if not key.panes or pane in key.panes for name in key.keys]
    doubled = {name for name in pressed_keys if pressed_keys.count(name) > 1}
    assert doubled <= {"runs": {"equals_sign"}, "examples": {"enter"}}.get(pane, set())


def test_a_key_does_what_the_table_says_for_its_pane() -> None:
    for pane, action in (("curves", "previous_chart"), ("examples", "older"), ("log", None)):
        key = key_for("left_square_bracket", pane)
        assert (key and key.action) == action
    equals = key_for("equals_sign", "runs")
    assert equals is not None and equals.action == "table"


def test_q_leaves_and_a_digit_jumps() -> None:
    assert asked("leave") == Effect("leave")
    assert [pressed(f"pane_{place}").focus for place in range(1, 7)] == list(PANES)
    assert pressed("previous_pane").focus == "events"
    assert pressed("next_pane", "next_pane").focus == "examples"


def test_nearer_keeps_the_newest_and_a_pan_leaves_it() -> None:
    near = pressed("zoom_in")
    assert near.window == (500.0, 1000.0)
    assert pressed("left", ui=near).window == (437.5, 937.5)
    assert pressed("right", ui=near).window == (500.0, 1000.0)
    assert pressed("zoom_out", ui=near).window is None


def test_nearer_keeps_the_cursor_where_it_is() -> None:
    ui = Ui(cursor=250.0)
    assert pressed("zoom_in", ui=ui).window == (125.0, 625.0)


def test_a_window_that_follows_moves_with_the_newest() -> None:
    ui = pressed("follow")
    assert (ui.follow, ui.window) == (True, (750.0, 1000.0))
    later = Sight(**{**SIGHT.__dict__, "extent": (0.0, 1200.0)})
    # A quarter of its width at a time, so that nothing moves in between.
    assert kept(ui, later).window == (1000.0, 1250.0)
    assert kept(pressed("left", ui=ui), later).window != (950.0, 1200.0)


def test_the_cursor_begins_at_the_newest_moves_by_a_cell_and_draws_the_window_along() -> None:
    ui = pressed("zoom_in", "cursor")
    assert ui.cursor == 1000.0
    assert pressed("left", ui=ui).cursor == 990.0
    first = pressed("first", ui=ui)
    assert (first.cursor, first.window) == (0.0, (0.0, 500.0))
    assert pressed("cursor", ui=ui).cursor is None


def test_another_axis_forgets_what_was_told_in_the_old_one() -> None:
    ui = pressed("zoom_in", "cursor", "axis")
    assert (ui.axis, ui.window, ui.cursor) == ("epoch", None, None)


def test_smoothing_stays_in_its_range() -> None:
    assert pressed(*["smoother"] * 20).smoothing == 0.98
    assert pressed(*["rougher"] * 20).smoothing == 0.0


def test_freezing_holds_the_present_and_scrubbing_goes_back_and_forth() -> None:
    frozen = pressed("freeze")
    assert (frozen.playhead, frozen.frozen) == (3000.0, True)
    assert pressed("freeze", ui=frozen).playhead is None
    back = pressed("earlier", "much_earlier")
    assert (back.playhead, back.frozen) == (2890.0, False)
    assert pressed("much_later", "later", ui=back).playhead is None
    assert pressed(*["much_earlier"] * 30).playhead == 1000.0


def test_escape_goes_one_layer_out() -> None:
    ui = pressed("zoom_in", "zoom", "earlier", "cursor", "help")
    layers = []
    for _ in range(6):
        layers.append((ui.overlay, ui.cursor is not None, ui.zoomed, ui.playhead is not None, ui.window is not None))
        ui = pressed("back", ui=ui)
    assert layers == [
        ("help", True, True, True, True), ("", True, True, True, True), ("", False, True, True, True),
        ("", False, False, True, True), ("", False, False, False, True), ("", False, False, False, False),
    ]  # fmt: skip
    assert asked("back") is None
    assert asked("back", sight=Sight(**{**SIGHT.__dict__, "home": True})) == Effect("close")


def test_an_example_that_was_stepped_to_stays_while_newer_ones_come() -> None:
    ui = pressed("older", ui=Ui(focus="examples"))
    assert (ui.example, ui.pinned) == (1, "8/b")
    more = Sight(**{**SIGHT.__dict__, "examples": ("11/e", "10/d", *SIGHT.examples)})
    assert kept(ui, more).example == 3
    assert kept(pressed("newer", ui=ui), more).example == 0
    gone = Sight(**{**SIGHT.__dict__, "examples": ("12/f",)})
    assert kept(ui, gone).pinned is None


def test_runs_are_marked_loaded_and_unmarked() -> None:
    ui = pressed("down", ui=Ui(focus="runs"))
    assert ui.run == "two"
    marked, effect = press(ui, "overlay", SIGHT)
    assert (marked.marks, effect) == (("two",), Effect("load", "two"))
    assert press(marked, "overlay", SIGHT)[0].marks == ()
    assert pressed("differences", ui=marked).overlay == "differences"
    nothing = pressed("table", ui=Ui(focus="runs"))
    assert nothing.overlay == "" and nothing.message is not None
    beside, effect = press(ui, "table", SIGHT)
    assert (beside.overlay, beside.marks, effect) == ("table", ("two",), Effect("load", "two"))
    assert asked("enter", ui) == Effect("open", "two")


def test_steering_asks_before_it_does_anything() -> None:
    ui = pressed("stop")
    assert ui.prompt is not None and (ui.prompt.kind, ui.prompt.action) == ("confirm", "stop")
    paused = pressed("pause", sight=Sight(**{**SIGHT.__dict__, "status": "paused"}))
    assert paused.prompt is not None and paused.prompt.action == "resume"


@pytest.mark.parametrize("action", ["checkpoint", "pause", "stop"])
def test_what_cannot_be_steered_says_why(action: str) -> None:
    read_only = pressed(action, ui=Ui(read_only="it is ada's"))
    assert read_only.prompt is None and read_only.message is not None and "ada" in read_only.message.text
    over = pressed(action, sight=Sight(run="one", status="finished", ended=True))
    assert over.prompt is None and over.message is not None and "finished" in over.message.text


def test_help_scrolls_as_far_as_it_goes_and_closes() -> None:
    ui = pressed("help", "last")
    assert ui.offset == 30
    assert pressed("up", ui=ui).offset == 29
    assert pressed("leave", ui=ui).overlay == ""


@given(
    st.lists(st.sampled_from([*BY_ACTION]), max_size=30),
    st.sampled_from([SIGHT, NOTHING]),
    st.sampled_from(["curves", "machine", "examples", "runs", "log", "events"]),
)
def test_any_keys_in_any_order_leave_something_that_can_be_shown(actions: list[str], sight: Sight, pane: str) -> None:
    ui = Ui(focus=pane)
    for action in actions:
        ui, _ = press(ui, action, sight)
        ui = kept(ui.with_(prompt=None), sight)
        assert ui.focus in PANES
        assert ui.example == 0 or ui.example < len(sight.examples)
        if ui.window is not None and sight.extent is not None:
            assert ui.window[0] < ui.window[1] <= sight.extent[1] * 1.25
