"""Which layer of the student is compared with which of the teacher: presets for any depths, or pairs as written."""

from __future__ import annotations

import math
import random
import re

from cilda.errors import UsageError

Pairs = tuple[tuple[int, int], ...]
"""(student layer, teacher layer), counted from 1, in rising order."""

PRESETS: dict[str, str] = {
    "all": "every layer of both models",
    "uniform": "every student layer, with the teacher's evenly spread ones up to its last",
    "skip": "as uniform, without the last layers: the answers speak for them",
    "last": "the student's layers but its last, with the teacher's just before its last",
    "random": "the student's layers but its last, with a rising draw of the teacher's, redrawn every epoch",
}
_PAIR = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*")


def check_layer_map(spec: str) -> None:
    """Refuses what is neither a preset nor pairs such as `3:6,6:12`.

    Raises:
        UsageError: with the presets.
    """
    if spec not in PRESETS:
        _written(spec)


def layer_pairs(spec: str, student_layers: int, teacher_layers: int, *, seed: int = 0, epoch: int = 0) -> Pairs:
    """The pairs that a map means for models of these depths; only `random` looks at seed and epoch.

    Raises:
        UsageError: a map that is none, or that these depths cannot follow.
    """
    S, T = student_layers, teacher_layers
    inner = range(1, max(1, S - 1) + 1)
    match spec:
        case "all":
            most = max(S, T)
            return tuple((math.ceil(k * S / most), math.ceil(k * T / most)) for k in range(1, most + 1))
        case "uniform":
            return tuple((s, max(1, round(s * T / S))) for s in range(1, S + 1))
        case "skip":
            return tuple((s, max(1, s * T // S)) for s in inner)
        case "last":
            _refuse_deeper_student(spec, S, T)
            return tuple((s, max(1, T - S + s)) for s in inner)
        case "random":
            _refuse_deeper_student(spec, S, T)
            # Sorted by drawn keys, which Python promises to stay the same.
            draw = random.Random(f"{seed} {epoch}").random
            keys = {layer: draw() for layer in range(1, max(1, T - 1) + 1)}
            drawn = sorted(sorted(keys, key=keys.__getitem__)[: len(inner)])
            return tuple(zip(inner, drawn, strict=True))
    pairs = _written(spec)
    for s, t in pairs:
        if s > S or t > T:
            raise UsageError(
                f"layer_map {spec!r} pairs {s}:{t}, but the student has {S} layers and the teacher {T}",
                "a pair is student:teacher, both counted from 1",
            )
    return pairs


def in_words(pairs: Pairs) -> str:
    """The pairs as they would be written: `1:2, 2:4`."""
    return ", ".join(f"{s}:{t}" for s, t in pairs)


def _written(spec: str) -> Pairs:
    found = [_PAIR.fullmatch(part) for part in spec.split(",")]
    pairs = tuple((int(match[1]), int(match[2])) for match in found if match)
    if len(pairs) < len(found) or not all(s and t for s, t in pairs):
        raise UsageError(
            f"layer_map is {spec!r}", f"say {', '.join(PRESETS)}, or pairs student:teacher such as 3:6,6:12"
        )
    if list(pairs) != sorted(set(pairs)):
        raise UsageError(f"layer_map {spec!r} does not rise", "write the pairs from the lowest layers to the highest")
    return pairs


def _refuse_deeper_student(spec: str, student_layers: int, teacher_layers: int) -> None:
    if student_layers > teacher_layers:
        raise UsageError(
            f"layer_map {spec!r} asks for a teacher as deep as the student: {teacher_layers} layers for "
            f"{student_layers}",
            "say all or uniform, or write the pairs",
        )
