"""What a person should read of what happened: one line an event, raw; panels make them harmless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cilda.runs.events import Event
from cilda.runs.field import count, finite, mapping, numbers, text
from cilda.runs.words import score_words

Level = Literal["info", "good", "warning", "error"]

MOST_NOTICES = 1000


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the list of events."""

    t: float
    level: Level
    what: str
    todo: str = ""
    stage: str = ""
    turn: int | None = None
    kind: str = ""


def notice_of(event: Event) -> Notice | None:
    """The line of an event; None for kinds that come all the time."""
    tell = _TELLERS.get(event["kind"])
    if tell is None:
        return None
    level, what, todo = tell(event)
    return Notice(event["t"], level, what, todo, text(event.get("stage"), 200), count(event.get("turn")), event["kind"])


_Told = tuple[Level, str, str]


def _started(event: Event) -> _Told:
    attempt, device = count(event.get("attempt")) or 1, text(event.get("device"), 200)
    what = "began" if attempt == 1 else f"went on (attempt {attempt})"
    return "info", " ".join(filter(None, (what, "on", text(event.get("host"), 200) or "?", device))), ""


def _stage(event: Event) -> _Told:
    stage, turn, total = text(event.get("stage"), 200), count(event.get("turn")), count(event.get("total_turns"))
    if event.get("resumed_from"):
        return "info", f"stage {stage} goes on from turn {turn or 0:,} of {total or 0:,}", ""
    return "info", f"stage {stage} begins: {total or 0:,} turns", ""


def _evaluation(event: Event) -> _Told:
    words = score_words(numbers(event.get("scores"))) or "no scores"
    split = text(event.get("split"), 200)
    if event.get("best") is True:
        return "good", f"best: {words} on {split}", ""
    return "info", f"{words} on {split}", ""


def _checkpoint(event: Event) -> _Told:
    return "info", f"checkpoint {text(event.get('path'), 300)}", ""


def _teacher(event: Event) -> _Told:
    score = finite(event.get("score"))
    words = "" if score is None else f": {text(event.get('metric'), 100)} {score:.4f}"
    return "info", f"teacher {text(event.get('name'), 500)}{words}", ""


def _layer_map(event: Event) -> _Told:
    return "info", f"student's layers: {text(event.get('description'), 500) or 'fresh weights'}", ""


def _alert(event: Event) -> _Told:
    level: Level = event["level"] if event.get("level") in ("info", "warning", "error") else "warning"
    return level, text(event.get("what")), text(event.get("todo"))


def _request(event: Event) -> _Told:
    answer, why = text(event.get("answer"), 100), text(event.get("why"), 1000)
    by = text(event.get("by"), 200)
    what = f"{text(event.get('what'), 100)} {answer}{f' for {by}' if by else ''}{f': {why}' if why else ''}"
    return "warning" if answer == "refused" else "info", what, ""


def _note(event: Event) -> _Told:
    by = text(event.get("by"), 200)
    return "info", f"{by or 'note'}: {text(event.get('text'))}", ""


def _stopped(event: Event) -> _Told:
    return "warning", text(event.get("what")) or "stopped", "go on with: cilda resume"


def _finished(event: Event) -> _Told:
    splits = mapping(event.get("student"))
    scores = score_words(numbers(next(iter(splits.values()), None)))
    return "good", f"finished{f': {scores}' if scores else ''}", ""


def _failed(event: Event) -> _Told:
    return "error", text(event.get("what")) or "failed", text(event.get("todo"))


_TELLERS: dict[str, Callable[[Event], _Told]] = {
    "started": _started,
    "stage": _stage,
    "evaluation": _evaluation,
    "checkpoint": _checkpoint,
    "teacher": _teacher,
    "layer_map": _layer_map,
    "alert": _alert,
    "request": _request,
    "note": _note,
    "stopped": _stopped,
    "finished": _finished,
    "failed": _failed,
}
