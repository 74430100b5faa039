"""What people should know of a run: why it ended, what it warned of, notes, requests, and everything that happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cilda_tui.notices import Notice
from cilda_tui.report.facts import MOST_NOTES, MOST_WARNINGS
from cilda_tui.report.gathered import Gathered
from cilda_tui.report.markup import LINE_END, Element, Nodes, element, said
from cilda_tui.report.parts import aside, folded, level, table
from cilda_tui.report.words import counted, stamp
from cilda_tui.requests import Asked

MOST_NOTICES = 300
_MOST_REQUESTS = 100
_MOST_LINES = 300
_LONGEST = 2000


def events(found: Gathered) -> Nodes:
    """The worst first."""
    parts = [_ending(found), _alerts(found), _warnings(found), _notes(found), _requests(found), _all(found)]
    if not any(parts):
        return element("p", "Nothing was written down of it.")
    if not any(parts[:-1]):
        return [element("p", "No warning, no error, no note."), parts[-1]]
    return parts


def _ending(found: Gathered) -> Nodes:
    facts = found.facts
    end = facts.failed or facts.stopped
    if end is None:
        return None
    words = element("p", level(end.level), f" {stamp(end.t)} ", said(end.what, _LONGEST))
    todo = element("p", "What to do: ", said(end.todo, _LONGEST)) if end.todo else None
    return [element("h3", "Its end"), words, todo, _traceback(facts.traceback)]


def _traceback(words: str) -> Element | None:
    if not words.strip():
        return None
    lines: list[Nodes] = []
    for line in words.splitlines()[-_MOST_LINES:]:
        lines += [line, LINE_END]
    return folded("Where in the program", element("pre", lines))


def _alerts(found: Gathered) -> Nodes:
    """What stands now, but for what the trainer said itself: that stands among the warnings."""
    rows = [
        (level(alert.level), said(alert.what, _LONGEST), said(alert.todo, _LONGEST), stamp(alert.since))
        for alert in found.view.alerts
        if not alert.key.startswith("trainer: ")
    ]
    return (
        [element("h3", "What stands"), table(("", "what", "what to do", "since"), rows, class_="texts")]
        if rows
        else None
    )


def _warnings(found: Gathered) -> Nodes:
    facts = found.facts
    rows = [
        (
            level(one.notice.level), said(one.notice.what, _LONGEST), said(one.notice.todo, _LONGEST),
            stamp(one.first), f"{one.times:,} ×" if one.times > 1 else "once",
        )
        for one in facts.warnings
    ]  # fmt: skip
    if not rows:
        return None
    more = facts.warnings_left_out
    return [
        element("h3", "Warnings"),
        table(("", "what", "what to do", "first", "how often"), rows, class_="texts"),
        aside(f"{counted(more, 'warning')} beyond the first {MOST_WARNINGS} left out.") if more else None,
    ]


def _notes(found: Gathered) -> Nodes:
    facts = found.facts
    if not facts.notes:
        return None
    items = [element("li", element("small", stamp(note.t)), " ", said(note.what, _LONGEST)) for note in facts.notes]
    earlier = facts.notes_seen - len(facts.notes)
    return [
        element("h3", "Notes"),
        aside(f"The last {MOST_NOTES}; {counted(earlier, 'earlier one')} left out.") if earlier else None,
        element("ul", items, class_="notes"),
    ]


def _requests(found: Gathered) -> Nodes:
    asked = found.view.requests.latest(_MOST_REQUESTS)
    rows = [(said(one.what), one.state, said(one.by), said(one.why, _LONGEST), _at(one)) for one in asked]
    if not rows:
        return None
    return [element("h3", "Requests"), table(("what", "answer", "by", "why", "when"), rows, class_="texts")]


def _at(one: Asked) -> str:
    turn = f", turn {one.turn:,}" if one.turn is not None else ""
    return f"{stamp(one.t)}{turn}"


def _all(found: Gathered) -> Element | None:
    notices = found.view.notices
    if not notices:
        return None
    shown = notices[-MOST_NOTICES:]
    earlier = len(notices) - len(shown)
    return folded(
        "Everything that happened",
        aside(f"The last {MOST_NOTICES}; {counted(earlier, 'earlier one')} left out.") if earlier else None,
        table(("", "when", "what"), _rows(shown), class_="texts"),
    )


def _rows(notices: Sequence[Notice]) -> Iterator[Sequence[Nodes]]:
    for notice in notices:
        turn = f"turn {notice.turn:,}: " if notice.turn is not None else ""
        yield level(notice.level), stamp(notice.t), [turn, said(notice.what, _LONGEST)]
