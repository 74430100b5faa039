"""Themes: every role in each, letters that can be read, lines that each theme's eyes tell apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from rich.color import Color

from cilda_tui.look import ROLES, THEMES, Look, look_of

# What is seen of red, green and blue (linear light) by eyes without one kind of cones.
# Source: Machado, Oliveira, Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency".
SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
NUMBERED = [look for look in THEMES.values() if look.name != "ansi"]


def light(look: Look, role: str) -> np.ndarray:
    colour = look.style(role).color
    assert colour is not None
    values = np.array(colour.get_truecolor()) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lightness(linear: np.ndarray) -> np.ndarray:
    """Where a colour lies in CIE L*a*b*, in which a step of 2.3 is just seen."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.cbrt(np.maximum(xyz / np.array([0.9505, 1.0, 1.089]), 0.0))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(look: Look, role: str) -> float:
    bright = float(np.array([0.2126, 0.7152, 0.0722]) @ light(look, role))
    return (bright + 0.05) / 0.05 if look.dark else 1.05 / (bright + 0.05)


@pytest.mark.parametrize("look", THEMES.values(), ids=lambda look: look.name)
def test_every_theme_has_every_role(look: Look) -> None:
    assert set(look.styles) == set(ROLES)
    assert look.style("no such role") == look.style("")
    assert look.style("changed").underline and look.style("changed").bold
    assert look.style("selected").reverse


@pytest.mark.parametrize("look", NUMBERED, ids=lambda look: look.name)
def test_letters_can_be_read_and_bands_can_be_seen(look: Look) -> None:
    coloured = [role for role in ROLES if look.style(role).color is not None]
    faint = {"grid", *(role for role in coloured if role.startswith("band."))}
    poor = {role: contrast(look, role) for role in coloured if role not in faint and contrast(look, role) < 4.5}
    assert not poor
    assert not {role: contrast(look, role) for role in faint if contrast(look, role) < 1.25}


@pytest.mark.parametrize("look", NUMBERED, ids=lambda look: look.name)
def test_colours_are_named_by_numbers_which_take_few_bytes(look: Look) -> None:
    colours = [style.color for style in look.styles.values() if isinstance(style.color, Color)]
    assert all(colour.number is not None for colour in colours)


@pytest.mark.parametrize(
    ("theme", "eyes"), [("blue-orange", "protanopia"), ("blue-orange", "deuteranopia"), ("red-cyan", "tritanopia")]
)
@pytest.mark.parametrize("roles", [[f"line.{place}" for place in range(6)], ["good", "warn", "bad"]])
def test_a_theme_s_eyes_tell_its_lines_and_states_apart(theme: str, eyes: str, roles: list[str]) -> None:
    look = look_of(theme)
    seen = {role: lightness(np.array(SEEN[eyes]) @ light(look, role)) for role in roles}
    near = {
        (one, other): float(np.linalg.norm(seen[one] - seen[other])) for one, other in itertools.combinations(roles, 2)
    }
    assert min(near.values()) > 15, near


def test_an_unknown_theme_is_the_dark_one() -> None:
    assert look_of("solarized").name == "dark"
