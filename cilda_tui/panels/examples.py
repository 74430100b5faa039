"""A rewritten text: before and after, its changed tokens, what teacher and student said, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cilda.rewrites.rewrite import Rewrite
from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.classes import class_named, gold_label, in_short
from cilda_tui.panels.marked_text import SIDES, first_changed, laid, window, words_in
from cilda_tui.panels.pane import Piece, clock, fitted, put_pieces, safe, titled
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

_LABEL = 6
_NAME = 16


def chosen_examples(view: RunView, ui: Ui) -> list[Rewrite]:
    """Those that were there at the playhead and pass the filter, the oldest first."""
    found = view.examples if ui.playhead is None else view.examples.until(ui.playhead)
    wanted = ui.example_filter.casefold()
    if not wanted and not ui.only_disagreements:
        return list(found)
    return [
        example
        for example in found
        if (not ui.only_disagreements or example.disagree or example.disagree_real)
        and (not wanted or wanted in f"{example.real}\n{example.soft}\n{example.id}".casefold())
    ]


def draw_examples(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """The example that the viewer stepped to, or the newest."""
    chosen = chosen_examples(view, ui)
    place = _place(chosen, ui)
    example = chosen[place] if chosen else None
    right = _facts(ui, example, place, len(chosen), glyphs)
    frame = titled("examples", "augmented texts", ui, width, height, glyphs, right=right)
    if example is None:
        filtered = len(view.examples) > 0 and (ui.only_disagreements or ui.example_filter)
        said = "no text passes the filter" if filtered else "no text was rewritten yet"
        frame.put(2, 1, said, "dim")
        return frame
    row = _put_pair(frame, 1, example, ui, view.labels, glyphs)
    # Where there is room left, the ones before it, in short.
    for older in reversed(chosen[:place]):
        if height - row < 4:
            break
        row = _put_older(frame, row, older, ui, view.labels, glyphs)
    return frame


def _put_pair(frame: Frame, row: int, example: Rewrite, ui: Ui, labels: Sequence[str], glyphs: Glyphs) -> int:
    """Both texts, and below them what was said of them; gives the row behind."""
    width, room = frame.width - 3, max(0, frame.height - row)
    # The texts come first: what was said of them takes what they leave.
    answers = _answers(example, labels, width, glyphs, max(0, room - 2))
    texts = _texts(example, max(1, width - _LABEL), glyphs, room - len(answers), wanted=ui.example_filter)
    row = _put_texts(frame, row, texts)
    if frame.height - row > len(answers):
        row += 1
    for pieces in answers[: frame.height - row]:
        put_pieces(frame, 2, row, pieces)
        row += 1
    return row


def _put_older(frame: Frame, row: int, example: Rewrite, ui: Ui, labels: Sequence[str], glyphs: Glyphs) -> int:
    """An older pair below a thin line: its texts, and all answers in one row; gives the row behind."""
    frame.fill(2, row, frame.width - 3, 1, glyphs.dash, "grid")
    at = f" turn {example.turn:,} "
    frame.put_right(frame.width - 2, row, at, "dim")
    texts = _texts(example, max(1, frame.width - 3 - _LABEL), glyphs, frame.height - row - 2, wanted=ui.example_filter)
    row = _put_texts(frame, row + 1, texts)
    for pieces in _answers(example, labels, frame.width - 3, glyphs, 1):
        put_pieces(frame, 2, row, pieces)
        row += 1
    return row


def _put_texts(frame: Frame, row: int, texts: tuple[list[list[Piece]], list[list[Piece]]]) -> int:
    for name, lines in zip(("real", "soft"), texts, strict=True):
        frame.put(2, row, name, "dim")
        for pieces in lines:
            put_pieces(frame, 2 + _LABEL, row, pieces)
            row += 1
    return row


def _place(chosen: Sequence[Rewrite], ui: Ui) -> int:
    if ui.pinned is not None:
        for place, example in enumerate(chosen):
            if example.key == ui.pinned:
                return place
    return max(0, len(chosen) - 1 - ui.example)


def _facts(ui: Ui, example: Rewrite | None, place: int, count: int, glyphs: Glyphs) -> list[Piece]:
    facts: list[Piece] = []
    if ui.example_filter:
        facts.append((f"/{safe(ui.example_filter, glyphs, 20)}", "focus"))
    if ui.only_disagreements:
        facts.append(("disagreements", "warn"))
    if example is not None:
        facts += [(safe(example.id, glyphs, 20), "dim"), (clock(example.t), "dim"), (f"turn {example.turn:,}", "dim")]
        facts.append((f"{place + 1} of {count}", "dim" if place + 1 == count else "frozen"))
    return facts


def _texts(
    example: Rewrite, cells: int, glyphs: Glyphs, rows: int, *, wanted: str
) -> tuple[list[list[Piece]], list[list[Piece]]]:
    """Both texts in lines: each as many as it needs, both together no more than the rows there are."""
    both = [laid(words_in(example, side), cells, glyphs, wanted) for side in SIDES]
    half = max(1, rows // 2)
    need_real, need_soft = len(both[0]), len(both[1])
    real = min(need_real, max(half, rows - need_soft))
    soft = min(need_soft, max(0, rows - real))
    first = first_changed(both[1])
    return window(both[0], real, first, glyphs, cells), window(both[1], soft, first, glyphs, cells)


def _answers(example: Rewrite, labels: Sequence[str], width: int, glyphs: Glyphs, most: int) -> list[list[Piece]]:
    """What both models said before and after, and how far apart they are: a row each, or side by side in fewer."""
    said = [
        ("teacher", example.teacher_real, example.teacher_soft, example.teacher_flips),
        ("student", example.student_real, example.student_soft, example.student_flips),
    ]
    said = [one for one in said if one[1] or one[2]]
    apart = _apart(example, labels, glyphs)
    if most >= len(said) + bool(apart):
        rows = [_answer(*one, example, labels, width, glyphs) for one in said]
        return [*rows, fitted(apart, width)] if apart else rows
    if not most:
        return []
    beside = [_answer_in_short(*one, example, labels, glyphs) for one in said]
    if most == 1 or not apart:
        return [fitted([*beside, *apart], width)]
    return [fitted(beside, width), fitted(apart, width)]


def _answer_in_short(
    name: str,
    real: Sequence[float],
    soft: Sequence[float],
    flips: bool,
    example: Rewrite,
    labels: Sequence[str],
    glyphs: Glyphs,
) -> list[Piece]:
    """`teacher 1: 0.98 → 0: 0.71 flips`."""
    whole = example.regression or len(real) < 2 or len(soft) < 2
    parts = [
        in_short(of[0] if of else None)
        if whole
        else f"{safe(class_named(of.index(max(of)), labels, ''), glyphs, _NAME)}: {max(of):.2f}"
        for of in (real, soft)
    ]
    return [(f"{name} ", "dim"), (f" {glyphs.arrow} ".join(parts), ""), (" flips" if flips else "", "warn")]


def _answer(
    name: str,
    real: Sequence[float],
    soft: Sequence[float],
    flips: bool,
    example: Rewrite,
    labels: Sequence[str],
    width: int,
    glyphs: Glyphs,
) -> list[Piece]:
    arrow = f" {glyphs.arrow} "
    if example.regression or len(real) < 2 or len(soft) < 2:
        values = arrow.join(in_short(of[0] if of else None) for of in (real, soft))
        return fitted([[(f"{name} ", "dim"), (values, "")]], width)
    before, after = real.index(max(real)), soft.index(max(soft))
    bar = 8 if width >= 60 else 0
    facts: list[list[Piece]] = [
        [
            (f"{name} ", "dim"),
            *_class(before, real, labels, bar, glyphs),
            (arrow, "dim"),
            *_class(after, soft, labels, bar, glyphs),
        ]
    ]
    if flips:
        facts.append([("flips", "warn")])
    elif before != after or len(real) != len(soft):
        facts.append([("?", "dim")])
    if width >= 84:
        moved = soft[before] - real[before] if before < len(soft) else math.nan
        facts.append([(f"{safe(class_named(before, labels), glyphs, _NAME)}: {moved:+.2f}", "dim")])
    return fitted(facts, width)


def _class(place: int, answers: Sequence[float], labels: Sequence[str], bar: int, glyphs: Glyphs) -> list[Piece]:
    """The likeliest class with its probability: `1 .98`, and a bar where there is room."""
    drawn = [(f" {glyphs.bar(answers[place], bar)}", "line.0")] if bar else []
    return [(safe(class_named(place, labels), glyphs, _NAME), "strong"), *drawn, (f" {answers[place]:.2f}", "")]


def _apart(example: Rewrite, labels: Sequence[str], glyphs: Glyphs) -> list[list[Piece]]:
    facts: list[list[Piece]] = []
    name = "gap" if example.regression else "KL"
    if example.kl_real is not None or example.kl_soft is not None:
        values = f"{in_short(example.kl_real)} {glyphs.arrow} {in_short(example.kl_soft)}"
        gain = example.gain
        more = "" if gain is None or not math.isfinite(gain) else f" ({gain:+.3f})"
        facts.append([(f"{name:7} ", "dim"), (values, ""), (more, "strong")])
    if example.disagree:
        facts.append([("they disagree", "warn")])
    elif example.disagree_real:
        facts.append([("they disagreed before", "warn")])
    if example.label is not None:
        facts.append([("label ", "dim"), (safe(gold_label(example, labels), glyphs, _NAME), "")])
    return facts
