"""What a viewer chose last, kept between screens in one small file of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

import platformdirs

from cilda.runs.atomic import read_json, write_json_atomic
from cilda_tui.look import THEMES
from cilda_tui.track import AXES
from cilda_tui.ui import ARRANGEMENTS, Ui

_MOST_CHARTS = 50
_LONGEST_NAME = 200


def remembered_file() -> Path:
    """Where it is kept."""
    return platformdirs.user_state_path("cilda", appauthor=False) / "dashboard.json"


def recalled(path: Path | None) -> Ui:
    """The choices of last time; the usual ones where nothing is remembered, or what is there makes no sense."""
    found = {} if path is None else read_json(path)
    usual = Ui()
    theme, axis, smoothing = found.get("theme"), found.get("axis"), found.get("smoothing")
    arrangement, charts = found.get("arrangement"), found.get("charts")
    return usual.with_(
        theme=theme if isinstance(theme, str) and theme in THEMES else usual.theme,
        axis=axis if isinstance(axis, str) and axis in AXES else usual.axis,
        smoothing=float(smoothing) if _number(smoothing) and 0 <= smoothing < 1 else usual.smoothing,
        band=_flag(found.get("band"), usual.band),
        bell=_flag(found.get("bell"), usual.bell),
        arrangement=int(arrangement) if _number(arrangement) and arrangement in ARRANGEMENTS else usual.arrangement,
        chosen_charts=tuple(
            name[:_LONGEST_NAME] for name in (charts if isinstance(charts, list) else [])[:_MOST_CHARTS] if _text(name)
        ),
    )


def remember(path: Path | None, ui: Ui) -> None:
    """Keeps the choices, if the disk lets it: forgetting a theme is no reason to complain."""
    if path is None:
        return
    content = {
        "theme": ui.theme, "axis": ui.axis, "smoothing": ui.smoothing, "band": ui.band, "bell": ui.bell,
        "arrangement": ui.arrangement, "charts": list(ui.chosen_charts),
    }  # fmt: skip
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json_atomic(path, content, durable=False)
    except OSError:
        return


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value.isprintable()


def _flag(value: object, usual: bool) -> bool:
    return value if isinstance(value, bool) else usual
