"""One rewritten text, out of an event `augmentation`: what stood there, what came, and what was said of both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, compress
from itertools import count as count_from
from operator import ne
from typing import Any, Literal

from cilda.runs.events import Event, number
from cilda.runs.field import LARGEST_COUNT, count, finite, name, text

_LONGEST_TEXT = 100_000
_MOST_TOKENS = 2048
_LONGEST_TOKEN = 200
_MOST_CLASSES = 1000
_ANSWERS = ("teacher_real", "teacher_soft", "student_real", "student_soft")

SEPARATOR = " | "
"""Between the two texts of a pair."""

Span = tuple[int, int]
"""Where a token begins in its text and where it ends, in characters."""


Side = Literal["real", "soft"]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One rewritten text. What nobody said is empty or None: an older version wrote less."""

    t: float
    turn: int
    id: str
    real: str
    soft: str
    real_tokens: tuple[str, ...]
    soft_tokens: tuple[str, ...]
    drawn: tuple[int, ...]
    """Positions that were rewritten, counted from 0; the token drawn there may be the old one."""
    label: int | float | str | None
    teacher_real: tuple[float, ...]
    """A probability for each class; in regression the one amount. So for the next three."""
    student_real: tuple[float, ...]
    teacher_soft: tuple[float, ...]
    student_soft: tuple[float, ...]
    kl_real: float | None
    """KL(teacher ‖ student) in nats; in regression the distance."""
    kl_soft: float | None
    regression: bool
    epoch: float | None = None
    step: int | None = None
    """Turns of all players when it was written."""
    player: str = ""
    """Whose turn rewrote it; empty where a whole data set was rewritten, or in an older record."""
    real_spans: tuple[Span, ...] = ()
    """Of each drawn token its place in `real`; in `soft_spans` the place in `soft` of what came instead."""
    soft_spans: tuple[Span, ...] = ()
    contrast: float | None = None
    """The text's share of layer_contrast on its rewrite, among the other texts of its batch."""
    entropy: float | None = None
    """Of the generator, in nats: the mean over drawn positions."""
    surprise: float | None = None
    """−log of the generator's probability of what was drawn, in nats: the mean over drawn positions."""
    first_lengths: tuple[int, int] | None = None
    """Of a pair, where its first text ends in `real` and in `soft`, in characters; None for a single text."""
    why: str = ""
    """What it was recorded for: `sample`, `watched` (a text followed through time) or `disagreement`."""

    @property
    def key(self) -> str:
        """What tells it from others: `turn/id`."""
        return f"{self.turn}/{self.id}"

    @property
    def texts_after(self) -> tuple[str, ...]:
        """The rewritten text, or the two of a pair."""
        if self.first_lengths is None:
            return (self.soft,)
        end = self.first_lengths[1]
        return self.soft[:end], self.soft[end + len(SEPARATOR) :]

    @property
    def changed(self) -> tuple[int, ...]:
        """Positions where the token is another one."""
        return tuple(compress(count_from(), map(ne, self.real_tokens, self.soft_tokens)))

    def side(self, which: Side) -> tuple[str, tuple[str, ...], tuple[Span, ...] | None]:
        """The text before or after, its tokens, and where those stand that are others now.

        None where nobody wrote the places down; the tokens and `changed` then have to do.
        """
        text, tokens, spans = (
            (self.real, self.real_tokens, self.real_spans)
            if which == "real"
            else (self.soft, self.soft_tokens, self.soft_spans)
        )
        changed = set(self.changed)
        if len(spans) != len(self.drawn):
            return text, tokens, None
        places = zip(self.drawn, spans, strict=True)
        return text, tokens, tuple(sorted(span for position, span in places if position in changed))

    @property
    def teacher_flips(self) -> bool:
        """Whether the teacher says another class after the rewriting."""
        return _differ(self.teacher_real, self.teacher_soft)

    @property
    def student_flips(self) -> bool:
        """Whether the student says another class after the rewriting."""
        return _differ(self.student_real, self.student_soft)

    @property
    def disagree_real(self) -> bool:
        """Whether teacher and student say different classes before the rewriting."""
        return _differ(self.teacher_real, self.student_real)

    @property
    def disagree(self) -> bool:
        """Whether teacher and student say different classes after the rewriting."""
        return _differ(self.teacher_soft, self.student_soft)

    @property
    def gain(self) -> float | None:
        """By how much the rewriting has driven teacher and student apart."""
        return None if self.kl_real is None or self.kl_soft is None else self.kl_soft - self.kl_real


