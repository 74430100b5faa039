"""Both texts of a rewrite, with what is another token now in marks of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cilda.rewrites.rewrite import Rewrite, Side, rewrite_of
from cilda_tui.report.letters import visible
from cilda_tui.report.marked import marked
from cilda_tui.report.markup import rendered
from tests.rewrites.made_rewrites import made_events
from tests.tui.made_events import event
from tests.tui.report.strict_html import Page
from tests.tui.strange_texts import strange_texts

FIELDS: dict[str, Any] = {
    "real": "It was good, really.", "soft": "It was dull, really.", "drawn": [2, 3, 5],
    "real_tokens": ["[CLS]", "it", "was", "good", ",", "really", ".", "[SEP]"],
    "soft_tokens": ["[CLS]", "it", "was", "dull", ",", "really", ".", "[SEP]"],
}  # fmt: skip
SPANS = {"real_spans": [[3, 6], [7, 11], [13, 19]], "soft_spans": [[3, 6], [7, 11], [13, 19]]}


def made(**fields: Any) -> Rewrite:
    rewrite = rewrite_of(event("augmentation", **FIELDS, **fields))
    assert rewrite is not None
    return rewrite


def shown(rewrite: Rewrite, side: Side, longest: int = 2000) -> str:
    return rendered(marked(rewrite, side, longest))


def test_with_spans_the_text_stands_as_it_was_written() -> None:
    assert shown(made(**SPANS), "real") == '<bdi>It was <del class="was">good</del>, really.</bdi>'
    assert shown(made(**SPANS), "soft") == '<bdi>It was <ins class="is">dull</ins>, really.</bdi>'


def test_without_spans_the_tokens_tell_it() -> None:
    assert shown(made(), "real") == '<bdi>it was <del class="was">good</del> , really .</bdi>'


def test_pieces_of_one_word_are_one_mark() -> None:
    rewrite = replace(
        made(**SPANS), drawn=(1, 2), real="unkind", soft="kinder",
        real_tokens=("[CLS]", "un", "##kind"), soft_tokens=("[CLS]", "kind", "##er"),
        real_spans=((0, 2), (2, 6)), soft_spans=((0, 4), (4, 6)),
    )  # fmt: skip
    assert shown(rewrite, "real") == '<bdi><del class="was">unkind</del></bdi>'


def test_without_tokens_there_is_the_text_alone() -> None:
    assert shown(replace(made(), real_tokens=(), soft_tokens=()), "real") == "<bdi>It was good, really.</bdi>"


def test_a_long_text_is_cut_and_says_so() -> None:
    long = replace(made(**SPANS), real="x" * 100_000, real_spans=((0, 1), (99_000, 99_001), (2, 3)))
    for rewrite in (long, replace(long, real_spans=(), real_tokens=("word",) * 2000), replace(long, real_tokens=())):
        html = shown(rewrite, "real", 300)
        assert len(html) < 700 and "100,000 letters in all" in html


@given(strange_texts(), strange_texts(), st.lists(strange_texts(10), max_size=6), st.integers(0, 80))
def test_any_text_gives_a_page_of_bounded_size(real: str, soft: str, tokens: list[str], longest: int) -> None:
    drawn = tuple(range(len(tokens)))
    spans = tuple((place, place + 2) for place in drawn if place + 2 <= len(real))
    rewrite = replace(
        made(), real=real, soft=soft, real_tokens=tuple(tokens), soft_tokens=tuple(reversed(tokens)), drawn=drawn,
        real_spans=spans,
    )  # fmt: skip
    for side in ("real", "soft"):
        page = Page(shown(rewrite, "real" if side == "real" else "soft", longest))
        assert len(page.text) < 12 * longest + 200


def test_what_is_marked_and_what_is_not_are_together_the_whole_text() -> None:
    for found in made_events(60, seed=3):
        rewrite = rewrite_of(found)
        assert rewrite is not None
        page = Page(shown(rewrite, "soft", 100_000))
        if rewrite.soft_spans:
            assert "".join(page.texts) == visible(rewrite.soft)
