"""What keys do to the browser's state: where the bar goes, what is listed, what is asked of the world."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cilda.rewrites.query_order import Order
from cilda.rewrites.rewrite import Rewrite
from cilda_tui.browser.effects import Effect
from cilda_tui.browser.keymap import KEYS, key_for
from cilda_tui.browser.keys import kept, press, row_of_bar, shown_place
from cilda_tui.browser.screen import draw_browser
from cilda_tui.browser.state import State
from cilda_tui.browser.typing import mistake, paste, type_key
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.ui import Prompt
from tests.tui.browser.seen import listed, made, sight_of
from tests.tui.panels.viewed import check_frame
from tests.tui.strange_texts import strange_texts

REWRITES = made(60)
HOSTILE = made(60, hostile=True)
LETTERS = {
    "enter": None, "escape": None, "tab": None, "backspace": None, "left": None, "right": None, "up": None,
    "down": None, "home": None, "end": None, "space": " ", "slash": "/", "colon": ":", "quotation_mark": '"',
}  # fmt: skip


def pressed(state: State, *keys: str, size: tuple[int, int] = (80, 24)) -> State:
    """The state after keys, what is listed being there at once."""
    for key in keys:
        state, _ = pressed_once(state, key, size=size)
    return state


def pressed_once(
    state: State,
    key: str,
    *,
    size: tuple[int, int] = (80, 24),
    rewrites: list[Rewrite] = REWRITES,
) -> tuple[State, Effect | None]:
    state = kept(state, sight_of(state, rewrites, *size))
    sight = sight_of(state, rewrites, *size)
    effect = None
    if state.prompt is not None:
        character = LETTERS.get(key, key if len(key) == 1 else None)
        state, effect = type_key(state, key, character, sight)
    elif (row := key_for(key)) is not None:
        state, effect = press(state, row.action, sight)
    return kept(state, sight_of(state, rewrites, *size)), effect


def typed(state: State, text: str) -> State:
    return pressed(state, *text)


def test_the_bar_goes_down_and_up_and_stops_at_the_ends() -> None:
    assert listed(State(), REWRITES)[:3] == [59, 58, 57]
    assert pressed(State(), "j", "down", "k").selected == 58
    assert pressed(State(), "k", "up").selected == 59
    assert pressed(State(), "G", "j").selected == 0
    assert pressed(State(), "pagedown").selected == 59 - 8
    assert pressed(State(), "G", "g").selected is None


def test_the_bar_stays_on_its_rewrite_while_others_come() -> None:
    state = pressed(State(), "j", "j")
    before = sight_of(state, REWRITES)
    grown = made(100)
    later = kept(state, sight_of(state, grown))
    after = sight_of(later, grown)
    assert after.place == before.place == 57
    assert row_of_bar(later, after) == row_of_bar(state, before) == 2


def test_at_the_first_row_whatever_is_the_first_is_shown() -> None:
    assert sight_of(State(), REWRITES).place == 59
    assert sight_of(State(), made(100)).place == 99


def test_a_filter_acts_as_it_is_typed_and_escape_undoes_it() -> None:
    state = pressed(State(), "j", "j", "f")
    state = typed(state, "kl>0.5")
    assert state.where == "kl>0.5"
    assert len(listed(state, REWRITES)) < 60
    assert (pressed(state, "escape").where, pressed(state, "escape").selected) == ("", 57)
    taken = pressed(state, "enter")
    assert (taken.prompt, taken.where) == (None, "kl>0.5")
    assert pressed(taken, "f", "escape").where == "kl>0.5"


def test_a_mistake_in_a_filter_is_told_with_its_place_and_an_example_and_is_not_taken() -> None:
    state = typed(pressed(State(), "f"), "flip")
    wrong = typed(state, " and kll>1")
    assert wrong.where == "flip and kll"
    said = mistake(wrong.prompt, ())
    assert "at letter 10" in said[0] and any("did you mean kl" in line for line in said)
    assert pressed(wrong, "enter").prompt is not None
    lines = draw_browser(wrong, sight_of(wrong, REWRITES), 80, 24, UNICODE).lines()
    assert any("no column named 'kll'" in line for line in lines)


def test_one_key_asks_for_disagreements_and_takes_that_back() -> None:
    asked = pressed(State(where="kl>1 or flip"), "d")
    assert asked.where == "disagree (kl>1 or flip)"
    assert pressed(asked, "d").where == "kl>1 or flip"
    assert pressed(pressed(State(), "d"), "d").where == ""


def test_a_search_goes_to_the_first_hit_as_it_is_typed_and_n_goes_on() -> None:
    word = "never"
    hits = [place for place in listed(State(), REWRITES) if word in (REWRITES[place].real + REWRITES[place].soft)]
    state = typed(pressed(State(), "slash"), word)
    assert state.selected == hits[0]
    state = pressed(state, "enter", "n", "n")
    assert state.selected == hits[2]
    assert pressed(state, "N").selected == hits[1]
    assert pressed(state, *["n"] * (len(hits) - 2)).message is not None
    assert pressed(state, *["n"] * (len(hits) - 2)).selected == hits[0]
    assert pressed(State(), "n").message is not None


def test_escape_leaves_a_search_as_if_it_had_never_been() -> None:
    state = pressed(State(), "j", "slash")
    assert pressed(typed(state, "never"), "escape").with_(row=1) == pressed(State(), "j").with_(row=1)


def test_sorting_goes_by_any_column_in_both_directions() -> None:
    state = pressed(typed(pressed(State(), "o"), "kl"), "enter")
    assert state.order == Order("kl", falling=True)
    assert pressed(state, "O").order == Order("kl")
    assert pressed(typed(pressed(state, "o"), "kl"), "enter").order == Order("kl")
    assert pressed(typed(pressed(State(), "o"), "id"), "enter").order == Order("id")
    assert pressed(State(), "O").order == Order("time")
    assert pressed(State(), "O", "O").order is None
    first = pressed(State(), "s").order
    assert first is not None
    assert pressed(State(), "s", "s", "S").order is not None


def test_a_text_is_followed_through_time_and_the_way_back_leads_to_where_one_was() -> None:
    twice = [*REWRITES, *made(60)]
    state = State(selected=7)
    state, _ = press(state, "through", sight_of(state, twice))
    assert listed(state, twice) == [7, 67]
    assert sight_of(state, twice).place == 7
    state, _ = press(state, "down", sight_of(state, twice))
    assert state.selected == 67
    back, _ = press(state, "back", sight_of(state, twice))
    assert (back.through, back.selected) == (None, 7)


def test_marks_are_set_and_taken_away_and_only_they_are_listed() -> None:
    state = pressed(State(), "space", "space", "j", "space")
    assert state.marks == {59, 58, 56}
    assert pressed_once(state, "space")[1] == Effect("keep")
    only = pressed(state, "m")
    assert listed(only, REWRITES) == [59, 58, 56]
    assert pressed(only, "g", "space").marks == {58, 56}
    assert pressed(only, "m").only_marked is False
    assert pressed(state, "M", "n").marks == state.marks
    assert pressed(state, "M", "y").marks == frozenset()
    assert pressed(State(), "m").message is not None


def test_a_note_is_written_changed_and_removed() -> None:
    state = pressed(typed(pressed(State(), "w"), "odd"), "enter")
    assert state.note_on(59) == "odd"
    state = pressed(typed(pressed(state, "w"), "!"), "enter")
    assert state.notes == ((59, "odd!"),)
    assert pressed(state, "w", *["backspace"] * 4, "enter").notes == ()
    assert pressed(typed(pressed(state, "w"), "x"), "escape").notes == ((59, "odd!"),)


def test_an_export_asks_for_a_path_with_an_ending_that_names_a_format() -> None:
    state = pressed(State(), "e")
    assert state.prompt is not None and "all 60 listed" in state.prompt.label
    assert pressed_once(state, "enter")[1] == Effect("export", "20261122-1158-sst2-6L-cilda-a7f3-rewrites.jsonl")
    wrong = pressed(typed(pressed(state, *["backspace"] * 5), "txt"), "enter")
    assert wrong.prompt is not None and mistake(wrong.prompt, ())
    marked = pressed(State(), "space", "e").prompt
    assert marked is not None and "1 marked" in marked.label


def test_a_file_that_is_there_is_replaced_after_a_yes_only() -> None:
    state = State(prompt=Prompt("confirm", "replace it? y/N ", "x.csv", action="overwrite"))
    assert pressed_once(state, "y")[1] == Effect("overwrite", "x.csv")
    assert pressed_once(state, "enter")[1] is None


def test_escape_goes_one_layer_out_and_at_last_back_to_the_dashboard() -> None:
    state = State(home=True, where="flip", phrase="a", only_marked=True, marks=frozenset({1}), zoomed=True)
    seen = []
    for _ in range(4):
        state, effect = press(state, "back", sight_of(state, REWRITES))
        assert effect is None
        seen.append((state.zoomed, state.only_marked, state.phrase, state.where))
    assert seen == [
        (False, True, "a", "flip"),
        (False, False, "a", "flip"),
        (False, False, "", "flip"),
        (False, False, "", ""),
    ]
    assert press(state, "back", sight_of(state, REWRITES))[1] == Effect("leave")
    assert press(State(), "back", sight_of(State(), REWRITES))[1] is None


def test_zoomed_the_rewrite_scrolls_and_the_list_is_walked_sideways() -> None:
    state = pressed(State(), "enter", "down", "down", size=(40, 10))
    assert (state.offset, state.selected) == (2, None)
    assert pressed(state, "right", size=(40, 10)).selected == 58
    assert pressed(state, "G", "down", size=(40, 10)).offset == pressed(state, "G", size=(40, 10)).offset
    assert pressed(state, "escape", size=(40, 10)).zoomed is False


def test_every_key_is_bound_once_and_every_action_is_known() -> None:
    keys = [key for row in KEYS for key in row.keys]
    assert len(keys) == len(set(keys))
    for row in KEYS:
        press(State(), row.action, sight_of(State(), REWRITES))


def test_the_palette_does_what_its_words_say() -> None:
    state = typed(pressed(State(), "colon"), "through time")
    assert pressed(state, "enter").through == 59
    assert pressed(typed(pressed(State(), "colon"), "xyz"), "enter").overlay == ""
    assert pressed(State(), "colon", "escape").overlay == ""


@pytest.mark.parametrize("action", [row.action for row in KEYS])
def test_every_action_can_be_done_where_there_is_nothing(action: str) -> None:
    state, _ = press(State(), action, sight_of(State(), []))
    check_frame(draw_browser(state, sight_of(state, []), 80, 24, UNICODE), 80, 24)


ANY_KEY = st.sampled_from(sorted({key for row in KEYS for key in row.keys} | {*LETTERS, *'aekl>1"y(', "ctrl+w"}))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ANY_KEY | st.tuples(st.integers(1, 200), st.integers(1, 60)), max_size=40),
    st.sampled_from([REWRITES, HOSTILE, REWRITES[:1], []]),
)
def test_any_keys_at_any_size_leave_a_state_that_can_be_drawn_and_a_bar_in_the_list(
    keys: list[str | tuple[int, int]], rewrites: list[Rewrite]
) -> None:
    state, size = State(), (80, 24)
    for key in keys:
        if isinstance(key, tuple):
            size = key
        else:
            state, _ = pressed_once(state, key, size=size, rewrites=rewrites)
        state = kept(state, sight_of(state, rewrites, *size))
        sight = sight_of(state, rewrites, *size)
        assert 0 <= sight.at < max(1, sight.count)
        assert 0 <= row_of_bar(state, sight) < max(1, sight.page)
        assert sight.at - row_of_bar(state, sight) >= 0
        assert shown_place(state, sight) is None or 0 <= (shown_place(state, sight) or 0) < len(rewrites)
    check_frame(draw_browser(state, sight_of(state, rewrites, *size), *size, UNICODE), *size)
    frame = draw_browser(state, sight_of(state, rewrites, *size, glyphs=ASCII), *size, ASCII)
    assert all(frame.text(row).isascii() for row in range(frame.height))


@settings(max_examples=40, deadline=None)
@given(strange_texts(), st.sampled_from(["filter", "search", "note", "path", "palette", "column"]))
def test_whatever_is_pasted_is_one_harmless_line(text: str, kind: str) -> None:
    prompt = Prompt(kind, "x: ", action="3")  # type: ignore[arg-type]
    overlay = {"palette": "palette", "column": "columns"}.get(kind, "")
    state = State(prompt=prompt, overlay=overlay)  # type: ignore[arg-type]
    state = paste(state, text, sight_of(state, REWRITES))
    check_frame(draw_browser(state, sight_of(state, REWRITES), 60, 20, UNICODE), 60, 20)
    state, _ = type_key(state, "enter", None, sight_of(state, REWRITES))
    check_frame(draw_browser(state, sight_of(state, REWRITES), 60, 20, UNICODE), 60, 20)
