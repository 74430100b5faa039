"""Bars are as long as their numbers, and every number is written."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from cilda_tui.report.bars import bar, counts, histogram, matrix, parts
from cilda_tui.report.markup import rendered
from tests.tui.report.strict_html import Page, figures


@given(st.floats(0, 1))
def test_a_bar_is_as_long_as_its_share(share: float) -> None:
    found = re.findall(r'width="([\d.]+)"', rendered(bar(share)))
    assert math.isclose(float(found[2]), 80 * share, abs_tol=0.06)


def test_a_bar_stays_inside_and_one_of_nothing_is_none() -> None:
    assert 'width="80"' in rendered(bar(7.0))
    assert bar(None) is None and bar(math.nan) is None


def test_parts_fill_the_whole_and_are_named() -> None:
    page = Page(rendered(parts([("data", 0.25), ("student", 0.75)], "time")))
    assert page.texts[-4:] == [" ", "student", " ", "75.0 %"]
    html = rendered(parts([("data", 0.25), ("student", 0.75)], "time"))
    assert 'x="0" y="0" width="150"' in html and 'x="150" y="0" width="450"' in html


def test_parts_beyond_the_whole_stay_inside() -> None:
    Page(rendered(parts([("one", 0.9), ("two", 0.9), ("three", -1.0)], "time")))


def test_counts_are_written_beside_their_bars() -> None:
    page = Page(rendered(counts([("often", 2000), ("<b>", 500), ("never", 0)], ("word", "times"))))
    assert figures(page, "often")[0] == "2,000"
    assert figures(page, "<b>")[0] == "500"
    Page(rendered(counts([], ("word", "times"))))


def test_a_histogram_names_its_edges_and_counts() -> None:
    page = Page(rendered(histogram([3, 0, 1], ["0", "1", "2", "3"], "KL", "nats")))
    assert "0 to 1: 3 rewrites" in page.text and "2 to 3: 1 rewrite" in page.text
    Page(rendered(histogram([], ["0"], "KL", "nats")))


def test_a_matrix_shades_and_writes_its_counts() -> None:
    html = rendered(matrix(["word", "piece"], ["word", "piece"], [[8, 0], [1, 4]], "from"))
    assert figures(Page(html), "word") == ["8", "·"]
    assert "shade8" in html and "shade0" in html and "shade1" in html
