"""Reads a page more strictly than any browser, and fails on what a text could have slipped in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from cilda_tui.report.markup import ATTRIBUTES, TAGS

_HEAD_TAGS = {"head", "meta", "style", "title"}
_HEAD_ATTRIBUTES = {"charset", "content", "http-equiv", "name", "lang"}
_VOID = {"meta"}
_START_TAG = re.compile(r"<[a-z][a-z0-9]*(?: [a-zA-Z0-9-]+(?:=\"[^\"<>]*\")?)*>")
# What a reader would not see, or what would turn the letters around.
_HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ud800-\udfff]"
)


@dataclass
class Page(HTMLParser):
    """A page that was read: its texts, what stands in each title, its tables' rows."""

    source: str
    texts: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    tags: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)
        self._open: list[str] = []
        assert not _HIDDEN.search(self.source), _HIDDEN.search(self.source)
        self.feed(self.source)
        self.close()
        assert not self._open, f"never closed: {self._open}"
        assert len(self.ids) == len(set(self.ids))
        assert set(self.links) <= {f"#{one}" for one in self.ids}

    def __hash__(self) -> int:
        return id(self)

    @property
    def text(self) -> str:
        """All that a person reads."""
        return " ".join(" ".join(self.texts).split())

    def handle_decl(self, decl: str) -> None:
        """Only the one at the beginning."""
        assert decl == "DOCTYPE html" and not self.tags

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that is one of ours, written as we write them."""
        written = self.get_starttag_text() or ""
        assert _START_TAG.fullmatch(written), written[:200]
        in_head = tag in _HEAD_TAGS
        assert tag in TAGS or (in_head and self._open[:2] in ([], ["html"], ["html", "head"])), tag
        for name, value in attrs:
            known = {one.lower() for one in ATTRIBUTES} | (_HEAD_ATTRIBUTES if in_head or tag == "html" else set())
            assert name in known and not name.startswith("on"), written[:200]
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """The end of what was opened last."""
        assert self._open and self._open[-1] == tag, (tag, self._open[-3:])
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Text, which is nowhere else than where text belongs."""
        if self._open[-1:] == ["style"]:
            return
        self.texts.append(data)
        if self.rows and {"td", "th"} & set(self._open) and "title" not in self._open:
            self.rows[-1][-1] += data

    def handle_comment(self, data: str) -> None:
        """There is none."""
        raise AssertionError(f"a comment: {data[:100]}")

    def handle_pi(self, data: str) -> None:
        """There is none."""
        raise AssertionError(f"an instruction: {data[:100]}")

    def unknown_decl(self, data: str) -> None:
        """There is none."""
        raise AssertionError(f"a declaration: {data[:100]}")


def figures(page: Page, first: str) -> list[str]:
    """The other cells of the first table row that begins with a text."""
    return next([cell.strip() for cell in row[1:]] for row in page.rows if row and row[0].strip() == first)
