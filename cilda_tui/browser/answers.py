"""What teacher and student said of both texts, class by class, as bars; how far apart they are; what nobody said."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.cells import cell_len

from cilda.rewrites.rewrite import Rewrite
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.classes import class_named, gold_label, in_short
from cilda_tui.panels.pane import Piece, fitted, safe

Line = list[Piece]

_MOST_CLASSES = 12
_MISSING = {
    "step": "step", "epoch": "epoch", "player": "whose turn", "why": "why", "entropy": "entropy",
    "surprise": "surprise", "contrast": "contrast", "teacher_soft": "teacher on the rewrite",
    "student_soft": "student on the rewrite", "teacher_real": "teacher on the text",
    "student_real": "student on the text", "kl_soft": "KL on the rewrite", "kl_real": "KL on the text",
}  # fmt: skip


def answer_lines(rewrite: Rewrite, labels: Sequence[str], width: int, glyphs: Glyphs) -> list[Line]:
    """A row a class: both models on the text, both on the rewrite; of an amount one row."""
    said = [rewrite.teacher_real, rewrite.student_real, rewrite.teacher_soft, rewrite.student_soft]
    classes = max(map(len, said))
    if not classes:
        return []
    if rewrite.regression or classes < 2:
        return [_amounts(rewrite, glyphs)]
    shown = _likeliest(said, classes)
    names = {place: safe(class_named(place, labels), glyphs, 20) for place in shown}
    name_cells = min(max(7, *map(cell_len, names.values())), max(7, width // 5))
    each = min(24, (width - name_cells) // 4)
    if each < 6:
        return [_in_short(rewrite, labels, glyphs, width)]
    lines = _heads(name_cells, each)
    for place in shown:
        name = names[place]
        row: Line = [(name + " " * (name_cells - cell_len(name)), "strong" if place == rewrite.label else "")]
        row += [piece for one in said for piece in _bar(one, place, each, glyphs)]
        lines.append(row)
    if len(shown) < classes:
        lines.append([(f"and {classes - len(shown):,} classes less likely", "dim")])
    return lines


def _heads(name_cells: int, each: int) -> list[Line]:
    """Which text and which model: in one row where that has room."""
    before: Piece = (" " * name_cells, "")
    models = ("teacher", "student")
    if each >= 17:
        return [[before, *((f"  {on} {who}".ljust(each), "title") for on in ("text", "rewrite") for who in models)]]
    return [
        [before, ("  text".ljust(2 * each), "title"), ("  rewrite", "title")],
        [before, *((f"  {who}".ljust(each)[:each], "dim") for who in models * 2)],
    ]


def verdict_line(rewrite: Rewrite, labels: Sequence[str], width: int, glyphs: Glyphs) -> Line:
    """Gold label, KL before and after, who flips, whether they agree."""
    facts: list[Line] = []
    if rewrite.label is not None:
        facts.append([("gold ", "dim"), (safe(gold_label(rewrite, labels), glyphs, 20), "strong")])
    name = "gap" if rewrite.regression else "KL"
    if rewrite.kl_real is not None or rewrite.kl_soft is not None:
        values = f"{in_short(rewrite.kl_real)} {glyphs.arrow} {in_short(rewrite.kl_soft)}"
        gain = rewrite.gain
        more = f" ({gain:+.3f})" if gain is not None and math.isfinite(gain) else ""
        facts.append([(f"{name} ", "dim"), (values, ""), (more, "strong")])
    for who, flips in (("teacher", rewrite.teacher_flips), ("student", rewrite.student_flips)):
        if flips:
            facts.append([(f"{who} flips", "warn")])
    if rewrite.disagree or rewrite.disagree_real:
        facts.append([("they disagree" if rewrite.disagree else "they disagreed before", "warn")])
    return fitted(facts, width)


def measure_line(rewrite: Rewrite, width: int) -> Line:
    """What was measured of the generator: its entropy and surprise, contrast, tokens drawn and changed."""
    facts: list[Line] = [
        [(f"{name} ", "dim"), (in_short(value), "")]
        for name, value in (
            ("entropy", rewrite.entropy), ("surprise", rewrite.surprise), ("contrast", rewrite.contrast),
        )
        if value is not None
    ]  # fmt: skip
    if rewrite.real_tokens:
        count = len(rewrite.real_tokens)
        words = f"{count} token{'s' if count != 1 else ''}, {len(rewrite.drawn)} drawn, {len(rewrite.changed)} changed"
        facts.append([(words, "dim")])
    return fitted(facts, width)


def missing_line(rewrite: Rewrite, width: int, glyphs: Glyphs) -> Line:
    """What nobody wrote down; nothing where all is there."""
    missing = [words for name, words in _MISSING.items() if getattr(rewrite, name) in (None, "", ())]
    if rewrite.drawn and not rewrite.real_spans:
        missing.append("places of the words")
    return [(safe(f"not recorded: {', '.join(missing)}", glyphs, width), "dim")] if missing else []


def _likeliest(said: Sequence[Sequence[float]], classes: int) -> list[int]:
    """The classes that anybody finds likely, as many as are shown, in their order."""
    most = [max((one[place] for one in said if place < len(one)), default=0.0) for place in range(classes)]
    return sorted(sorted(range(classes), key=lambda place: -most[place])[:_MOST_CLASSES])


def _bar(answers: Sequence[float], place: int, cells: int, glyphs: Glyphs) -> Line:
    if place >= len(answers):
        return [("  ?".ljust(cells), "dim")]
    value, top = answers[place], answers[place] == max(answers)
    words = f"{value:.3f}" if cells >= 14 else f"{value:.2f}"
    fraction = value if math.isfinite(value) else 0.0
    # The likeliest is told by a sign as well.
    sign = glyphs.chosen if top else " "
    bar = glyphs.bar(fraction, max(0, cells - len(words) - 4))
    drawn = f" {sign}{bar} {words}"
    return [(drawn[:cells].ljust(cells), "line.0" if top else "")]


def _amounts(rewrite: Rewrite, glyphs: Glyphs) -> Line:
    facts: Line = []
    for name, real, soft in (
        ("teacher", rewrite.teacher_real, rewrite.teacher_soft),
        ("student", rewrite.student_real, rewrite.student_soft),
    ):
        values = f" {glyphs.arrow} ".join(in_short(one[0] if one else None) for one in (real, soft))
        facts += [(f"{name} ", "dim"), (f"{values}   ", "")]
    return facts


def _in_short(rewrite: Rewrite, labels: Sequence[str], glyphs: Glyphs, width: int) -> Line:
    facts: list[Line] = []
    for name, real, soft in (
        ("teacher", rewrite.teacher_real, rewrite.teacher_soft),
        ("student", rewrite.student_real, rewrite.student_soft),
    ):
        parts = [f"{class_named(of.index(max(of)), labels)} {max(of):.2f}" if of else "?" for of in (real, soft)]
        facts.append([(f"{name} ", "dim"), (safe(f" {glyphs.arrow} ".join(parts), glyphs), "")])
    return fitted(facts, width)
