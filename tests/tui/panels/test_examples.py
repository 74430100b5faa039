"""Rewritten texts: changed tokens marked, answers before and after, the filter; whatever the texts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cilda.runs.layout import RunFolder
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.panels.examples import chosen_examples, draw_examples
from cilda_tui.ui import Ui
from cilda_tui.view import RunView
from tests.tui.panels.viewed import check_frame, view_named
from tests.tui.strange_texts import strange_texts

REAL, SOFT = "the plot is thin", "the plot is rich"


def view_with(*examples: dict[str, Any]) -> RunView:
    view = RunView(RunFolder.__new__(RunFolder))
    view.take_examples(
        [
            {
                "v": 1, "t": 1000.0 + place, "kind": "augmentation", "turn": 50 * (place + 1), "id": f"train-{place}",
                "real": REAL, "soft": SOFT, "real_tokens": REAL.split(), "soft_tokens": SOFT.split(), "drawn": [3],
                "label": 1, "teacher_real": [0.02, 0.98], "teacher_soft": [0.71, 0.29], "student_real": [0.07, 0.93],
                "student_soft": [0.37, 0.63], "kl_real": 0.027, "kl_soft": 0.237, **example,
            }
            for place, example in enumerate(examples)
        ]
    )  # fmt: skip
    return view


def test_the_newest_pair_with_its_changes_answers_and_divergence() -> None:
    assert draw_examples(view_with({}, {}), Ui(focus="examples"), 72, 8, UNICODE.without_colour()).lines()[1:] == [
        "  real  the plot is [thin]",
        "  soft  the plot is [rich]",
        "",
        "  teacher class 1 ███████▉ 0.98 → class 0 █████▋░░ 0.71  flips",
        "  student class 1 ███████▌ 0.93 → class 1 █████░░░ 0.63",
        "  KL      0.027 → 0.237 (+0.210)  they disagree  label 1",
        "",
    ]


def test_classes_have_their_names_where_the_run_says_them() -> None:
    view = view_with({})
    view.labels = ("negative", "positive")
    assert draw_examples(view, Ui(focus="examples"), 90, 8, UNICODE).lines()[4:7] == [
        "  teacher positive ███████▉ 0.98 → negative █████▋░░ 0.71  flips  positive: -0.69",
        "  student positive ███████▌ 0.93 → positive █████░░░ 0.63  positive: -0.30",
        "  KL      0.027 → 0.237 (+0.210)  they disagree  label positive",
    ]
    assert (
        draw_examples(view, Ui(), 90, 5, ASCII).lines()[3].startswith("  teacher positive: 0.98 > negative: 0.71 flips")
    )


def test_on_few_rows_the_answers_stand_side_by_side() -> None:
    assert draw_examples(view_with({}), Ui(), 72, 5, ASCII).lines()[3:] == [
        "  teacher 1: 0.98 > 0: 0.71 flips  student 1: 0.93 > 1: 0.63",
        "  KL      0.027 > 0.237 (+0.210)  they disagree  label 1",
    ]


def test_where_there_is_room_older_pairs_follow_in_short() -> None:
    lines = draw_examples(view_with({}, {}, {}), Ui(), 64, 17, UNICODE).lines()
    assert lines[7:] == [
        "  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ turn 100 ╌",
        "  real  the plot is thin",
        "  soft  the plot is rich",
        "  teacher 1: 0.98 → 0: 0.71 flips  student 1: 0.93 → 1: 0.63",
        "  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ turn 50 ╌",
        "  real  the plot is thin",
        "  soft  the plot is rich",
        "  teacher 1: 0.98 → 0: 0.71 flips  student 1: 0.93 → 1: 0.63",
        "",
        "",
    ]


def test_changed_tokens_are_bold_and_underlined_by_their_role() -> None:
    frame = draw_examples(view_with({}), Ui(), 72, 6, UNICODE)
    assert ("thin", "changed") in list(frame.segments(1))
    assert ("rich", "changed") in list(frame.segments(2))


def test_an_amount_is_told_where_there_are_no_classes() -> None:
    answers = {"teacher_real": 3.25, "teacher_soft": 1.5, "student_real": 3.0, "student_soft": 2.5}
    gaps = {"kl_real": None, "kl_soft": None, "gap_real": 0.25, "gap_soft": 1.0}
    lines = draw_examples(view_with({**answers, **gaps}), Ui(), 60, 8, UNICODE).lines()
    assert "  teacher 3.250 → 1.500" in lines
    assert "  gap     0.250 → 1.000 (+0.750)  label 1" in lines


def test_of_a_long_text_the_changed_part_is_shown() -> None:
    words = ["word"] * 200
    changed = [*words[:150], "here", *words[151:]]
    long = {"real_tokens": words, "soft_tokens": changed, "real": " ".join(words), "soft": " ".join(changed)}
    frame = draw_examples(view_with(long), Ui(), 60, 8, UNICODE)
    assert any("here" in line for line in frame.lines())
    assert "…" in frame.text(2)


def test_only_disagreements_and_only_texts_that_hold_a_word() -> None:
    agreeing = {"student_soft": [0.8, 0.2]}
    view = view_with({"id": "one"}, agreeing, {**agreeing, "soft": "a rose", "id": "two"})
    assert [example.id for example in chosen_examples(view, Ui(only_disagreements=True))] == ["one"]
    assert [example.id for example in chosen_examples(view, Ui(example_filter="ROSE"))] == ["two"]
    assert "no text passes the filter" in draw_examples(view, Ui(example_filter="x"), 60, 5, UNICODE).text(1)


def test_the_one_that_was_stepped_to_stays_and_the_playhead_hides_later_ones() -> None:
    view = view_with({}, {}, {})
    assert "train-1" in draw_examples(view, Ui(example=1), 72, 5, UNICODE).text(0)
    assert "train-0" in draw_examples(view, Ui(example=1, pinned="50/train-0"), 72, 5, UNICODE).text(0)
    assert "train-1" in draw_examples(view, Ui(playhead=1001.5), 72, 5, UNICODE).text(0)


def test_hostile_texts_of_a_run_are_shown_harmlessly() -> None:
    view = view_named("hostile")
    for place in range(12):
        for glyphs in (UNICODE, ASCII.without_colour()):
            check_frame(draw_examples(view, Ui(example=place), 80, 9, glyphs), 80, 9)


@given(
    st.lists(strange_texts(12), max_size=8), st.lists(strange_texts(12), max_size=8), strange_texts(40),
    st.integers(0, 110), st.integers(0, 10),
)  # fmt: skip
def test_whatever_tokens_and_texts_hold_each_row_is_visible_and_as_wide_as_it_says(
    real: list[str], soft: list[str], text: str, width: int, height: int
) -> None:
    view = view_with({"real_tokens": real, "soft_tokens": soft, "real": text, "soft": text[::-1], "label": text})
    for glyphs in (UNICODE, ASCII.without_colour()):
        check_frame(draw_examples(view, Ui(example_filter=text[:2]), width, height, glyphs), width, height)
