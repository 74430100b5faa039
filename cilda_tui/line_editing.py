"""What keys do to a line that is being typed."""

from __future__ import annotations

from dataclasses import replace

from cilda_tui.ui import Prompt

LONGEST = 1000
"""Letters that a line may have, so that a pasted book is none."""


def edited(prompt: Prompt, key: str, character: str | None) -> Prompt | None:
    """The line after a key; None where the key does nothing to it."""
    text, at = prompt.text, prompt.at
    if key == "backspace":
        return _with(prompt, text[: max(0, at - 1)] + text[at:], max(0, at - 1))
    if key in ("delete", "ctrl+d"):
        return _with(prompt, text[:at] + text[at + 1 :], at)
    if key == "ctrl+u":
        return _with(prompt, text[at:], 0)
    if key == "ctrl+w":
        start = text[:at].rstrip().rfind(" ") + 1
        return _with(prompt, text[:start] + text[at:], start)
    moves = {"left": at - 1, "right": at + 1, "home": 0, "end": len(text), "ctrl+e": len(text)}
    if key in moves:
        return _with(prompt, text, min(max(0, moves[key]), len(text)))
    if character and len(character) == 1 and character.isprintable():
        return inserted(prompt, character)
    return None


def inserted(prompt: Prompt, text: str) -> Prompt:
    """The line with a text put in where the cursor stands, as much of it as there is room for."""
    text = text[: LONGEST - len(prompt.text)]
    return _with(prompt, prompt.text[: prompt.at] + text + prompt.text[prompt.at :], prompt.at + len(text))


def _with(prompt: Prompt, text: str, at: int) -> Prompt:
    return replace(prompt, text=text, at=at, chosen=0)
