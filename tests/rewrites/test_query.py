"""The filter language: its meaning in plain Python, the same on an index, and its mistakes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda.errors import UsageError
from cilda.rewrites.columns import COLUMNS
from cilda.rewrites.index import Index
from cilda.rewrites.query import EXAMPLE, all_of, parse
from cilda.rewrites.query_parser import DEEPEST
from cilda.rewrites.query_terms import Both, ClassIn, Compare, Either, Flag, Not, Phrase, Swapped, Term, Text
from cilda.rewrites.rewrite import Rewrite, rewrite_of
from tests.rewrites.made_rewrites import made_events, write_events

LABELS = ("negative", "positive")
NUMBERS = sorted(column.name for column in COLUMNS.values() if column.kind == "number")
FLAGS = sorted(column.name for column in COLUMNS.values() if column.kind == "flag")
CLASSES = sorted(column.name for column in COLUMNS.values() if column.kind == "class")
TEXTS = ("real", "soft", "id", "why")
WORDS = st.one_of(
    st.sampled_from(["good", "the", "not", "a", "e", "17", "sample", "kl", "Film"]), st.text(min_size=1, max_size=5)
)

SIMPLE: st.SearchStrategy[Term] = st.one_of(
    st.sampled_from(FLAGS).map(Flag),
    st.builds(
        Compare,
        st.sampled_from(NUMBERS),
        st.sampled_from([">", ">=", "<", "<=", "=", "!="]),
        st.one_of(st.sampled_from(NUMBERS), st.sampled_from([0.0, 0.5, 1.0, 3.0]), st.floats(allow_nan=False)),
    ),
    st.builds(
        lambda column, place, other: ClassIn(column, (str(place),), (float(place),), other),
        st.sampled_from(CLASSES),
        st.integers(0, 2),
        st.booleans(),
    ),
    st.builds(Text, st.sampled_from(TEXTS), st.sampled_from([":", "=", "!="]), st.lists(WORDS, min_size=1).map(tuple)),
    st.builds(Phrase, WORDS),
    st.builds(Swapped, st.sampled_from(["from", "to"]), st.lists(WORDS, min_size=1, max_size=3).map(tuple)),
)


def _of(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    some = st.lists(terms, min_size=2, max_size=3).map(tuple)
    return st.one_of(some.map(Both), some.map(Either), terms.map(Not))


TERMS = st.recursive(SIMPLE, _of, max_leaves=5)


@pytest.fixture(name="index", scope="module")
def _index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("query")
    write_events(folder / "augmentations", made_events(300, seed=5, labels=LABELS, hostile=True))
    with Index.open(folder / "augmentations", cache=folder / "cache") as index:
        assert index.catch_up(60)
        yield index


@pytest.fixture(name="rewrites", scope="module")
def _rewrites(index: Index) -> list[Rewrite]:
    return index.rewrites(range(len(index)))


@given(term=TERMS)
def test_on_an_index_a_filter_means_what_it_means_in_plain_python(
    term: Term, index: Index, rewrites: list[Rewrite]
) -> None:
    query = parse(str(term), LABELS)
    plain = [place for place, rewrite in enumerate(rewrites) if query.fits(rewrite)]
    assert [int(place) for block in query.places(index) for place in block] == plain
    assert query.mask(index).nonzero()[0].tolist() == plain


@given(term=TERMS)
def test_a_filter_that_is_printed_is_read_as_the_same(term: Term) -> None:
    read = parse(str(term), LABELS)
    assert read.term == term


@given(text=st.one_of(st.text(max_size=40), st.text(alphabet='()"\\ andortkl><=!:,1.e', max_size=40)))
def test_any_text_is_a_filter_or_a_mistake_with_a_place(text: str) -> None:
    mistake: UsageError | None = None
    try:
        parse(text, LABELS)
    except UsageError as error:
        mistake = error
    if mistake is not None:
        assert mistake.what.startswith("the filter, at letter ")
        assert "^" in mistake.todo


def test_the_example_of_the_issue() -> None:
    query = parse('flip and kl>1 and label:positive turn>5000 "not good"', LABELS)
    assert query.term == Both(
        (
            Flag("flip"), Compare("kl", ">", 1.0), ClassIn("label", ("positive",), (1.0,)),
            Compare("turn", ">", 5000.0), Phrase("not good"),
        )
    )  # fmt: skip


def test_words_beside_each_other_bind_closer_than_or() -> None:
    assert parse("flip kl>1 or not disagree").term == parse("(flip and kl>1) or (not disagree)").term
    assert parse("(flip or disagree) kl>1").term == Both(
        (Either((Flag("flip"), Flag("disagree"))), Compare("kl", ">", 1))
    )


def test_nothing_fits_everything() -> None:
    assert parse("  ").term == Both(())


def test_two_classes_are_compared_with_each_other() -> None:
    assert parse("teacher!=student", LABELS).term == Compare("teacher", "!=", "student")


def test_a_flag_can_be_asked_for_in_words() -> None:
    assert parse("flip:no").term == Not(Flag("flip"))
    assert parse("flip!=no").term == Flag("flip")


def test_quotes_within_quotes_are_escaped() -> None:
    assert parse(r'"say \"no\" \\"').term == Phrase('say "no" \\')


@pytest.mark.parametrize(
    ("text", "letter", "what"),
    [
        ("flip and", 9, "the filter ends where a term should stand"),
        ("flip and or kl>1", 10, "nothing stands before this or"),
        ("kll>1", 1, "no column named 'kll'"),
        ("flip kl>much", 9, "'much' is neither a number nor a column"),
        ("kl>1,2", 6, "kl is compared with one number"),
        ("kl:1", 1, "kl is a number, and is not asked for with a colon"),
        ("1<kl", 1, "a number stands before the sign"),
        ("kl", 1, "kl stands alone"),
        ("from", 1, "from stands alone"),
        ("from>x", 1, "from asks for words, and not with >"),
        ("flip>0", 1, "flip is a flag: yes or no"),
        ("label:netural", 7, "no class named 'netural'"),
        ("(flip", 1, "this parenthesis is never closed"),
        ("flip)", 5, "this parenthesis was never opened"),
        ("()", 2, "a term is missing before this parenthesis"),
        ('flip "not', 6, "this quote is never closed"),
        ('"a""b"', 4, "the text goes on right behind the quote"),
        ('a"b"', 2, "a quote stands in the middle of a word"),
        ('""', 1, "nothing stands between the quotes"),
        ('real:a,""', 8, "nothing stands between the quotes"),
        ('"a" > 3', 5, "a text stands before the sign"),
        (">1", 1, "no column stands before the sign"),
        ("kl>1e999", 4, "the number is too large"),
        ("kl>١", 4, "'١' is neither a number nor a column"),
        ("real>3", 1, "real is a text, and is not compared with >"),
        ("label:", 7, "nothing stands after label:"),
        ("label:,1", 7, "no value stands before the comma"),
        ("label:1,", 9, "nothing stands after the comma"),
        ("not " * (DEEPEST + 1) + "flip", 4 * DEEPEST + 1, "inside each other"),
        ("(" * 5000, DEEPEST + 1, "inside each other"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_an_example(text: str, letter: int, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, LABELS)
    assert f"at letter {letter}:" in caught.value.what
    assert what in caught.value.what
    assert "^" in caught.value.todo
    assert caught.value.exit_code == 2


def test_where_nobody_knows_the_names_numbers_do() -> None:
    assert parse("label:1").term == ClassIn("label", ("1",), (1.0,))
    with pytest.raises(UsageError, match="names of the classes are not known"):
        parse("label:positive")


def test_the_example_is_one() -> None:
    assert parse(EXAMPLE).term != parse("").term


def test_a_filter_too_long_to_be_meant_is_refused() -> None:
    with pytest.raises(UsageError, match="20,000 characters long"):
        parse("a" * 20_000)


def test_a_caret_stands_below_the_mistake_also_behind_wide_and_hidden_letters() -> None:
    for before, cells in (("日本 ", 5), ("a\x1b ", 6), ("e\u0301 ", 2), ("x" * 200 + " ", 48)):
        with pytest.raises(UsageError) as caught:
            parse(f"{before}kl>x")
        line, caret, _ = caught.value.todo.split("\n", 2)
        assert caret == " " * (cells + 3) + "^"
        assert "kl>x" in line


def test_large_and_small_letters_are_alike() -> None:
    assert str(parse("FLIP AND Not KL>1 or LABEL:1").term) == "flip and not kl>1 or label:1"
    assert parse("label:POSITIVE", LABELS).fits(made_rewrite(label=1))


def test_a_class_whose_name_is_a_number_is_meant_by_its_name() -> None:
    assert parse("label:1", ("1", "2")).term == ClassIn("label", ("1",), (0.0,))


def test_several_filters_are_asked_together() -> None:
    query = all_of([parse("flip or disagree"), parse(""), parse("kl>1")])
    assert query.term == parse("(flip or disagree) kl>1").term
    assert all_of([]).term == parse("").term


def test_the_newest_come_first_where_that_is_wanted(index: Index) -> None:
    query = parse("not flip or the")
    rising = [int(place) for block in query.places(index) for place in block]
    falling = [int(place) for block in query.places(index, newest_first=True) for place in block]
    assert falling == rising[::-1]
    assert [int(place) for block in query.places(index, start=100) for place in block] == [
        place for place in rising if place >= 100
    ]


def test_an_id_is_asked_for_by_its_whole_parts() -> None:
    rewrite = made_rewrite(id="train:17")
    assert all(parse(text).fits(rewrite) for text in ("id:17", "id:train", "id:TRAIN:17", "id=train:17", "id:3,17"))
    assert not any(parse(text).fits(rewrite) for text in ("id:1", "id:7", "id=17", "id:in:17", "id!=train:17"))


def test_a_changed_word_is_asked_for_whole_or_by_its_piece() -> None:
    rewrite = made_rewrite(
        real_tokens=["[CLS]", "Good", "un", "##fold", "film", "[SEP]"],
        soft_tokens=["[CLS]", "bad", "un", "##do", "film", "[SEP]"],
    )
    assert all(parse(text).fits(rewrite) for text in ("from:good", "to:BAD", "from:unfold", "from:fold", "to:undo,x"))
    assert not any(parse(text).fits(rewrite) for text in ("from:bad", "to:good", "from:un", "from:film", "to:##do"))


def test_what_nobody_said_fits_no_comparison_and_only_a_not() -> None:
    for kl in (None, "NaN"):
        rewrite = made_rewrite(kl_soft=kl)
        assert not any(parse(f"kl{sign}1").fits(rewrite) for sign in (">", ">=", "<", "<=", "=", "==", "!="))
        assert parse("not kl<=inf").fits(rewrite)
    assert not parse("not kl<=inf").fits(made_rewrite(kl_soft="Infinity"))


def made_rewrite(**fields: object) -> Rewrite:
    """A rewrite with these fields."""
    rewrite = rewrite_of({**next(made_events(1)), **fields})
    assert rewrite is not None
    return rewrite
