"""Whatever a text holds, a reader sees every letter of it, in its order."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given

from cilda_tui.report.letters import LONGEST, visible
from tests.tui.strange_texts import strange_texts


@given(strange_texts())
def test_nothing_that_is_shown_hides_or_turns_what_stands_beside(text: str) -> None:
    shown = visible(text)
    hidden = {letter for letter in shown if unicodedata.category(letter)[0] == "C"} - {"\u200c", "\u200d"}
    assert not hidden
    assert not {unicodedata.bidirectional(letter) for letter in shown} & {
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "LRI",
        "RLI",
        "FSI",
    }
    assert "\n" not in shown
    shown.encode("utf-8")


@given(strange_texts())
def test_what_is_shown_stays_as_it_is_when_it_is_shown_again(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    "text", ["a plain text", "ä ö ü ß", "日本語", "مرحبا", "नमस्ते", "می‌خواهم", "👨‍👩‍👧", "Tiếng Việt"]
)
def test_texts_of_every_script_stay_as_they_are(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo\r\nthree\tfour", "one⏎two⏎three␉four"),
        ("\x1b[31m\x00\x7f\x85", "␛[31m␀␡�"),
        ("a\u202eb\u2066c\u200f", "a⟨RLO⟩b⟨LRI⟩c⟨RLM⟩"),
        ("g\u200bo\u200do\xadd\ufeff", "g⟨ZWSP⟩o⟨ZWJ⟩o⟨SHY⟩d⟨BOM⟩"),
        ("\ud800\ue000\U000e0041", "���"),
        ("\u0301a", "◌\u0301a"),
    ],
)
def test_what_cannot_be_seen_gets_something_that_can(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_marks_on_one_letter_do_not_pile_up() -> None:
    assert visible("z" + "\u0327" * 500 + "y") == "z" + "\u0327" * 4 + "y"


def test_a_very_long_text_is_cut_and_says_how_long_it_was() -> None:
    shown = visible("x" * 1_048_576)
    assert shown.startswith("x" * LONGEST)
    assert shown.removeprefix("x" * LONGEST) == " … (1,048,576 letters in all)"
