"""What keys do to charts: windows, cursors, axes, smoothing, and which charts there are."""

from __future__ import annotations

from collections.abc import Callable

from cilda_tui.effects import Answer, Effect
from cilda_tui.sight import Sight
from cilda_tui.track import AXES
from cilda_tui.ui import ARRANGEMENTS, SMOOTHINGS, Ui, around
from cilda_tui.zoom import followed, panned, zoomed

_ZOOM = 0.5
_PAN = 0.125
_FAR = 1e9


def sideways(ui: Ui, sight: Sight, by: int) -> Ui:
    """Moves the cursor, or else the window."""
    if sight.extent is None:
        return ui
    start, end = ui.window or sight.extent
    if ui.cursor is not None:
        cursor = ui.cursor + by * (end - start) / max(1, sight.columns)
        return _in_sight(ui.with_(cursor=min(max(cursor, sight.extent[0]), sight.extent[1])), sight)
    if ui.window is None:
        return ui.saying("this is all there is: + goes nearer", "dim")
    return ui.with_(window=panned(ui.window, sight.extent, by * _PAN), follow=False)


def to_end(ui: Ui, sight: Sight, *, first: bool) -> Ui:
    """Moves the cursor, or else the window, or else the focus among the charts, as far as it goes."""
    if ui.cursor is not None and sight.extent is not None:
        return _in_sight(ui.with_(cursor=sight.extent[0 if first else 1]), sight)
    if ui.window is not None and sight.extent is not None:
        return ui.with_(window=panned(ui.window, sight.extent, -_FAR if first else _FAR), follow=not first)
    return to_chart(ui, sight, 0 if first else len(sight.charts) - 1)


def _smoothing(by: int) -> Callable[[Ui, Sight], Ui]:
    def changed(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
        nearest = min(range(len(SMOOTHINGS)), key=lambda place: abs(SMOOTHINGS[place] - ui.smoothing))
        smoothing = SMOOTHINGS[min(max(0, nearest + by), len(SMOOTHINGS) - 1)]
        return ui.with_(smoothing=smoothing).saying(f"smoothing {smoothing:g}", "dim")

    return changed


def _log_axis(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    return ui.with_(log=not ui.log)


def _axis(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    axis = str(around(AXES, ui.axis, 1))
    # Window and cursor are numbers of the old axis.
    return ui.with_(axis=axis, window=None, cursor=None, follow=False).saying(f"along {axis}", "dim")


def _cursor(ui: Ui, sight: Sight) -> Ui:
    if ui.cursor is not None or sight.extent is None:
        return ui.with_(cursor=None)
    return ui.with_(cursor=(ui.window or sight.extent)[1])


def _nearer(factor: float) -> Callable[[Ui, Sight], Ui]:
    def nearer(ui: Ui, sight: Sight) -> Ui:
        if sight.extent is None:
            return ui
        # The cursor stays where it is on the screen; without one, the newest does.
        about = (ui.window or sight.extent)[1] if ui.cursor is None else ui.cursor
        window = zoomed(ui.window, sight.extent, factor, about)
        return kept_window(ui.with_(window=window, follow=ui.follow and window is not None), sight)

    return nearer


def _follow(ui: Ui, sight: Sight) -> Ui:
    if sight.extent is None:
        return ui
    if ui.follow:
        return ui.with_(follow=False).saying("the window stays", "dim")
    span = None if ui.window else (sight.extent[1] - sight.extent[0]) / 4
    return ui.with_(window=followed(ui.window, sight.extent, span), follow=True).saying("following", "dim")


def kept_window(ui: Ui, sight: Sight) -> Ui:
    """A window that follows, where the newest wants it."""
    if not ui.follow or ui.window is None or sight.extent is None:
        return ui
    window = followed(ui.window, sight.extent)
    return ui if window == ui.window else ui.with_(window=window)


def _band(ui: Ui, sight: Sight) -> Ui:  # noqa: ARG001
    return ui.with_(band=not ui.band)


def _chart_by(by: int) -> Callable[[Ui, Sight], Ui]:
    return lambda ui, sight: to_chart(ui, sight, ui.chart + by)


def _arrange(ui: Ui, sight: Sight) -> Answer:  # noqa: ARG001
    count = around(ARRANGEMENTS, ui.arrangement, 1)
    words = f"{count} charts" if count else "as many charts as there is room for"
    return ui.with_(arrangement=count).saying(words, "dim"), Effect("remember")


def _pin_chart(ui: Ui, sight: Sight) -> Answer:
    if not sight.charts:
        return ui, None
    name = sight.charts[min(ui.chart, len(sight.charts) - 1)]
    rest = tuple(one for one in ui.chosen_charts if one != name)
    first = rest if name in ui.chosen_charts else (name, *rest)
    return ui.with_(chosen_charts=first, chart=0), Effect("remember")


def _stage(ui: Ui, sight: Sight) -> Ui:
    if len(sight.stages) < 2:
        return ui.saying("there is one stage only", "dim")
    stage = str(around(sight.stages, ui.stage or sight.stages[-1], 1))
    shown = None if stage == sight.stages[-1] else stage
    return ui.with_(stage=shown, window=None, cursor=None, follow=False).saying(f"stage {stage}", "dim")


def to_chart(ui: Ui, sight: Sight, place: int) -> Ui:
    """Focuses the chart at this place."""
    return ui.with_(chart=min(max(0, place), max(0, len(sight.charts) - 1)))


def _in_sight(ui: Ui, sight: Sight) -> Ui:
    """The window moved as far as the cursor wants it."""
    if ui.window is None or ui.cursor is None or sight.extent is None:
        return ui
    start, end = ui.window
    by = min(0.0, ui.cursor - start) + max(0.0, ui.cursor - end)
    return ui.with_(window=panned(ui.window, sight.extent, by / (end - start)), follow=False) if by else ui


CHART_ACTIONS: dict[str, Callable[[Ui, Sight], Ui | Answer]] = {
    "smoother": _smoothing(1), "rougher": _smoothing(-1), "log_axis": _log_axis, "axis": _axis, "cursor": _cursor,
    "zoom_in": _nearer(_ZOOM), "zoom_out": _nearer(1 / _ZOOM), "follow": _follow, "band": _band,
    "previous_chart": _chart_by(-1), "next_chart": _chart_by(1), "arrange": _arrange, "pin_chart": _pin_chart,
    "stage": _stage,
}  # fmt: skip
"""What each action of the table's charts does."""
