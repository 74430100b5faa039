"""Texts as an attacker, or a tokenizer, might write them."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = (
    "\x1b[31m", "\x1b]8;;http://x\x07", "\x1b]52;c;eA==\x07", "\x9b2J", "\x00", "\x7f", "\r", "\n", "\t", "\u2028",
    "\u202e", "\u200f", "\u2066", "\u200b", "\ufeff", "\xad", "\u3164", "\u0378", "\ue000", "\ud800", "\U000e0041",
    "\u0301", "\u0489", "\u20e3", "\ufe0f", "\u200d", "👨", "👩", "🏽", "🇩", "🇪", "❤", "한", "\u1100", "\u1161",
    "[bold]", "[/]", "日本", "مرحبا", "नि", "a", "ä", " ", "NaN",
)  # fmt: skip
"""Escapes, controls, line ends, marks of direction, letters without width or meaning, sequences, markup, scripts."""


def strange_texts(longest: int = 60) -> st.SearchStrategy[str]:
    """Any text at all, surrogates included, and mixtures of the pieces."""
    anything = st.text(alphabet=st.characters(codec=None, categories=None), max_size=longest)
    return anything | st.lists(st.sampled_from(PIECES), max_size=longest // 2).map("".join)
