"""What takes a moment: neighbours of a rewrite, rewrites as a file, one of them as a text for the clipboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from cilda.rewrites.index import Index
from cilda.rewrites.query_order import read
from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.table_file import ENDINGS, new_file
from cilda.rewrites.tables import write_table
from cilda_tui.panels.classes import class_named, in_short


def neighbour(index: Index, place: int, of: str, by: int) -> tuple[int | None, str]:
    """The rewrite of the same text, or of the same turn, that comes `by` further; and words about where it is.

    None, and why, where there is none.

    Raises:
        IndexError: there is no such place.
    """
    places = index.same_text(place) if of == "text" else _same_turn(index, place)
    at = int(np.flatnonzero(places == place)[0])
    what = "of the same text" if of == "text" else "of the same turn"
    if len(places) == 1:
        return None, f"no other rewrite {what}"
    if not 0 <= at + by < len(places):
        return None, f"the {'last' if by > 0 else 'first'} of {len(places):,} {what}"
    return int(places[at + by]), f"{at + by + 1:,} of {len(places):,} {what}"


def place_of(index: Index, seconds: float, text_id: str) -> int | None:
    """Where the rewrite of a text lies that was written at that time; None where it is not indexed."""
    for place in np.flatnonzero(index.column("time") == seconds).tolist():
        if index.rewrite(place).id == text_id:
            return int(place)
    return None


def free_path(text: str) -> Path:
    """The path that was typed, of the user's home where it begins with a tilde."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def export(
    index: Index, places: np.ndarray, path: Path, labels: Sequence[str], looking: Callable[[], None] = lambda: None
) -> int:
    """Writes these rewrites into a file, in the format that its ending names; gives how many they were.

    `looking` is called for each, and may raise to end it: then there is no file.

    Raises:
        OSError: the disk refused.
        CildaError: a rewrite can no longer be read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as file:
        return write_table(_seen(read(index, places), looking), ENDINGS[path.suffix.lower()], file, labels)


def _seen(rewrites: Iterable[Rewrite], looking: Callable[[], None]) -> Iterator[Rewrite]:
    for rewrite in rewrites:
        looking()
        yield rewrite


def copied_text(rewrite: Rewrite, labels: Sequence[str]) -> str:
    """A rewrite as a few plain lines."""
    lines = [f"text\t{rewrite.real}", f"rewrite\t{rewrite.soft}"]
    for who, real, soft in (
        ("teacher", rewrite.teacher_real, rewrite.teacher_soft),
        ("student", rewrite.student_real, rewrite.student_soft),
    ):
        if real or soft:
            said = [_said(answers, labels, regression=rewrite.regression) for answers in (real, soft)]
            lines.append(f"{who}\t{said[0]}\t{said[1]}")
    name = "gap" if rewrite.regression else "KL"
    lines.append(f"{name}\t{in_short(rewrite.kl_real)}\t{in_short(rewrite.kl_soft)}")
    lines.append(f"id {rewrite.id}, turn {rewrite.turn}" + ("" if rewrite.step is None else f", step {rewrite.step}"))
    return "\n".join(lines) + "\n"


def _said(answers: Sequence[float], labels: Sequence[str], *, regression: bool) -> str:
    if not answers:
        return "?"
    if regression or len(answers) < 2:
        return in_short(answers[0])
    top = answers.index(max(answers))
    return f"{class_named(top, labels)} {answers[top]:.3f}"


def _same_turn(index: Index, place: int) -> np.ndarray:
    """Turns are counted for each player: those of another player with the same number lie at another step."""
    turns = index.column("turn")
    found = np.flatnonzero(turns == turns[place])
    steps = index.column("step")[: len(turns)]
    if not np.isnan(steps[place]):
        found = found[steps[found] == steps[place]]
    return found if place in found else np.array([place])
