"""HTML as a tree that escapes by itself: the one border that a text passes on its way into a page.

Tags and attributes are those of two short lists, so that data can never become one; there is none among them that runs
anything, and a link leads nowhere but to a place of the same page.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cilda_tui.report.letters import visible

TAGS: Final = frozenset(
    "a article bdi body caption code dd del details div dl dt em figcaption figure footer h1 h2 h3 h4 header html ins "
    "li main mark nav ol p pre section small span strong summary sub sup table tbody td th thead time title tr ul "
    "circle g line path rect svg text".split()
)
ATTRIBUTES: Final = frozenset(
    "aria-hidden aria-label class colspan cx cy d datetime dir height href id lang open r role rx scope text-anchor "
    "viewBox width x x1 x2 y y1 y2".split()
)
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_CLASSES = re.compile(r"[a-z0-9 -]*")


@dataclass(frozen=True, slots=True)
class Element:
    """A tag with its attributes, ready to be written, and what stands in it."""

    tag: str
    attributes: str
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class LineEnd:
    """A line end that stays one: in a hint, or between lines of preformatted text."""


Node = Element | LineEnd | str | None
Nodes = Node | Iterable["Nodes"]
Value = str | float | bool | None

LINE_END: Final = LineEnd()


def element(tag: str, *children: Nodes, **attributes: Value) -> Element:
    """An element; in names of attributes `_` stands for `-`, and one at the end for nothing: `class_`.

    An attribute that is None or False is left out. Children that are None are nothing; lists are taken apart.
    """
    assert tag in TAGS, tag
    written = [_attribute(key, value) for key, value in attributes.items() if value is not None and value is not False]
    return Element(tag, "".join(written), tuple(_flat(children)))


def said(text: str, limit: int | None = None) -> Element:
    """A text out of data in the middle of our words: whatever its script's direction, they stay where they are."""
    return element("bdi", text if limit is None else visible(text, limit))


def rendered(*nodes: Nodes) -> str:
    """The tree as HTML."""
    pieces: list[str] = []
    for node in _flat(nodes):
        _render(node, pieces)
    return "".join(pieces)


def _render(node: Node, pieces: list[str]) -> None:
    if isinstance(node, Element):
        pieces.append(f"<{node.tag}{node.attributes}>")
        for child in node.children:
            _render(child, pieces)
        pieces.append(f"</{node.tag}>")
    elif isinstance(node, LineEnd):
        pieces.append("\n")
    elif node is not None:
        pieces.append(html.escape(visible(node)))


def _flat(nodes: Iterable[Nodes]) -> Iterable[Node]:
    for node in nodes:
        if node is None or isinstance(node, Element | LineEnd | str):
            yield node
        else:
            yield from _flat(node)


def _attribute(key: str, value: Value) -> str:
    name = key.removesuffix("_").replace("_", "-")
    assert name in ATTRIBUTES, name
    if value is True:
        return f" {name}"
    text = _number(value) if isinstance(value, float | int) else str(value)
    if name in ("href", "id"):
        assert _NAME.fullmatch(text.removeprefix("#") if name == "href" else text), text
        assert name == "id" or text.startswith("#"), text
    if name == "class":
        assert _CLASSES.fullmatch(text), text
    if name == "d":
        # Long, and numbers alone: looked at once instead of letter by letter.
        assert text.isascii() and '"' not in text and "&" not in text
        return f' d="{text}"'
    return f' {name}="{html.escape(visible(text), quote=True)}"'


def _number(value: float) -> str:
    """A place on a drawing: a tenth is enough."""
    assert math.isfinite(value)
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
