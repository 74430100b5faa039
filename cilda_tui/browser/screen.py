"""The whole browser in one frame: what is listed, the list, the rewrite under the bar, keys or what is typed."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from cilda.rewrites.rewrite import Rewrite
from cilda_tui.browser.detail import detail_lines, head_facts
from cilda_tui.browser.draw_list import draw_list
from cilda_tui.browser.keymap import KEYS, help_groups, matching
from cilda_tui.browser.keys import shown_place
from cilda_tui.browser.sight import Sight
from cilda_tui.browser.state import State
from cilda_tui.browser.typing import columns_matching, mistake
from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.footer import key_facts
from cilda_tui.panels.pane import Piece, fitted, levels, put_pieces, safe
from cilda_tui.safe import cut, wrapped
from cilda_tui.screens.help import draw_keys, keys_rows
from cilda_tui.screens.palette import draw_choices
from cilda_tui.screens.prompt import draw_prompt

_CURVE = 20
_MORE = 8
_LEAST_DETAIL, _ENOUGH_DETAIL = 4, 12
_FEW_ROWS_SHARE, _MANY_ROWS_SHARE = 0.55, 0.4


@dataclass(frozen=True)
class Parts:
    """How many rows each part of the screen has, from above: the head is one, heads of columns belong to the list."""

    list_rows: int
    detail_rows: int

    @property
    def page(self) -> int:
        """Rewrites of the list that are seen at once."""
        return max(0, self.list_rows - 1)

    @property
    def detail_page(self) -> int:
        """Lines of the rewrite that are seen at once, below its own head."""
        return max(0, self.detail_rows - 1)


def parts_of(state: State, height: int) -> Parts:
    """How the screen is shared out."""
    room = max(0, height - 2)
    if state.zoomed:
        return Parts(0, room)
    detail = max(min(_ENOUGH_DETAIL, round(_FEW_ROWS_SHARE * room)), round(_MANY_ROWS_SHARE * room))
    if detail < _LEAST_DETAIL:
        return Parts(room, 0)
    return Parts(room - detail, detail)


def rows_of_detail(state: State, sight: Sight, width: int, glyphs: Glyphs) -> int:
    """How many lines the rewrite under the bar takes."""
    place = shown_place(state, sight)
    rewrite = None if place is None else sight.rows.get(place)
    if place is None or not isinstance(rewrite, Rewrite):
        return 1
    return len(detail_lines(rewrite, place, state, sight.labels, max(0, width - 4), glyphs))


def rows_of_help(width: int, glyphs: Glyphs) -> int:
    """How many rows the help takes."""
    return keys_rows(help_groups(), width, glyphs)


def draw_browser(state: State, sight: Sight, width: int, height: int, glyphs: Glyphs) -> Frame:
    """Everything, as it looks now."""
    if state.overlay == "help":
        return draw_keys(help_groups(), state.overlay_offset, width, height, glyphs)
    frame = Frame(width, height)
    if width < 1 or height < 1:
        return frame
    parts = parts_of(state, height)
    _put_head(frame, state, sight, glyphs)
    if parts.list_rows:
        frame.paste(draw_list(state, sight, width, parts.list_rows, glyphs), 0, 1)
    if parts.detail_rows:
        frame.paste(_draw_detail(state, sight, width, parts.detail_rows, glyphs), 0, 1 + parts.list_rows)
    if height > 1:
        _put_last_row(frame, state, sight, glyphs)
    return frame


def _put_head(frame: Frame, state: State, sight: Sight, glyphs: Glyphs) -> None:
    frame.fill(0, 0, frame.width, 1, glyphs.horizontal, "grid")
    if state.through is not None:
        title = "one text through time"
    elif state.only_marked:
        title = "marked"
    else:
        title = "rewrites"
    end = frame.put(1, 0, cut(f" {title} ", frame.width - 2, glyphs.ellipsis), "title")
    at = f"{sight.at + 1:,} of {sight.count:,}" if sight.count else "none"
    facts: list[list[Piece]] = [[(f" {at} ", "strong")]]
    if not sight.whole:
        facts.append([(" looking ", "warn")])
    if sight.known_fraction < 1:
        # Rounded down, and told rarely: each change costs bytes.
        facts.append([(f" {int(20 * sight.known_fraction) * 5}% read ", "warn")])
    if sight.trouble:
        # Where nothing is listed it stands in the list.
        facts.append([(f" {safe(sight.trouble, glyphs, 50)} " if sight.count else "", "bad")])
    if state.through is not None and len(sight.course) > 1:
        curve = levels(sight.course, min(_CURVE, len(sight.course)), glyphs)
        facts.append([(" KL ", "dim"), (f"{curve} ", "line.0")])
    if state.phrase:
        found = f"{len(sight.hits):,}{'+' if sight.searching else ''}"
        facts.append([(f" /{safe(state.phrase, glyphs, 20)} {found} ", "focus")])
    if state.where and state.through is None:
        facts.append([(f" {safe(state.where, glyphs, 36)} ", "focus")])
    if state.order is not None and state.through is None:
        arrow = glyphs.fall if state.order.falling else glyphs.rise
        facts.append([(f" by {state.order.column} {arrow} ", "focus")])
    if state.marks:
        facts.append([(f" {len(state.marks):,} marked ", "key")])
    facts.append([(f" {safe(sight.run, glyphs, 40)} ", "dim")])
    pieces = fitted(facts, max(0, frame.width - end - 2), 0)
    put_pieces(frame, frame.width - 1 - sum(cell_len(text) for text, _ in pieces), 0, pieces)


def _draw_detail(state: State, sight: Sight, width: int, height: int, glyphs: Glyphs) -> Frame:
    frame = Frame(width, height)
    frame.fill(0, 0, width, 1, glyphs.horizontal, "grid")
    place = shown_place(state, sight)
    if place is None:
        return frame
    rewrite = sight.rows.get(place)
    if not isinstance(rewrite, Rewrite):
        words = "reading" if rewrite is None else safe(rewrite, glyphs)
        for y, part in enumerate(wrapped(words, max(0, width - 4))[: height - 1], start=1):
            frame.put(2, y, part, "dim" if rewrite is None else "warn")
        return frame
    facts: list[Piece] = head_facts(rewrite, glyphs, max(0, width - 6 - _MORE))
    if state.aside is not None:
        facts = [("not in the list", "frozen"), ("  ", ""), *facts]
    end = put_pieces(frame, 2, 0, [(" ", ""), *facts, (" ", "")])
    if place in state.marks and end < width - 3:
        end = frame.put(end, 0, f"{glyphs.star} ", "focus")
    lines = detail_lines(rewrite, place, state, sight.labels, max(0, width - 4), glyphs)
    for y, line in enumerate(lines[state.offset : state.offset + height - 1], start=1):
        put_pieces(frame, 2, y, line, end=width - 1)
    below = len(lines) - state.offset - (height - 1)
    words = f" {below} more rows " if state.zoomed else f" {below} more rows: enter "
    if below > 0 and end + len(words) < width:
        frame.put_right(width - 1, 0, words, "key")
    return frame


def _put_last_row(frame: Frame, state: State, sight: Sight, glyphs: Glyphs) -> None:
    """What is typed, what was said last, or the keys; above it what is chosen from, or what is wrong."""
    width, last = frame.width, frame.height - 1
    frame.fill(0, last, width, 1)
    prompt = state.prompt
    if prompt is None:
        if state.message is not None:
            frame.put(1, last, safe(state.message.text, glyphs, max(0, width - 2)), state.message.role)
            return
        named = [key for key in KEYS if key.short]
        put_pieces(frame, 1, last, fitted([key_facts(key, glyphs) for key in named], max(0, width - 2)))
        return
    if prompt.kind in ("palette", "column"):
        if prompt.kind == "palette":
            choices = [(key.label(ascii_only=glyphs.ascii), key.words) for key in matching(prompt.text)]
            box = draw_choices("actions", choices, prompt.chosen, width, last, glyphs)
        else:
            choices = [(column.name, column.what) for column in columns_matching(prompt.text)]
            box = draw_choices("columns", choices, prompt.chosen, width, last, glyphs, name=16)
        frame.paste(box, 0, max(0, last - box.height))
    said = mistake(prompt, sight.labels)
    if said and last > 1:
        rows = min(len(said), last - 1)
        frame.fill(0, last - rows - 1, width, 1, glyphs.horizontal, "warn")
        frame.fill(0, last - rows, width, rows)
        for y, line in enumerate(said[:rows], start=last - rows):
            frame.put(1, y, safe(line, glyphs, max(0, width - 2)), "warn" if y == last - rows else "")
    frame.paste(draw_prompt(prompt, width, glyphs), 0, last)
