"""Which part of a vocabulary a token belongs to."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from cilda.rewrites.tokens import is_special, reading

TokenKind = Literal["word", "piece", "number", "punctuation", "negation", "special"]
KINDS: tuple[TokenKind, ...] = ("word", "piece", "number", "punctuation", "negation", "special")

# English: the corpora here are. Whoever adds a language adds its words.
_NEGATIONS = frozenset(
    "no not nor never none nobody nothing nowhere neither without cannot hardly scarcely barely "
    "isn aren wasn weren don doesn didn won wouldn couldn shouldn hasn haven hadn ain n't".split()
)
_OTHER_SPECIAL = frozenset({"[UNK]", "<unk>", "[MASK]", "<mask>"})
# Places that WordPiece vocabularies keep free; no text has them.
_UNUSED = "[unused"


@lru_cache(maxsize=100_000)
def kind_of(token: str, blank: str | None) -> TokenKind:
    """The part of the vocabulary that a token belongs to; `blank` is the tokenizer's mark of a blank.

    A piece is what goes on with the word before it; punctuation and numbers are never pieces.
    """
    text, glued = reading(token, blank)
    if is_special(token) or token in _OTHER_SPECIAL or (token.startswith(_UNUSED) and token.endswith("]")):
        return "special"
    if not any(letter.isalnum() for letter in text):
        return "punctuation"
    if any(letter.isdigit() for letter in text) and not any(letter.isalpha() for letter in text):
        return "number"
    if text.casefold() in _NEGATIONS and not glued:
        return "negation"
    return "piece" if glued else "word"


@lru_cache(maxsize=100_000)
def named(token: str, blank: str | None) -> str:
    """A token as a person reads it: small letters, and a dash before what goes on with a word."""
    text, glued = reading(token, blank)
    text = text.casefold() or "␣"
    return f"-{text}" if glued and text[0].isalnum() else text
