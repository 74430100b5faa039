"""Every key of the browser and what it does: footer, help, palette and docs/inspect.md are made from this table."""

from __future__ import annotations

from cilda_tui.keymap import Key, saying

EVERYWHERE, LIST, FIND, REWRITE, KEEP = "everywhere", "list", "find", "rewrite", "keep"

GROUPS = {
    EVERYWHERE: "Everywhere",
    LIST: "The list",
    FIND: "Finding",
    REWRITE: "The rewrite under the bar",
    KEEP: "Marking and taking along",
}

KEYS = (
    Key("leave", ("q",), "q", "leave", "leave"),
    Key("quit", ("ctrl+c",), "ctrl+c", "", "leave at once, the dashboard too"),
    Key("help", ("question_mark", "f1"), "?", "help", "these keys"),
    Key("palette", ("ctrl+p", "colon"), ": ctrl+p", "", "find an action by its words, and do it"),
    Key("back", ("escape",), "esc", "", "one layer out: overlay, zoom, neighbour, time, marked ones, search, filter"),
    Key("theme", ("T",), "T", "", "next theme"),
    Key("down", ("down", "j"), "↓ j", "", "down a row; zoomed: scroll the text", LIST, ascii="down j"),
    Key("up", ("up", "k"), "↑ k", "", "up a row; zoomed: scroll the text", LIST, ascii="up k"),
    Key("page_down", ("pagedown", "ctrl+d"), "PgDn", "", "down a page", LIST),
    Key("page_up", ("pageup", "ctrl+u"), "PgUp", "", "up a page", LIST),
    Key("first", ("g", "home"), "g", "", "to the first, and whatever is the first from then on", LIST),
    Key("last", ("G", "end"), "G", "", "to the last", LIST),
    Key("sort", ("o",), "o", "sort", "sort by a column, chosen from all of them", LIST),
    Key("reverse", ("O",), "O", "", "the other way round", LIST),
    Key("sort_next", ("s",), "s", "", "sort by the next column that is shown", LIST),
    Key("sort_previous", ("S",), "S", "", "sort by the column before it", LIST),
    Key("filter", ("f",), "f", "filter", "filter: flip and kl>1 \"not good\"; applied as it is typed", FIND),
    Key("disagreements", ("d",), "d", "", "only where teacher and student disagree, and back", FIND),
    Key("search", ("slash",), "/", "search", "search for a phrase; the list stays as it is", FIND),
    Key("next_hit", ("n",), "n", "", "next hit", FIND),
    Key("previous_hit", ("N",), "N", "", "hit before it", FIND),
    Key("reset", ("0",), "0", "", "list everything again: no filter, no search, the newest first", FIND),
    Key("zoom", ("enter", "z"), "enter z", "", "the rewrite alone, and back", REWRITE),
    Key("arrange", ("v",), "v", "", "its two texts side by side, or one above the other", REWRITE),
    Key("through", ("t",), "t", "time", "the same text through time, and back", REWRITE),
    Key("previous_same", ("left_square_bracket",), "[", "[ ] same text", "the same text, a rewrite earlier", REWRITE),
    Key("next_same", ("right_square_bracket",), "]", "", "the same text, a rewrite later", REWRITE),
    Key("previous_turn", ("left_curly_bracket",), "{", "", "the rewrite before it of the same turn", REWRITE),
    Key("next_turn", ("right_curly_bracket",), "}", "", "the rewrite after it of the same turn", REWRITE),
    Key("older", ("left", "h"), "← h", "", "zoomed: the row above in the list", REWRITE, ascii="left h"),
    Key("newer", ("right", "l"), "→ l", "", "zoomed: the row below in the list", REWRITE, ascii="right l"),
    Key("mark", ("space",), "space", "mark", "mark it, or take the mark away, and go on", KEEP),
    Key("only_marked", ("m",), "m", "", "only what is marked or has a note, and back", KEEP),
    Key("unmark", ("M",), "M", "", "take all marks away; notes stay", KEEP),
    Key("note", ("w",), "w", "note", "write a note on it", KEEP),
    Key("export", ("e",), "e", "export", "export the marked ones, or without marks all that are listed", KEEP),
    Key("copy", ("y",), "y", "", "copy it (OSC 52, and a file)", KEEP),
)  # fmt: skip

BY_ACTION = {key.action: key for key in KEYS}


def key_for(pressed: str) -> Key | None:
    """What a key does; None if nothing."""
    return next((key for key in KEYS if pressed in key.keys), None)


def help_groups() -> list[tuple[str, list[Key]]]:
    """The whole table in groups, each with its title."""
    return [(title, [key for key in KEYS if key.group == group]) for group, title in GROUPS.items()]


def matching(text: str) -> list[Key]:
    """The actions whose words hold all of these; the palette's own is left out."""
    return saying([key for key in KEYS if key.action != "palette"], text)
