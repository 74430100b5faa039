"""Every key and what it does: the one table that footer, help, palette and docs/dashboard.md are made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Group = Literal["everywhere", "time", "charts", "examples", "runs", "log", "steering"]

GROUPS: dict[Group, str] = {
    "everywhere": "Everywhere",
    "time": "Time",
    "charts": "Charts",
    "examples": "Augmented examples",
    "runs": "Runs",
    "log": "Log and events",
    "steering": "Steering, after a confirmation",
}


@dataclass(frozen=True)
class Key:
    """A row of the table: an action, and the keys for it."""

    action: str
    keys: tuple[str, ...]
    """As Textual names them: `q`, `ctrl+c`, `left`, `question_mark`."""
    shown: str
    """As a person writes them: `q`, `ctrl+c`, `←`, `?`."""
    short: str
    """One or two words for the footer; empty: not there."""
    words: str
    """What it does, for help and palette."""
    group: str = "everywhere"
    """Below which title it stands."""
    panes: tuple[str, ...] = ()
    """The panes in which it does this; empty: in all."""
    ascii: str = ""
    """How it is written where there is no Unicode, if otherwise."""
    steers: bool = False
    """Whether it asks something of the run."""

    def label(self, *, ascii_only: bool = False) -> str:
        """The keys as a person writes them."""
        return self.ascii if ascii_only and self.ascii else self.shown


_CHARTS = ("curves",)
_EXAMPLES = ("examples",)
_RUNS = ("runs",)
_LOG = ("log",)

# A key may stand in several rows: the first whose panes hold the focused one counts.
KEYS = (
    Key("leave", ("q", "ctrl+c"), "q ctrl+c", "leave", "leave; the run goes on"),
    Key("help", ("question_mark", "f1"), "?", "help", "these keys"),
    Key("palette", ("ctrl+p", "colon"), ": ctrl+p", "", "find an action by its words, and do it"),
    Key("search", ("slash",), "/", "", "search the log and the events; filter runs, examples and charts"),
    Key("next_match", ("n",), "n", "", "next match, further up"),
    Key("previous_match", ("N",), "N", "", "match before it, further down"),
    Key("back", ("escape",), "esc", "", "one layer out: question, overlay, cursor, zoom, playhead"),
    Key("next_pane", ("tab",), "tab", "", "next pane"),
    Key("previous_pane", ("shift+tab",), "shift+tab", "", "previous pane"),
    Key("pane_1", ("1",), "1", "", "charts"),
    Key("pane_2", ("2",), "2", "", "machine"),
    Key("pane_3", ("3",), "3", "", "augmented examples"),
    Key("pane_4", ("4",), "4", "", "runs"),
    Key("pane_5", ("5",), "5", "", "log"),
    Key("pane_6", ("6",), "6", "", "events"),
    Key("left", ("left", "h"), "← h", "", "charts: pan or move the cursor left; examples: older", ascii="left h"),
    Key("right", ("right", "l"), "→ l", "", "charts: pan or move the cursor right; examples: newer", ascii="right l"),
    Key("up", ("up", "k"), "↑ k", "", "up a line, or to the chart before", ascii="up k"),
    Key("down", ("down", "j"), "↓ j", "", "down a line, or to the next chart", ascii="down j"),
    Key("page_up", ("pageup", "ctrl+u"), "PgUp", "", "up a page"),
    Key("page_down", ("pagedown", "ctrl+d"), "PgDn", "", "down a page"),
    Key("first", ("g", "home"), "g", "", "to the beginning"),
    Key("last", ("G", "end"), "G", "", "to the end"),
    Key("enter", ("enter",), "enter", "browse", "open the browser of rewrites there", "examples", _EXAMPLES),
    Key("enter", ("enter",), "enter", "", "charts: zoom; examples: browse; runs: open the run"),
    Key("zoom", ("z",), "z", "zoom", "this pane alone, and back"),
    Key("reset", ("0",), "0", "", "show everything again: window, cursor, filter, scrolling"),
    Key("copy", ("y",), "y", "", "copy what the pane shows (OSC 52, and a file)"),
    Key("export", ("e",), "e", "export", "export the pane: PNG, SVG, CSV and JSON of the exact data"),
    Key("theme", ("T",), "T", "", "next theme"),
    Key("bell", ("B",), "B", "", "bell on or off"),
    Key("freeze", ("space",), "space", "freeze", "freeze what is shown; the run is still read", "time"),
    Key("earlier", ("comma",), ",", "", "a little earlier", "time"),
    Key("later", ("full_stop",), ".", "", "a little later", "time"),
    Key("much_earlier", ("less_than_sign",), "<", "", "much earlier", "time"),
    Key("much_later", ("greater_than_sign",), ">", "", "much later", "time"),
    Key("smoother", ("s",), "s", "smooth", "smoother lines", "charts", _CHARTS),
    Key("rougher", ("S",), "S", "", "rougher lines", "charts", _CHARTS),
    Key("log_axis", ("L",), "L", "log", "logarithmic axis, and back", "charts", _CHARTS),
    Key("axis", ("x",), "x", "axis", "along step, epoch, time or texts", "charts", _CHARTS),
    Key("cursor", ("c",), "c", "cursor", "cursor with values, the same in all charts", "charts", _CHARTS),
    Key("zoom_in", ("plus", "equals_sign"), "+", "", "nearer", "charts", _CHARTS),
    Key("zoom_out", ("minus",), "-", "", "further away", "charts", _CHARTS),
    Key("follow", ("f",), "f", "follow", "keep the newest in sight", "charts", _CHARTS),
    Key("band", ("b",), "b", "", "band of the raw values, and without", "charts", _CHARTS),
    Key("previous_chart", ("left_square_bracket",), "[", "[ ] chart", "chart before", "charts", _CHARTS),
    Key("next_chart", ("right_square_bracket",), "]", "", "next chart", "charts", _CHARTS),
    Key("arrange", ("a",), "a", "", "how many charts at once", "charts", _CHARTS),
    Key("pin_chart", ("m",), "m", "", "move this chart to the front, and back", "charts", _CHARTS),
    Key("stage", ("t",), "t", "", "the other stage", "charts", _CHARTS),
    Key("older", ("left_square_bracket",), "[", "[ ] pair", "older pair", "examples", _EXAMPLES),
    Key("newer", ("right_square_bracket",), "]", "", "newer pair", "examples", _EXAMPLES),
    Key(
        "disagreements", ("d",), "d", "disagreements", "only where teacher and student disagree", "examples", _EXAMPLES
    ),
    Key("overlay", ("o",), "o", "overlay", "lay this run over the charts, and back", "runs", _RUNS),
    Key("differences", ("D",), "D", "differences", "how its settings differ", "runs", _RUNS),
    Key("table", ("equals_sign",), "=", "table", "scores of this and the marked runs at equal steps", "runs", _RUNS),
    Key("follow_log", ("f",), "f", "follow", "back to the newest line", "log", ("log", "events")),
    Key("level", ("w",), "w", "warnings", "all lines, warnings and errors, errors only", "log", _LOG),
    Key("checkpoint", ("K",), "K", "checkpoint", "checkpoint after this turn", "steering", steers=True),
    Key("pause", ("P",), "P", "pause", "pause, or go on", "steering", steers=True),
    Key("stop", ("X",), "X", "stop", "stop behind a checkpoint", "steering", steers=True),
    Key("note", ("W",), "W", "note", "write a note into the run", "steering", steers=True),
)

BY_ACTION = {key.action: key for key in KEYS}


def key_for(pressed: str, pane: str) -> Key | None:
    """What a key does in a pane; None if nothing."""
    return next((key for key in KEYS if pressed in key.keys and (not key.panes or pane in key.panes)), None)


def footer_keys(pane: str, *, steering: bool) -> list[Key]:
    """The keys that the footer names in a pane: its own first, in the order in which they are worth their room."""
    named = [key for key in KEYS if key.short and (not key.panes or pane in key.panes) and (steering or not key.steers)]
    return sorted(named, key=lambda key: (key.action not in {"leave", "help"}, not key.panes, key.steers))


def help_groups(*, steering: bool = True) -> list[tuple[str, list[Key]]]:
    """The whole table in groups, each with its title."""
    groups = ((title, [key for key in KEYS if key.group == group]) for group, title in GROUPS.items())
    return [(title, keys) for title, keys in groups if steering or not all(key.steers for key in keys)]


def saying(keys: Iterable[Key], text: str) -> list[Key]:
    """The keys whose words hold all of a text's, those that say little else first."""
    words = text.lower().split()
    found = [
        key for key in keys if all(word in f"{key.words} {key.action.replace('_', ' ')}".lower() for word in words)
    ]
    return sorted(found, key=lambda key: len(key.words)) if words else found
