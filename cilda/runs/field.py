"""Fields of events as what they should be: whatever else stands there counts as missing."""

from __future__ import annotations

import math
from typing import Any

from cilda.runs.events import number

LONGEST_NAME = 200
LARGEST_COUNT = 2**53


def finite(value: object) -> float | None:
    """A finite number, or None."""
    found = number(value)
    return found if found is not None and math.isfinite(found) else None


def count(value: object) -> int | None:
    """A whole number from 0 on, or None."""
    found = finite(value)
    return int(found) if found is not None and 0 <= found <= LARGEST_COUNT else None


def text(value: object, longest: int = 4000) -> str:
    """A text, cut; empty where there is none."""
    return value[:longest] if isinstance(value, str) else ""


def name(value: object) -> str:
    """A text that names something: cut to a length at which it is still told apart."""
    return text(value, LONGEST_NAME)


def mapping(value: object) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def numbers(value: object, most: int = 100) -> dict[str, float]:
    """The finite numbers of an object by name."""
    found = ((key, finite(inner)) for key, inner in list(mapping(value).items())[:most])
    return {key[:LONGEST_NAME]: inner for key, inner in found if inner is not None}
