from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.distill.own_text import OwnText
from cilda.distill.splicing import Placed, splice
from cilda.rewrites.rewrite import SEPARATOR
from cilda.rewrites.tokens import blank_of
from tests.tiny_models import TINY_FAMILIES, WORDS
from tests.tiny_players import tokenizer_of

LETTERS = st.sampled_from(
    [*"ab .,!?'-()|\u00a0\t\n", "the ", "film", "Ünïcode", "😀", "电影", "[SEP]", "</s>", "\u202e"]
)
"""Pieces of texts as they come: with capitals, many blanks, letters of several bytes, special tokens spelled out."""
AUTHORS = st.lists(LETTERS, max_size=25).map("".join)


def own(family: str, longest: int = 32) -> OwnText:
    return OwnText(tokenizer_of(family), longest)


def ids_of(family: str, *columns: str, longest: int = 32) -> tuple[list[int], list[int]]:
    """The ids that training sees, and the places that may be drawn."""
    encoded = tokenizer_of(family)(
        *columns, truncation="longest_first", max_length=longest, return_special_tokens_mask=True
    )
    spelled = set(tokenizer_of(family).all_special_ids) - {tokenizer_of(family).unk_token_id}
    ids = encoded["input_ids"]
    special = encoded["special_tokens_mask"]
    return ids, [place for place, one in enumerate(ids) if not special[place] and one not in spelled]


@pytest.mark.parametrize("family", TINY_FAMILIES)
@given(text=AUTHORS, data=st.data())
def test_only_what_was_drawn_changes(family: str, text: str, data: st.DataObject) -> None:
    ids, places = ids_of(family, text)
    chosen = data.draw(st.lists(st.sampled_from(places), unique=True)) if places else []
    drawn = {place: data.draw(st.sampled_from(ids)) for place in chosen}
    spliced = own(family).rewritten((text,), ids, drawn)
    assert spliced is not None
    (real,), (soft,) = spliced.real, spliced.soft
    assert text.startswith(real)
    if all(ids[place] == new for place, new in drawn.items()):
        assert soft == real
    assert spliced.real_spans.keys() == spliced.soft_spans.keys() == drawn.keys()

    # Outside of the spans both texts have the same letters; blanks may come and go.
    def rest(whole: str, spans: dict[int, tuple[int, int]]) -> str:
        inside = {place for begin, end in spans.values() for place in range(begin, end)}
        return "".join(letter for place, letter in enumerate(whole) if place not in inside and not letter.isspace())

    assert rest(real, spliced.real_spans) == rest(soft, spliced.soft_spans)


@pytest.mark.parametrize("family", ["bert", "distilbert", "electra"])
def test_new_words_are_read_as_the_generator_wrote_them(family: str) -> None:
    tokenizer = tokenizer_of(family)
    text = "the plot is Dull,  but the acting  saves it ."
    ids, places = ids_of(family, text)
    whole = [tokenizer.get_vocab()[word] for word in WORDS]
    drawn = {place: whole[place % len(whole)] for place in places if place % 3 == 2}
    spliced = own(family).rewritten((text,), ids, drawn)
    assert spliced is not None
    again = tokenizer(spliced.soft[0])["input_ids"]
    assert again == [drawn.get(place, one) for place, one in enumerate(ids)]
    for place, (begin, end) in spliced.soft_spans.items():
        assert spliced.soft[0][begin:end] == str(tokenizer.decode([drawn[place]])).strip()


def test_the_two_texts_of_a_pair_have_spans_in_both_joined() -> None:
    ids, places = ids_of("bert", "the film", "is good")
    good = tokenizer_of("bert").convert_tokens_to_ids("dull")
    assert isinstance(good, int)
    spliced = own("bert").rewritten(("the film", "is good"), ids, {places[1]: good, places[-1]: good})
    assert spliced is not None
    assert spliced.soft == ("the dull", "is dull")
    joined = SEPARATOR.join(spliced.soft)
    assert [joined[begin:end] for begin, end in spliced.soft_spans.values()] == ["dull", "dull"]


def test_of_a_text_that_was_cut_only_what_the_model_saw_is_shown() -> None:
    text = "the film is good but the ending is weak"
    ids, places = ids_of("bert", text, longest=6)
    spliced = own("bert", 6).rewritten((text,), ids, {places[0]: ids[places[0]]})
    assert spliced is not None
    assert spliced.real == spliced.soft == ("the film is good",)


def test_ids_of_another_text_are_not_put_into_this_one() -> None:
    ids, places = ids_of("bert", "the film is good")
    assert own("bert").rewritten(("a film is good",), ids, {places[0]: ids[0]}) is None


@pytest.mark.parametrize(
    ("text", "tokens", "drawn", "expected"),
    [
        ("Walks on", {"walk": (0, 4), "##s": (4, 5), "on": (6, 8)}, {1: "##ing"}, "Walking on"),
        ("well-known", {"well": (0, 4), "-": (4, 5), "known": (5, 10)}, {1: "and"}, "well and known"),
        ("a film", {"a": (0, 1), "film": (2, 6)}, {1: "##n"}, "an"),
        ("电影", {"电": (0, 1), "影": (1, 2)}, {1: "院"}, "电院"),
        ("good.", {"good": (0, 4), ".": (4, 5)}, {1: "!"}, "good!"),
        ("Good.", {"Good": (0, 4), ".": (4, 5), "Ġ": (5, 5)}, {1: "Ġfilm"}, "Good film"),
        ("a film", {"a": (0, 1), "Ġfilm": (2, 6)}, {1: "way"}, "away"),
        ("a film", {"a": (0, 1), "Ġfilm": (1, 6)}, {1: "Ġplot"}, "a plot"),
        ("😀 ok", {"ðŁ": (0, 1), "ĺĢ": (0, 1), "Ġok": (2, 4)}, {1: "ĺĤ"}, "😂 ok"),
        ("a film", {"▁a": (0, 1), "▁film": (1, 6)}, {1: "▁plot"}, "a plot"),
    ],
)
def test_blanks_are_what_the_new_token_asks_for(
    text: str, tokens: dict[str, tuple[int, int]], drawn: dict[int, str], expected: str
) -> None:
    placed = {place: Placed(token, 0, span) for place, (token, span) in enumerate(tokens.items())}
    assert splice((text,), placed, drawn, blank_of([*tokens])).soft == (expected,)


@pytest.mark.parametrize("family", TINY_FAMILIES)
def test_a_letter_that_no_token_stands_for_stays_when_it_is_drawn_again(family: str) -> None:
    ids, places = ids_of(family, "aÜnïcode 电影")
    spliced = own(family).rewritten(("aÜnïcode 电影",), ids, {place: ids[place] for place in places})
    assert spliced is not None
    assert spliced.soft == spliced.real
