"""Bars: a share of one, parts of a whole, counts side by side, a table whose cells are shaded."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cilda_tui.report.markup import Element, Nodes, element, said
from cilda_tui.report.words import counted, share

_PARTS_WIDTH, _PARTS_HEIGHT = 600, 20
_LONGEST_NAME = 80
_SHADES = 8


def bar(fraction: float | None, *, colour: int | None = 0, hint: str = "") -> Element | None:
    """A bar that is full at 1, in the middle of a line; grey without a colour."""
    if fraction is None or not math.isfinite(fraction):
        return None
    width = 80 * min(1.0, max(0.0, fraction))
    return element(
        "svg",
        element("title", hint) if hint else None,
        element("rect", x=0, y=0, width=80, height=10, class_="ground"),
        element("rect", x=0, y=0, width=width, height=10, class_="rest" if colour is None else f"fill{colour}"),
        viewBox="0 0 80 10", width=80, height=10, class_="bar", aria_hidden="true",
    )  # fmt: skip


def parts(shares: Sequence[tuple[str, float]], label: str) -> Element:
    """Parts of a whole in one bar, each with a texture of its own, and below it what each is."""
    reached, drawn, legend = 0.0, [], []
    for place, (name, part) in enumerate(shares):
        width = _PARTS_WIDTH * min(1.0, max(0.0, part))
        hint = element("title", f"{name[:_LONGEST_NAME]} {share(part)}")
        at = {"x": reached, "y": 0, "width": min(width, _PARTS_WIDTH - reached), "height": _PARTS_HEIGHT}
        drawn.append(element("rect", hint, class_=f"part fill{place % 6}", **at))
        if width >= 18:
            letter = element("text", name[:1], x=reached + width / 2, y=15, text_anchor="middle", class_="letter")
            drawn.append(letter)
        reached = min(_PARTS_WIDTH, reached + width)
        key = element(
            "svg", element("rect", x=0, y=0, width=12, height=12, class_=f"fill{place % 6}"),
            viewBox="0 0 12 12", width=12, height=12, aria_hidden="true", class_="sample",
        )  # fmt: skip
        legend.append(element("li", key, " ", said(name, _LONGEST_NAME), " ", element("strong", share(part))))
    drawing = element(
        "svg", drawn, viewBox=f"0 0 {_PARTS_WIDTH} {_PARTS_HEIGHT}", role="img", aria_label=label, class_="parts"
    )
    return element("figure", element("figcaption", label), drawing, element("ul", legend, class_="keys"))


def counts(rows: Sequence[tuple[Nodes, int]], head: tuple[str, str], *, colour: int = 0) -> Element:
    """Names and how often each came, with bars as long as they are often."""
    most = max((number for _, number in rows), default=0)
    return element(
        "table",
        element("thead", element("tr", [element("th", words, scope="col") for words in head], element("th"))),
        element(
            "tbody",
            [
                element(
                    "tr",
                    element("th", name, scope="row"),
                    element("td", f"{number:,}"),
                    element("td", bar(number / most if most else None, colour=colour), class_="bars"),
                )
                for name, number in rows
            ],
        ),
        class_="figures counts",
    )


def histogram(numbers: Sequence[int], edges: Sequence[str], title: str, axis: str) -> Element:
    """Columns as high as the counts between neighbouring edges, of which there is one more than counts."""
    width, height, left, bottom, top = 500, 200, 46, 34, 10
    most, across = max(numbers, default=0), width - left - 8
    each = across / max(1, len(numbers))
    drawn = [
        element("line", x1=left, x2=width - 8, y1=height - bottom, y2=height - bottom, class_="axis"),
        element("text", f"{most:,}", x=left - 6, y=top + 8, text_anchor="end"),
        element("text", "0", x=left - 6, y=height - bottom + 4, text_anchor="end"),
        element("text", axis, x=width - 8, y=height - 4, text_anchor="end"),
    ]
    every = max(1, math.ceil(len(numbers) / 8))
    for place, number in enumerate(numbers):
        tall = (height - bottom - top) * number / most if most else 0.0
        hint = element("title", f"{edges[place]} to {edges[place + 1]}: {counted(number, 'rewrite')}")
        at = {"x": left + each * place + 0.5, "width": max(0.5, each - 1), "y": height - bottom - tall, "height": tall}
        drawn.append(element("rect", hint, class_="fill0", **at))
        if place % every == 0:
            x = left + each * place
            drawn.append(element("text", edges[place], x=x, y=height - bottom + 15, text_anchor="middle"))
    drawing = element("svg", drawn, viewBox=f"0 0 {width} {height}", role="img", aria_label=title, class_="chart")
    return element("figure", element("figcaption", title), drawing, class_="chart")


def matrix(names: Sequence[str], across: Sequence[str], numbers: Sequence[Sequence[int]], corner: str) -> Element:
    """Counts in a table, the more the darker; each number is written, so that no shade need be told from another."""
    most = max((number for row in numbers for number in row), default=0)
    return element(
        "table",
        element(
            "thead",
            element(
                "tr", element("th", corner), [element("th", said(name, _LONGEST_NAME), scope="col") for name in across]
            ),
        ),
        element(
            "tbody",
            [
                element(
                    "tr",
                    element("th", said(name, _LONGEST_NAME), scope="row"),
                    [
                        element("td", f"{number:,}" if number else "·", class_=f"shade{_shade(number, most)}")
                        for number in row
                    ],
                )
                for name, row in zip(names, numbers, strict=True)
            ],
        ),
        class_="figures matrix",
    )


def _shade(number: int, most: int) -> int:
    return math.ceil(_SHADES * number / most) if most and number else 0
