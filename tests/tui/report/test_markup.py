"""A text stays a text, wherever in the tree it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.report.letters import visible
from cilda_tui.report.markup import LINE_END, element, rendered, said
from tests.tui.report.strict_html import Page
from tests.tui.strange_texts import strange_texts

ATTACKS = (
    "<script>document.title='taken'</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)",
    "javascript:alert(1)", "</title></style><script>alert(1)</script>", "<!--", "-->", "]]>", "&lt;b&gt;", "&#60;",
    "<svg/onload=alert(1)>", "</p></body></html>", "<?php ?>", "${alert(1)}", "{{7*7}}", "\x00<b>", "<b\n>", "`<b>`",
)  # fmt: skip


@given(st.sampled_from(ATTACKS) | strange_texts() | st.lists(st.sampled_from(ATTACKS)).map("".join))
def test_a_text_is_read_as_it_was_said(text: str) -> None:
    page = Page(rendered(element("p", said(text), element("svg", aria_label=text))))
    assert page.tags == {"p": 1, "bdi": 1, "svg": 1}
    assert "".join(page.texts) == visible(text)


def test_children_may_lie_in_lists_and_nothing_is_nothing() -> None:
    found = rendered(element("p", ["a", [None, element("b" if False else "strong", "b")]], None, "c"))
    assert found == "<p>a<strong>b</strong>c</p>"


def test_attributes_are_written_as_drawings_and_pages_need_them() -> None:
    found = element("rect", x=1.25, y=-0.01, width=3.0, class_="fill1", aria_hidden="true", open=True, role=None)
    assert rendered(found) == '<rect x="1.2" y="0" width="3" class="fill1" aria-hidden="true" open></rect>'


@pytest.mark.parametrize("tag", ["script", "iframe", "link", "object", "img", "b onclick", ""])
def test_no_tag_is_written_that_is_not_one_of_ours(tag: str) -> None:
    with pytest.raises(AssertionError):
        element(tag)


@pytest.mark.parametrize(
    "attributes",
    [
        {"onclick": "x"}, {"style": "x"}, {"src": "x"}, {"href": "javascript:alert(1)"}, {"href": "//host"},
        {"href": "a"}, {"id": '"'}, {"class_": 'a" b'}, {"d": 'M0,0"'}, {"x": float("nan")},
    ],
)  # fmt: skip
def test_no_attribute_is_written_that_could_lead_or_run_anywhere(attributes: dict[str, str | float]) -> None:
    with pytest.raises(AssertionError):
        element("a", **attributes)


def test_only_a_line_end_of_ours_ends_a_line() -> None:
    assert rendered(element("pre", "one\ntwo", LINE_END, "three")) == "<pre>one⏎two\nthree</pre>"
