"""Colours that can be read, and lines that every kind of eyes tells apart, by day and by night."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cilda_tui.report.colours import DAY, NIGHT, Palette, variables
from cilda_tui.report.style import policy, sheet
from tests.tui.test_look import SEEN, lightness


def light(colour: str) -> np.ndarray:
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    bright = sorted(float(np.array([0.2126, 0.7152, 0.0722]) @ light(colour)) for colour in (one, other))
    return (bright[1] + 0.05) / (bright[0] + 0.05)


@pytest.mark.parametrize("palette", [DAY, NIGHT])
def test_letters_can_be_read_and_lines_be_seen(palette: Palette) -> None:
    letters = (palette.text, palette.quiet, palette.good, palette.warning, palette.error)
    for ground in (palette.ground, palette.raised):
        assert min(contrast(colour, ground) for colour in letters) >= 4.5
        assert min(contrast(colour, ground) for colour in palette.lines) >= 3


@pytest.mark.parametrize("palette", [DAY, NIGHT])
@pytest.mark.parametrize("eyes", ["all", *SEEN])
def test_every_kind_of_eyes_tells_lines_apart(palette: Palette, eyes: str) -> None:
    seen = [lightness(np.array(SEEN.get(eyes, np.eye(3))) @ light(colour)) for colour in palette.lines]
    assert min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2)) > 25


def test_the_style_has_both_palettes_and_paper_is_never_dark() -> None:
    style = sheet()
    assert style.index(variables(DAY)) < style.index("@media screen and (prefers-color-scheme:dark)")
    assert style.index("prefers-color-scheme:dark") < style.index(variables(NIGHT))
    assert "url(" not in style and "@import" not in style and "<" not in style


def test_a_browser_takes_no_other_style_than_ours() -> None:
    assert policy("a{}") != policy("b{}")
    assert policy("a{}").startswith("default-src 'none'; style-src 'sha256-")
