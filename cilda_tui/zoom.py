"""How keys move the part of an axis that charts show: nearer, further, left, right, along with the newest."""

from __future__ import annotations

from cilda_tui.columns import Window

# Nearer than this nothing is left to see.
_NEAREST = 2.0**-12


def zoomed(window: Window | None, whole: Window, factor: float, about: float | None = None) -> Window | None:
    """`factor` times as much, the place `about` (else the middle) staying where it is; None once that is everything."""
    low, high = window or whole
    if about is None or not low <= about <= high:
        about = (low + high) / 2
    span = max((high - low) * factor, (whole[1] - whole[0]) * _NEAREST)
    if span >= whole[1] - whole[0]:
        return None
    return _inside(about - (about - low) / (high - low) * span if high > low else low, span, whole)


def panned(window: Window | None, whole: Window, by: float) -> Window | None:
    """The window moved by a part of its width, to the right if positive, as far as there is something."""
    if window is None:
        return None
    span = window[1] - window[0]
    return _inside(window[0] + by * span, span, whole)


def followed(window: Window | None, whole: Window, span: float | None = None) -> Window | None:
    """A window of the same width, or of `span`, that holds the newest.

    It goes on by a quarter of its width at a time: between two such jumps nothing that is drawn moves.
    """
    span = span or (window[1] - window[0] if window else 0.0)
    if span <= 0 or span >= whole[1] - whole[0]:
        return window if span <= 0 else None
    quarter = span / 4
    end = -(-whole[1] // quarter) * quarter
    return (end - span, end)


def _inside(low: float, span: float, whole: Window) -> Window:
    low = max(whole[0], min(low, whole[1] - span))
    return (low, low + span)
