"""Tokens as a person reads them: pieces of words put together again, the tokenizer's own marks left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

_SPECIAL = frozenset({"[CLS]", "[SEP]", "[PAD]", "<s>", "</s>", "<pad>", "<cls>", "<sep>", "<bos>", "<eos>"})
_BYTE_BLANK, _PIECE_BLANK, _GLUED = "Ġ", "▁", "##"


@dataclass(frozen=True)
class Word:
    """A token without marks, whether it is another one than before, and whether it goes on with the one before it."""

    text: str
    changed: bool = False
    glued: bool = False


def words_of(tokens: Sequence[str], changed: Collection[int]) -> list[Word]:
    """The tokens of WordPiece (`##ing`), SentencePiece (`▁film`) or of bytes (`Ġfilm`), told apart by their marks."""
    blank = blank_of(tokens)
    words: list[Word] = []
    for place, token in enumerate(tokens):
        if token in _SPECIAL and place not in changed:
            continue
        text, glued = reading(token, blank)
        words.append(Word(text or "␣", place in changed, glued and (blank is None or bool(words))))
    return words


def is_special(token: str) -> bool:
    """Whether a token frames texts, and is none of their words."""
    return token in _SPECIAL


def blank_of(tokens: Collection[str], least_share: float = 0.0) -> str | None:
    """The mark of a blank that more than this share of the tokens have; None for WordPiece, which marks no blanks."""
    found = Counter(token[:1] for token in tokens)
    return next((mark for mark in (_BYTE_BLANK, _PIECE_BLANK) if found[mark] > least_share * len(tokens)), None)


def reading(token: str, blank: str | None) -> tuple[str, bool]:
    """A token without its marks, and whether it goes on with the one before it."""
    if blank is None:
        glued = token.startswith(_GLUED) and len(token) > len(_GLUED)
        return token[len(_GLUED) :] if glued else token, glued
    glued = not token.startswith(blank) and token not in _SPECIAL
    text = token.removeprefix(blank)
    return _from_bytes(text) if blank == _BYTE_BLANK else text.replace(blank, " "), glued


def _from_bytes(text: str) -> str:
    """Letters that stand for bytes, as what the bytes say."""
    if text.isascii():
        return text
    table = _bytes()
    if not all(letter in table for letter in text):
        return text
    return bytes(table[letter] for letter in text).decode("utf-8", "replace")


@lru_cache(maxsize=1)
def _bytes() -> dict[str, int]:
    """Which letter stands for which byte: visible ones for themselves, the others for letters from 256 on.

    Source: Radford et al. 2019, the vocabulary of GPT-2.
    """
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + place): byte for place, byte in enumerate(hidden)}
