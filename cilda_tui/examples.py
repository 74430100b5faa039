"""Texts that the generator rewrote, with what both models said of them before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from cilda.runs.events import Event, number
from cilda_tui.field import count, finite, name, text
from cilda_tui.thinned import Thinned

MOST_EXAMPLES = 2000
MOST_BYTES = 20_000_000
"""What their texts may take together."""

_LONGEST_TEXT = 100_000
_MOST_TOKENS = 2048
_LONGEST_TOKEN = 200
_MOST_CLASSES = 1000
_PER_TEXT = 64


@dataclass(frozen=True, slots=True)
class Example:
    """One rewritten text. What nobody said is empty or None."""

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

    @property
    def key(self) -> str:
        """What tells it from others: `turn/id`."""
        return f"{self.turn}/{self.id}"

    @property
    def changed(self) -> tuple[int, ...]:
        """Positions where the token is another one."""
        pairs = zip(self.real_tokens, self.soft_tokens, strict=False)
        return tuple(place for place, (real, soft) in enumerate(pairs) if real != soft)

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


class Examples(Sequence[Example]):
    """The rewritten texts of a run, oldest first: the newest all, older ones thinned evenly, in bounded memory."""

    def __init__(self) -> None:
        self.seen = 0
        """How many there were, the thinned ones included."""
        self._kept: Thinned[Example] = Thinned(MOST_EXAMPLES, heaviest=MOST_BYTES, weigh=_bytes)

    def take(self, event: Event) -> None:
        """Takes an event `augmentation`."""
        example = _example(event)
        if example is not None:
            self.seen += 1
            self._kept.add(example.t, example)

    def until(self, seconds: float) -> Sequence[Example]:
        """Those that were there at a time."""
        return self._kept.until(seconds)

    @property
    def newest(self) -> Example | None:
        """The newest; None before the first."""
        return self._kept[-1] if self._kept else None

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, place: int) -> Example: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Example]: ...
    def __getitem__(self, place: int | slice) -> Example | Sequence[Example]:
        return self._kept[place]


def _example(event: Event) -> Example | None:
    real, soft = event.get("real"), event.get("soft")
    if not isinstance(real, str) or not isinstance(soft, str):
        return None
    said = {
        f"{who}_{sight}": event.get(f"{who}_{sight}") for who in ("teacher", "student") for sight in ("real", "soft")
    }
    regression = any(number(value) is not None for value in said.values())
    apart = "gap" if regression else "kl"
    return Example(
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
        **{key: _answers(value) for key, value in said.items()},
    )


def _tokens(value: object) -> tuple[str, ...]:
    return tuple(text(token, _LONGEST_TOKEN) for token in value[:_MOST_TOKENS]) if isinstance(value, list) else ()


def _positions(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(found for one in value[:_MOST_TOKENS] if (found := count(one)) is not None)


def _answers(value: object) -> tuple[float, ...]:
    """A list of numbers, or one alone; none where one of them is no number."""
    found = [number(one) for one in (value[:_MOST_CLASSES] if isinstance(value, list) else [value])]
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) else ()


def _label(value: object) -> int | float | str | None:
    return name(value) if isinstance(value, str) else value if type(value) is int else number(value)


def _differ(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two answers are of different classes; of amounts nobody can say so."""
    return len(one) == len(other) > 1 and one.index(max(one)) != other.index(max(other))


def _bytes(example: Example) -> float:
    tokens = (*example.real_tokens, *example.soft_tokens)
    letters = len(example.real) + len(example.soft) + sum(map(len, tokens))
    # Letters beyond Latin take two or four bytes: told in the middle.
    return 2 * letters + _PER_TEXT * (len(tokens) + 8) + 32 * len(example.drawn) + 32 * 4 * len(example.teacher_real)
