"""Tokens of three kinds of tokenizers read like words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.rewrites.tokens import words_of
from tests.tui.strange_texts import strange_texts


def joined(*tokens: str) -> str:
    return "".join(word.text if word.glued else f" {word.text}" for word in words_of(tokens, ())).strip()


@pytest.mark.parametrize(
    "tokens",
    [
        ("[CLS]", "unfold", "##ing", "film", "[SEP]", "[PAD]"),
        ("<s>", "unfold", "ing", "Ġfilm", "</s>"),
        ("▁unfold", "ing", "▁film", "</s>"),
    ],
)
def test_pieces_of_words_are_put_together_and_marks_left_out(tokens: tuple[str, ...]) -> None:
    assert joined(*tokens) == "unfolding film"


def test_letters_that_stand_for_bytes_are_read() -> None:
    assert joined("It", "âĢĻ", "s", "ĠcafÃ©") == "It’s café"


def test_a_changed_token_is_told_and_a_special_one_among_them_is_kept() -> None:
    words = words_of(("[CLS]", "a", "[SEP]"), {1, 2})
    assert [(word.text, word.changed) for word in words] == [("a", True), ("[SEP]", True)]


@given(st.lists(strange_texts(8), max_size=12), st.sets(st.integers(0, 15)))
def test_whatever_tokens_hold_none_but_special_ones_is_lost(tokens: list[str], changed: set[int]) -> None:
    assert len(words_of(tokens, changed)) == len(tokens)
