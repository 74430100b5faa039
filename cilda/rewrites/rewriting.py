"""Whether a run is one whose texts are rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cilda.runs.field import mapping


def rewrites_texts(run: Mapping[str, Any]) -> bool | None:
    """Whether a run's method looks at rewritten texts, as its run.json says; None where that says nothing.

    A generator may rewrite without ever learning: what counts are terms on rewrites, whoever's they are.
    """
    if run.get("job") == "finetune":
        return False
    terms = mapping(run.get("terms"))
    if not terms:
        return None
    keys = [mapping(term).get("key") for of in terms.values() if isinstance(of, list) for term in of]
    return any(isinstance(key, str) and key.endswith(".soft") for key in keys)
