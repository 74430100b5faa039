"""The list: a row for each rewrite that is in sight, under heads that say what is sorted by."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from cilda.rewrites.rewrite import Rewrite, Side
from cilda_tui.browser.keys import row_of_bar
from cilda_tui.browser.list_columns import Place, cell, columns_for
from cilda_tui.browser.sight import Sight
from cilda_tui.browser.state import State
from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.marked_text import laid, words_in
from cilda_tui.panels.pane import Piece, safe
from cilda_tui.safe import cut, cut_inside

_MOST_WORDS = 100
_ONE_LINE = 1_000_000


def draw_list(state: State, sight: Sight, width: int, height: int, glyphs: Glyphs) -> Frame:
    """The heads, and below them as many rows as there is room for."""
    frame = Frame(width, height)
    columns = columns_for(width, state.order, sight.labels, stepless=sight.stepless)
    _put_heads(frame, columns, state, glyphs)
    if not sight.count:
        frame.put(2, 1, cut(_why_empty(state, sight, glyphs), width - 3, glyphs.ellipsis), "dim")
        return frame
    page = max(0, height - 1)
    top = sight.at - row_of_bar(state, sight)
    hits = {int(row) for row in sight.hits[_between(sight, top, top + page)]}
    for y, row in enumerate(range(top, min(sight.count, top + page)), start=1):
        place = int(sight.places[row])
        _put_row(frame, y, place, columns, state, sight, glyphs, here=row == sight.at, hit=row in hits)
    return frame


def _between(sight: Sight, first: int, end: int) -> slice:
    start, stop = sight.hits.searchsorted((first, end))
    return slice(int(start), int(stop))


def _put_heads(frame: Frame, columns: tuple[Place, ...], state: State, glyphs: Glyphs) -> None:
    for column in columns:
        head = column.head
        sorted_by = state.order is not None and state.order.column == column.name and state.through is None
        if sorted_by:
            assert state.order is not None
            head = f"{head}{glyphs.fall if state.order.falling else glyphs.rise}"
        text = cut(head, column.cells, glyphs.ellipsis)
        frame.put(
            column.x, 0, text.rjust(column.cells) if column.right else text, "focus" if sorted_by else "dim",
            end=column.x + column.cells,
        )  # fmt: skip


def _put_row(
    frame: Frame, y: int, place: int, columns: tuple[Place, ...], state: State, sight: Sight, glyphs: Glyphs,
    *, here: bool, hit: bool,
) -> None:  # fmt: skip
    marked, noted = place in state.marks, bool(state.note_on(place))
    frame.put(0, y, glyphs.chosen if here else " ", "focus")
    frame.put(1, y, glyphs.star if marked else " ", "focus")
    frame.put(2, y, "n" if noted else "/" if hit else " ", "focus" if hit else "key")
    rewrite = sight.rows.get(place)
    if not isinstance(rewrite, Rewrite):
        words = glyphs.ellipsis if rewrite is None else safe(rewrite, glyphs)
        frame.put(4, y, cut_inside(words, frame.width - 5, glyphs.ellipsis), "dim" if rewrite is None else "warn")
        return
    for column in columns:
        end = column.x + column.cells
        if column.name in ("real", "soft"):
            _put_text(frame, column, y, rewrite, state, glyphs)
            continue
        words, role = cell(rewrite, column.name, sight.labels, glyphs)
        words = cut(words, column.cells, glyphs.ellipsis)
        frame.put(column.x, y, words.rjust(column.cells) if column.right else words, role, end=end)
    if here:
        _put_bar(frame, y, columns)


def _put_text(frame: Frame, column: Place, y: int, rewrite: Rewrite, state: State, glyphs: Glyphs) -> None:
    side: Side = "real" if column.name == "real" else "soft"
    most = min(_MOST_WORDS, 4 + column.cells)
    words = words_in(rewrite, side, most)
    (line,) = laid(words, _ONE_LINE, glyphs, state.phrase)
    line = _from_the_first_mark(line, column.cells, glyphs)
    x, end = column.x, column.x + column.cells
    for text, role in line:
        x = frame.put(x, y, text, role, end=end)
    tokens = rewrite.real_tokens if side == "real" else rewrite.soft_tokens
    if _cells(line) > column.cells or len(words) >= most < len(tokens):
        frame.put(end - 1, y, glyphs.ellipsis, "dim")


def _from_the_first_mark(line: list[Piece], cells: int, glyphs: Glyphs) -> list[Piece]:
    """A line without its beginning where the first marked word would not be seen else."""
    first = next((place for place, (_, role) in enumerate(line) if role), None)
    if first is None or _cells(line[: first + 1]) < cells:
        return line
    # A few words before it tell where it stands; words and blanks take turns.
    start = max(0, first - 4)
    while start < first and (line[start][0] == " " or _cells(line[start : first + 1]) + 2 > cells):
        start += 1
    return [(glyphs.ellipsis, "dim"), *line[start:]] if start else line


def _cells(line: Sequence[Piece]) -> int:
    return sum(cell_len(text) for text, _ in line)


def _put_bar(frame: Frame, y: int, columns: tuple[Place, ...]) -> None:
    """The first column stands out: a whole row would hide what its colours say."""
    if not columns or columns[0].name in ("real", "soft"):
        return
    first = columns[0]
    text = frame.part(first.x, y, first.cells, 1).text(0)
    frame.put(first.x, y, text, "selected", end=first.x + first.cells)


def _why_empty(state: State, sight: Sight, glyphs: Glyphs) -> str:
    if sight.trouble:
        return safe(sight.trouble, glyphs)
    if not sight.total:
        return "no rewrites yet" if sight.known_fraction >= 1 else "reading"
    if not sight.whole:
        return "looking"
    if state.only_marked:
        return "nothing is marked"
    return "no rewrite passes the filter: f changes it, 0 takes it away"
