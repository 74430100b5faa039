from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.controls import press
from cilda_tui.effects import Effect
from cilda_tui.line_editing import LONGEST
from cilda_tui.sight import Sight
from cilda_tui.typing_line import matching, paste, type_key
from cilda_tui.ui import Ui

SIGHT = Sight(run="one", status="running", charts=("student losses", "scores"), runs=("one", "two"))


def typed(ui: Ui, *keys: str) -> tuple[Ui, Effect | None]:
    effect = None
    for key in keys:
        assert ui.prompt is not None
        ui, effect = type_key(ui, key, key if len(key) == 1 else None, SIGHT)
    return ui, effect


def opened(action: str, **fields: object) -> Ui:
    return press(Ui().with_(**fields), action, SIGHT)[0]


def test_what_is_typed_is_searched_for() -> None:
    ui, _ = typed(opened("search", focus="log"), *"eror", "left", "left", "left", "r", "enter")
    assert (ui.log_search, ui.prompt, ui.focus) == ("error", None, "log")


def test_a_filter_is_for_the_pane_that_has_the_keys() -> None:
    assert typed(opened("search", focus="runs"), *"task:x", "enter")[0].run_filter == "task:x"
    assert typed(opened("search", focus="examples"), *"dull", "enter")[0].example_filter == "dull"
    assert typed(opened("search", focus="curves"), *"scor", "enter")[0].chart == 1


def test_escape_leaves_everything_as_it_was() -> None:
    before = Ui(focus="log", log_search="old")
    assert typed(press(before, "search", SIGHT)[0], *"new", "escape")[0] == before


def test_only_y_is_yes() -> None:
    assert typed(opened("stop"), "y")[1] == Effect("steer", "stop")
    for key in ("n", "enter", "space", "q"):
        ui, effect = typed(opened("stop"), key)
        assert effect is None and ui.prompt is None


def test_a_note_is_sent_and_an_empty_one_is_not() -> None:
    assert typed(opened("note"), *"a b", "enter")[1] == Effect("steer", "note", "a b")
    assert typed(opened("note"), " ", "enter")[1] is None


def test_the_palette_finds_an_action_by_its_words_and_does_it() -> None:
    ui, _ = typed(opened("palette"), *"smoother", "enter")
    assert (ui.overlay, ui.prompt, ui.smoothing) == ("", None, 0.8)
    assert [key.action for key in matching("chart next", steering=True)][:1] == ["next_chart"]
    assert not any(key.steers for key in matching("", steering=False))


def test_the_palette_goes_to_the_pane_of_its_action() -> None:
    ui, _ = typed(opened("palette"), *"only where", "enter")
    assert (ui.focus, ui.only_disagreements) == ("examples", True)


def test_the_palette_chooses_with_the_arrows() -> None:
    ui, _ = typed(opened("palette"), *"smoother", "down", "up", "enter")
    assert ui.smoothing == 0.8


def test_words_are_taken_back() -> None:
    ui, _ = typed(opened("note"), *"one two", "ctrl+w", "backspace", "x")
    assert ui.prompt is not None and ui.prompt.text == "onex"
    ui, _ = typed(ui, "ctrl+u", "backspace")
    assert ui.prompt is None


def test_a_pasted_book_is_no_note() -> None:
    ui = paste(opened("note"), "line\n" * 10_000)
    assert ui.prompt is not None and len(ui.prompt.text) == LONGEST and "\n" not in ui.prompt.text
    assert paste(opened("stop"), "y") == opened("stop")


KEYS = [*"ayn \x1b é", "left", "right", "home", "end", "backspace", "delete", "ctrl+u", "ctrl+w", "up", "down", "tab"]


@given(st.lists(st.sampled_from(KEYS), max_size=40), st.sampled_from(["note", "search", "palette"]))
def test_the_cursor_stays_within_what_is_typed(keys: list[str], action: str) -> None:
    ui = opened(action)
    for key in keys:
        if ui.prompt is None:
            return
        ui, _ = type_key(ui, key, key if len(key) == 1 else None, SIGHT)
        assert ui.prompt is None or 0 <= ui.prompt.at <= len(ui.prompt.text)
        assert ui.prompt is None or ui.prompt.text.isprintable()
