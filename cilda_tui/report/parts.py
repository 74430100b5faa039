"""Pieces that all parts of a page are made of: lists of facts, tables, what is folded away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cilda_tui.notices import Level
from cilda_tui.report.markup import Element, Nodes, element

_SYMBOLS: dict[Level, str] = {"info": "·", "good": "✓", "warning": "▲", "error": "✕"}


def facts(rows: Iterable[tuple[str, Nodes]]) -> Element:
    """Names and what is known of them; a row whose value is None or empty is left out."""
    there = [(name, value) for name, value in rows if value is not None and value not in ("", [])]
    return element("dl", [[element("dt", name), element("dd", value)] for name, value in there], class_="facts")


def table(head: Sequence[str], rows: Iterable[Sequence[Nodes]], *, words: int = 1, class_: str = "figures") -> Element:
    """A table whose first column names its rows, and whose first `words` columns hold words, the others figures.

    It scrolls by itself where a screen is narrow.
    """
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            [element("td", cell, class_=_words(place, words)) for place, cell in enumerate(row[1:], 1)],
        )
        for row in rows
    ]
    heads = [element("th", called, scope="col", class_=_words(place, words)) for place, called in enumerate(head)]
    whole = element(
        "table",
        element("thead", element("tr", heads)),
        element("tbody", body),
        class_=class_,
    )
    return scrolling(whole)


def _words(place: int, words: int) -> str | None:
    return "words" if place < words else None


def scrolling(*children: Nodes) -> Element:
    """What may be wider than a screen."""
    return element("div", children, class_="scrolling")


def folded(summary: Nodes, *children: Nodes, open_: bool = False) -> Element:
    """What is seen when somebody asks for it; on paper always."""
    return element("details", element("summary", summary), children, open=open_)


def charts(found: Sequence[Element]) -> Element | None:
    """Charts side by side, as many as there is room for."""
    return element("div", found, class_="charts") if found else None


def level(of: Level) -> Element:
    """A level as a symbol and a word."""
    return element("span", f"{_SYMBOLS[of]} {of}", class_=f"level {of}")


def aside(*children: Nodes) -> Element:
    """A sentence about how to read what stands beside it."""
    return element("p", children, class_="aside")
