"""The rewrite under the bar: both texts, what was said of them, how far apart the two models are, what was noted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.cells import cell_len

from cilda.rewrites.rewrite import Rewrite
from cilda.rewrites.tokens import blank_of, reading
from cilda_tui.browser.answers import Line, answer_lines, measure_line, missing_line, verdict_line
from cilda_tui.browser.state import State
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.marked_text import SIDES, laid, words_in
from cilda_tui.panels.pane import Piece, clock, fitted, safe
from cilda_tui.safe import wrapped

_LABEL = 8
_MOST_SWAPS, _SWAP_CELLS = 200, 24
_LEAST_BESIDE = 70


def detail_lines(
    rewrite: Rewrite, place: int, state: State, labels: Sequence[str], width: int, glyphs: Glyphs
) -> list[Line]:
    """All of it in lines: the note, both texts, what was said of them, what is missing."""
    if width < 1:
        return []
    texts = _texts(rewrite, state, width, glyphs)
    said = [
        *(line for line in [verdict_line(rewrite, labels, width, glyphs)] if line),
        *answer_lines(rewrite, labels, width, glyphs),
        *(line for line in [measure_line(rewrite, width)] if line),
        *_swaps(rewrite, width, glyphs),
        *(line for line in [missing_line(rewrite, width, glyphs)] if line),
    ]
    note = state.note_on(place)
    noted: list[Line] = []
    if note:
        lines = wrapped(safe(note, glyphs), max(1, width - _LABEL))
        noted = [
            [("note".ljust(_LABEL) if not at else " " * _LABEL, "key"), (line, "")] for at, line in enumerate(lines)
        ]
    return [*noted, *texts, *said]


def head_facts(rewrite: Rewrite, glyphs: Glyphs, width: int) -> Line:
    """Which rewrite it is: its id, when it was written, by whose turn, what for."""
    facts: list[Line] = [[(safe(rewrite.id or "no id", glyphs, 24), "strong")]]
    if rewrite.step is not None:
        facts.append([("step ", "dim"), (f"{rewrite.step:,}", "")])
    facts.append([("turn ", "dim"), (f"{rewrite.turn:,}", "")])
    if rewrite.epoch is not None:
        facts.append([("epoch ", "dim"), (f"{rewrite.epoch:.3g}", "")])
    if rewrite.player:
        facts.append([("by ", "dim"), (safe(rewrite.player, glyphs, 16), "")])
    if rewrite.why:
        facts.append([(safe(rewrite.why, glyphs, 16), "dim")])
    facts.append([(clock(rewrite.t), "dim")])
    return fitted(facts, width)


def _texts(rewrite: Rewrite, state: State, width: int, glyphs: Glyphs) -> list[Line]:
    if width >= _LEAST_BESIDE and not state.stacked:
        half = (width - 3) // 2
        real, soft = (laid(words_in(rewrite, side), half, glyphs, state.phrase) for side in SIDES)
        head: Line = [("text".ljust(half + 3), "title"), ("rewrite", "title")]
        bar: Piece = (f" {glyphs.vertical} ", "grid")
        rows = zip_longest(real, soft, fillvalue=list[Piece]())
        return [head, *([*_padded(one, half), bar, *other] for one, other in rows)]
    lines: list[Line] = []
    for side, name in zip(SIDES, ("text", "rewrite"), strict=True):
        for at, line in enumerate(laid(words_in(rewrite, side), max(1, width - _LABEL), glyphs, state.phrase)):
            lines.append([((name if not at else "").ljust(_LABEL), "dim"), *line])
    return lines


def _swaps(rewrite: Rewrite, width: int, glyphs: Glyphs) -> list[Line]:
    """Token by token what stood there and what came."""
    blanks = [blank_of(tokens) for tokens in (rewrite.real_tokens, rewrite.soft_tokens)]
    lines: list[Line] = []
    used = width
    for place in rewrite.changed[:_MOST_SWAPS]:
        old, new = (
            safe(reading(tokens[place], blank)[0] or "␣", glyphs, _SWAP_CELLS)
            for tokens, blank in zip((rewrite.real_tokens, rewrite.soft_tokens), blanks, strict=True)
        )
        swap: Line = [(old, "dim"), (f" {glyphs.arrow} ", "dim"), (new, "changed")]
        cells = sum(cell_len(text) for text, _ in swap)
        if used + 3 + cells > width:
            lines.append([("swapped " if not lines else " " * _LABEL, "dim")])
            used = _LABEL
        elif used > _LABEL:
            lines[-1].append(("   ", ""))
            used += 3
        lines[-1] += swap
        used += cells
    return lines


def _padded(line: Sequence[Piece], cells: int) -> Line:
    used = sum(cell_len(text) for text, _ in line)
    return [*line, (" " * max(0, cells - used), "")]