def rewrite_of(event: Event) -> Rewrite | None:
    """What an event `augmentation` says; None where it holds no two texts. Fields of another form count as missing."""
    real, soft = event.get("real"), event.get("soft")
    if not isinstance(real, str) or not isinstance(soft, str):
        return None
    said = {key: event.get(key) for key in _ANSWERS}
    regression = any(number(value) is not None for value in said.values())
    apart = "gap" if regression else "kl"
    return Rewrite(
        t=event["t"],
        turn=count(event.get("turn")) or 0,
        id=name(str(event["id"]) if isinstance(event.get("id"), int) else event.get("id")),
        real=text(real, _LONGEST_TEXT),
        soft=text(soft, _LONGEST_TEXT),
        real_tokens=_tokens(event.get("real_tokens")),
        soft_tokens=_tokens(event.get("soft_tokens")),
        drawn=_positions(event.get("drawn")),
        label=_label(event.get("label")),
        kl_real=number(event.get(f"{apart}_real")),
        kl_soft=number(event.get(f"{apart}_soft")),
        regression=regression,
        epoch=finite(event.get("epoch")),
        step=count(event.get("step")),
        player=name(event.get("player")),
        real_spans=_spans(event.get("real_spans"), len(real)),
        soft_spans=_spans(event.get("soft_spans"), len(soft)),
        contrast=number(event.get("contrast")),
        entropy=number(event.get("entropy")),
        surprise=number(event.get("surprise")),
        why=name(event.get("why")),
        first_lengths=_first_lengths(event.get("first_lengths"), real, soft),
        **{key: _answers(value) for key, value in said.items()},
    )


# A million records are read one by one. Nearly all their lists hold what they should: that is asked of all members at
# once, and of each only where the answer is no, which halves the time.


def _all(kind: type, members: list[Any]) -> bool:
    return set(map(type, members)) == {kind}


def _tokens(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    value = value[:_MOST_TOKENS]
    try:
        if len("".join(value)) <= _LONGEST_TOKEN:
            return tuple(value)
    except TypeError:
        pass
    return tuple(text(token, _LONGEST_TOKEN) for token in value)


def _positions(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    if len(value) <= _MOST_TOKENS and _all(int, value) and min(value) >= 0 and max(value) <= LARGEST_COUNT:
        return tuple(value)
    return tuple(found for one in value[:_MOST_TOKENS] if (found := count(one)) is not None)


def _spans(value: object, length: int) -> tuple[Span, ...]:
    """All spans of a text of this length; none where one of them is none."""
    if not isinstance(value, list):
        return ()
    value = value[:_MOST_TOKENS]
    try:
        spans = tuple([(begin, end) for begin, end in value])
    except (TypeError, ValueError):
        return ()
    ends = [*chain.from_iterable(spans)]
    if ends and _all(int, ends) and ends[0] >= 0 and ends[-1] <= length and ends == sorted(ends):
        return spans
    found: list[Span] = []
    for one in value:
        span = _positions(one)
        if len(span) != 2 or not span[0] <= span[1] <= length:
            return ()
        found.append((span[0], span[1]))
    return tuple(found)


def _first_lengths(value: object, real: str, soft: str) -> tuple[int, int] | None:
    """Where the first text of a pair ends; None where no text ends there."""
    ends = _positions(value)
    if len(ends) != 2 or any(
        text[end : end + len(SEPARATOR)] != SEPARATOR for text, end in zip((real, soft), ends, strict=True)
    ):
        return None
    return ends[0], ends[1]


def _answers(value: object) -> tuple[float, ...]:
    """A list of numbers, or one alone; none where one of them is no number."""
    if isinstance(value, list) and len(value) <= _MOST_CLASSES and _all(float, value):
        return tuple(value)
    found = [number(one) for one in (value[:_MOST_CLASSES] if isinstance(value, list) else [value])]
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) else ()


def _label(value: object) -> int | float | str | None:
    return name(value) if isinstance(value, str) else value if type(value) is int else number(value)


def _differ(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two answers are of different classes; of amounts nobody can say so."""
    return len(one) == len(other) > 1 and one.index(max(one)) != other.index(max(other))
