"""What stands in the charts' place before the first value: which run this is, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping

from cilda_tui.frame import Frame
from cilda_tui.glyphs import Glyphs
from cilda_tui.panels.pane import safe, titled
from cilda_tui.ui import Ui
from cilda_tui.view import RunView

_LABEL = 11


def draw_card(view: RunView, ui: Ui, width: int, height: int, glyphs: Glyphs) -> Frame:
    """The run's name, its recipe and its models, a row each; above them that there is nothing to draw yet."""
    frame = titled("curves", "curves", ui, width, height, glyphs)
    frame.put(2, 2 if height > 3 else height - 1, "no values yet", "strong")
    rows = [(label, value) for label, value in _facts(view, glyphs) if value]
    # With a row between where there is room for it.
    first = 4 if len(rows) + 4 < height else 3
    for row, (label, value) in enumerate(rows[: max(0, height - first)], first):
        frame.put(2, row, f"{label:<{_LABEL}}", "dim")
        frame.put(2 + _LABEL, row, safe(value, glyphs, width - _LABEL - 3))
    return frame


def _facts(view: RunView, glyphs: Glyphs) -> list[tuple[str, str]]:
    run = view.record.run
    config = run.get("config")
    settings: Mapping[str, object] = config if isinstance(config, dict) else {}

    def setting(key: str) -> str:
        value = settings.get(key)
        return str(value) if isinstance(value, (str, int, float)) else ""

    models = f" {glyphs.arrow} ".join(filter(None, (setting("teacher"), setting("student"))))
    facts = [
        ("run", view.folder.id),
        ("task", setting("task")),
        ("method", setting("method")),
        ("models", models),
    ]
    facts += [(player, ", ".join(terms)) for player, terms in view.terms.items()]
    facts.append(("host", view.host or str(run.get("host") or "")))
    facts.append(("waits for", view.status.why if view.status.word == "starting" else ""))
    return facts
