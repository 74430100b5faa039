"""Some of the rewrites: both texts with the changed tokens marked, and what teacher and student said of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cilda.rewrites.rewrite import Rewrite
from cilda_tui.report.bars import bar
from cilda_tui.report.gathered import Gathered
from cilda_tui.report.marked import marked
from cilda_tui.report.markup import Element, Nodes, element, said
from cilda_tui.report.parts import aside, folded
from cilda_tui.report.words import NOTHING, amount, counted, share

LETTERS = 400_000
"""Letters that all examples together may have: a page stays a few megabytes, whatever their texts are."""

_LONGEST_TEXT, _SHORTEST_TEXT = 2000, 200
_MOST_CLASSES = 6


def examples(found: Gathered) -> Nodes:
    """Three lists: the largest gains, those that flip an answer, and some at random."""
    chosen = found.examples
    if not chosen.seen:
        return element("p", _nothing(found))
    lists = (
        ("Largest gain", "where the rewriting drove teacher and student furthest apart", chosen.gained),
        ("Flips", f"drawn among {counted(chosen.flips, 'rewrite')} that changed an answer's class", chosen.flipped),
        ("At random", f"drawn among all {chosen.seen:,}", chosen.drawn),
    )
    shown = sum(len(rewrites) for _, _, rewrites in lists)
    longest = max(_SHORTEST_TEXT, min(_LONGEST_TEXT, LETTERS // max(1, 2 * shown)))
    parts: list[Nodes] = [
        aside(
            "What was rewritten is ", element("del", "struck out", class_="was"), ", what came instead is ",
            element("ins", "underlined", class_="is"), ".",
        )
    ]  # fmt: skip
    for place, (called, what, rewrites) in enumerate(lists):
        cards = [_card(rewrite, found.wanted.labels, longest) for rewrite in rewrites]
        none = element("p", "None.") if not cards else None
        title: list[Nodes] = [element("strong", called), f", {what} ({len(cards):,})"]
        parts.append(folded(title, none, element("div", cards, class_="cards"), open_=place == 0))
    return parts


def _nothing(found: Gathered) -> str:
    if found.recorded:
        return f"None of {counted(found.recorded, 'rewrite')} fits what was asked for."
    return (
        "No rewrites were recorded." if found.generates else "There is no generator in this run: nothing was rewritten."
    )


def _card(rewrite: Rewrite, labels: Sequence[str], longest: int) -> Element:
    return element(
        "article",
        element("p", _place(rewrite), class_="aside"),
        element(
            "dl",
            element("dt", "real"), element("dd", marked(rewrite, "real", longest)),
            element("dt", "soft"), element("dd", marked(rewrite, "soft", longest)),
            class_="pair",
        ),
        _answers(rewrite, labels),
        element("p", list(_said_of(rewrite)), class_="said"),
        class_="card",
    )  # fmt: skip


def _place(rewrite: Rewrite) -> list[Nodes]:
    epoch = f", epoch {amount(rewrite.epoch)}" if rewrite.epoch is not None else ""
    why: Nodes = [", ", said(rewrite.why)] if rewrite.why else None
    return [said(rewrite.id) if rewrite.id else "a text", f", turn {rewrite.turn:,}{epoch}", why]


def _answers(rewrite: Rewrite, labels: Sequence[str]) -> Element | None:
    """A row for each class, or for the amount: both players before and after, as bars and as numbers."""
    told = (rewrite.teacher_real, rewrite.teacher_soft, rewrite.student_real, rewrite.student_soft)
    classes = max(map(len, told))
    if not classes:
        return None
    kept = list(range(classes))
    if classes > _MOST_CLASSES:
        # The gold one, and those that anybody thought likeliest.
        kept.sort(key=lambda one: (one != rewrite.label, -max((of[one] for of in told if one < len(of)), default=0.0)))
        kept = sorted(kept[:_MOST_CLASSES])
    rows = [element("tr", _class(one, rewrite, labels), [_answer(of, one, rewrite) for of in told]) for one in kept]
    heads = [
        element("th", who, element("small", f" {when}"), scope="col")
        for who in ("teacher", "student")
        for when in ("before", "after")
    ]
    more = aside(f"{counted(classes - len(kept), 'less likely class', 'less likely classes')} left out.")
    return element(
        "div",
        element(
            "table", element("thead", element("tr", element("th"), heads)), element("tbody", rows), class_="answers"
        ),
        more if classes > len(kept) else None,
        class_="scrolling",
    )


def _class(one: int, rewrite: Rewrite, labels: Sequence[str]) -> Element:
    if rewrite.regression:
        return element("th", "amount", scope="row")
    gold = type(rewrite.label) is int and rewrite.label == one
    mark = element("small", " gold") if gold else None
    return element("th", said(class_name(one, labels), 60), mark, scope="row")


def _answer(answers: Sequence[float], one: int, rewrite: Rewrite) -> Element:
    if one >= len(answers):
        return element("td", NOTHING)
    value = answers[one]
    if rewrite.regression:
        return element("td", amount(value))
    top = value == max(answers)
    words = share(value)
    return element("td", bar(value, colour=0 if top else None), " ", element("strong", words) if top else words)


def _said_of(rewrite: Rewrite) -> Iterator[Nodes]:
    """How far apart they are, whose answer flips, and what else was told."""
    apart = "gap" if rewrite.regression else "KL"
    gain = rewrite.gain
    more = f" ({gain:+.3f})" if gain is not None and math.isfinite(gain) and abs(gain) < 1e6 else ""
    yield element("span", f"{apart} {amount(rewrite.kl_real)} → {amount(rewrite.kl_soft)}", element("strong", more))
    flips = [who for who, flip in (("teacher", rewrite.teacher_flips), ("student", rewrite.student_flips)) if flip]
    if flips:
        yield element(
            "span", f"▲ {' and '.join(flips)} {'flip' if len(flips) > 1 else 'flips'}", class_="level warning"
        )
    if rewrite.disagree:
        yield element("span", "they disagree")
    for name, value in (("contrast", rewrite.contrast), ("entropy", rewrite.entropy), ("surprise", rewrite.surprise)):
        if value is not None:
            yield element("span", f"{name} {amount(value)}")
    # A class that has a row of its own is marked there.
    in_rows = not rewrite.regression and type(rewrite.label) is int and 0 <= rewrite.label < len(rewrite.teacher_real)
    if rewrite.label is not None and not in_rows:
        label = amount(rewrite.label) if isinstance(rewrite.label, float) else str(rewrite.label)
        yield element("span", "label ", said(label, 60))


def class_name(place: int, labels: Sequence[str]) -> str:
    """A class by its name, or by its number where nobody knows that."""
    return labels[place] if 0 <= place < len(labels) else f"class {place}"
