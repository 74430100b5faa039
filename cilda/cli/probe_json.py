"""What a probe found of one text as JSON: the same keys whatever was asked, null where nobody can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cilda.errors import CildaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cilda.distill.probe import Answer
    from cilda.distill.probe_models import ProbeModels
    from cilda.distill.probe_rewrites import Rewriting
    from cilda.distill.probe_similarity import Similarity
    from cilda.rewrites.rewrite import Rewrite

ROLES = ("teacher", "student")
_KEYS = (
    "text", "text_pair", "error", "tokens", "cut", "labels", "teacher", "student", "kl", "distance", "agree",
    "similarity", "no_similarity", "generator", "rewrites",
)  # fmt: skip


def answer_json(models: ProbeModels, answer: Answer, how: Rewriting) -> dict[str, Any]:
    """An answer as plain values; probabilities in the order of `labels`."""
    texts: Sequence[str | None] = (*answer.texts, None)
    made = models.rewriter
    said: dict[str, Any] = {
        role: {"name": models.readers[role].name, **one}
        for role in answer.said
        if (one := _said(models.labels, answer.said[role]))
    }
    values = {
        "text": texts[0],
        "text_pair": texts[1],
        "tokens": list(answer.tokens),
        "cut": answer.cut,
        "labels": list(models.labels),
        **said,
        **_apart(answer.apart, regression=models.regression),
        "agree": answer.agree,
        "similarity": None if answer.similarity is None else _similarity(answer.similarity),
        "no_similarity": answer.unlike or None,
        "generator": None
        if made is None
        else {
            "name": made.name,
            "weights": made.weights,
            "mask_fraction": how.mask_fraction,
            "seed": how.seed,
        },
        "rewrites": None
        if answer.rewrites is None
        else [_rewrite(models.labels, rewrite) for rewrite in answer.rewrites],
    }
    return {key: values.get(key) for key in _KEYS}


def error_json(line: str, error: CildaError) -> dict[str, Any]:
    """A text that could not be answered, with why."""
    values = {"text": line, "error": {"what": error.what, "todo": error.todo}}
    return {key: values.get(key) for key in _KEYS}


def _said(labels: Sequence[str], answers: Sequence[float] | None) -> dict[str, Any] | None:
    """What one model says: a label with all probabilities, or an amount."""
    if not answers:
        return None
    if not labels:
        return {"label": None, "probabilities": None, "amount": answers[0]}
    return {"label": labels[answers.index(max(answers))], "probabilities": list(answers), "amount": None}


def _apart(value: float | None, *, regression: bool) -> Mapping[str, float | None]:
    return {"kl": None if regression else value, "distance": value if regression else None}


def _similarity(found: Similarity) -> dict[str, Any]:
    return {
        "measure": "linear CKA",
        "over": found.over,
        "count": found.count,
        "weak": found.weak,
        "cka": [list(row) for row in found.cka],
        "chance": [list(row) for row in found.chance],
        "best": list(found.best),
        "layer_map": [list(pair) for pair in found.layer_map],
    }


def _rewrite(labels: Sequence[str], rewrite: Rewrite) -> dict[str, Any]:
    after = {"teacher": rewrite.teacher_soft, "student": rewrite.student_soft}
    known = {role: bool(answers) and not rewrite.regression for role, answers in after.items()}
    flips = {"teacher": rewrite.teacher_flips, "student": rewrite.student_flips}
    return {
        "number": int(rewrite.id),
        "text": rewrite.soft,
        "tokens": list(rewrite.soft_tokens),
        "drawn": list(rewrite.drawn),
        "changed": list(rewrite.changed),
        **{role: _said(labels, after[role]) for role in ROLES},
        **_apart(rewrite.kl_soft, regression=rewrite.regression),
        "gain": rewrite.gain,
        **{f"{role}_flips": flips[role] if known[role] else None for role in ROLES},
        "agree": not rewrite.disagree if all(known.values()) else None,
        "entropy": rewrite.entropy,
        "surprise": rewrite.surprise,
    }
