"""What the letters of a student say, such as 6L or 6L-384H, and whether a teacher has room for it: no model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cilda.errors import UsageError
from cilda.families import SHORT_NAMES

SPEC = re.compile(r"(?P<layers>\d+)L(?:-(?P<width>\d+)H(?:-(?P<heads>\d+)A)?)?", re.IGNORECASE)
LIKE_A_SPEC = re.compile(r"(?=.*\d)(?:\d+|layers?|hidden|heads?|[lha]|[\W_])+", re.IGNORECASE)
SPEC_FORMS = "6L (layers of the teacher), 6L-384H (fresh, narrower), 6L-384H-12A (with 12 attention heads)"


@dataclass(frozen=True)
class Size:
    """What a student's letters say: layers, and for a fresh one width and attention heads."""

    layers: int
    width: int | None = None
    heads: int | None = None


def parse_size(spec: str) -> Size | None:
    """What the letters of a student spec say; None where it is the name of a model.

    Raises:
        UsageError: what looks like letters and is not, as "L6", "6L-H384" or "0L".
    """
    match = SPEC.fullmatch(spec)
    if match is not None:
        sizes = {kind: int(digits) for kind, digits in match.groupdict().items() if digits is not None}
        if 0 in sizes.values():
            raise UsageError(
                f"no student can be built as {spec}: every number must be 1 or more", f"forms: {SPEC_FORMS}"
            )
        return Size(**sizes)
    if spec not in SHORT_NAMES and "/" not in spec and LIKE_A_SPEC.fullmatch(spec):
        raise UsageError(f"{spec!r} says no student", f"{_guess(spec)}forms: {SPEC_FORMS}")
    return None


@dataclass(frozen=True)
class Shape:
    """What of a teacher decides which students can be made of it."""

    family: str
    """As transformers names it: bert, modernbert, …"""
    layers: int
    width: int
    heads: int | None
    """Attention heads; None where nobody has said it."""


def is_cut(size: Size, teacher: Shape) -> bool:
    """Whether a student takes the teacher's own layers; else its weights are fresh."""
    same_heads = size.heads is None or size.heads == teacher.heads
    return size.width in (None, teacher.width) and same_heads


def refuse_impossible(size: Size, teacher: Shape) -> None:
    """Refuses a size that no student of this teacher can have.

    Raises:
        UsageError: more layers than the teacher has; or heads that do not divide the width.
    """
    if is_cut(size, teacher):
        refuse_more_layers(size.layers, teacher.layers)
        return
    assert size.width is not None
    # Where none are named, some are found that divide it.
    width, heads = size.width, size.heads or 1
    if width % heads:
        raise UsageError(
            f"{heads} attention heads do not divide a width of {width}",
            f"leave -{heads}A away, or give a divisor of {width}",
        )
    odd = width % 2 if size.heads is None else (width // heads) % 2
    if teacher.family == "modernbert" and odd:
        raise UsageError(
            f"ModernBERT needs heads of even width: {width} wide with {heads} heads makes {width // heads}",
            "give another width or number of heads",
        )


def refuse_more_layers(student_layers: int, teacher_layers: int) -> None:
    """Refuses to cut more layers from a teacher than it has.

    Raises:
        UsageError: so it is.
    """
    if student_layers > teacher_layers:
        raise UsageError(
            f"a student of {student_layers} layers cannot be cut from a teacher of {teacher_layers}",
            f"give --student {teacher_layers}L or less; with a width, as {student_layers}L-384H, the weights are fresh",
        )


def _guess(spec: str) -> str:
    """What was probably meant: the numbers that stand beside L, H and A, in our order."""
    found: dict[str, str] = {}
    for before, letter, other, after in re.findall(r"(\d+)[\W_]*([LHA])|([LHA])[A-Z]*[\W_]*(\d+)", spec.upper()):
        found.setdefault(letter or other, before or after)
    if not found and (number := re.search(r"\d+", spec)):
        found["L"] = number[0]
    parts = [f"{found[letter]}{letter}" for letter in "LHA" if letter in found]
    return f"did you mean {'-'.join(parts)}? " if "L" in found and SPEC.fullmatch("-".join(parts)) else ""
