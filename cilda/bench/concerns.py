"""Which settings make a difference to which methods: a sweep does not repeat runs that would be the same."""

from __future__ import annotations

from collections.abc import Callable

from cilda.methods.recipe import LOSS_NAMES, Method

# Losses that may have weights of their own.
_PROJECTED = ("layer_contrast", "layer_distance", "crd_memory", "hidden_mse")
_OF_LAYERS = (*_PROJECTED, "attention_mse")


def _has(*losses: str) -> Callable[[Method], bool]:
    return lambda method: any(term.loss in losses for term in (*method.generator, *method.student))


def _climbs(method: Method) -> bool:
    return bool(method.generator)


def _rewrites(method: Method) -> bool:
    return method.needs_generator


# What is not listed concerns every method.
CONCERNS: dict[str, Callable[[Method], bool]] = {
    "generator": _rewrites,
    "mask_fraction": _rewrites,
    "generate_special_tokens": _rewrites,
    "gumbel_temperature": _climbs,
    "generator_turns": _climbs,
    "student_turns": _climbs,
    "generator_learning_rate": _climbs,
    "generator_clip_norm": _climbs,
    "generator_dropout": _climbs,
    "kl_temperature": _has("logit_kl"),
    "teacher_entropy": _has("logit_kl"),
    "contrast_temperature": _has("layer_contrast"),
    "pooling": _has("layer_contrast", "layer_distance", "crd_memory"),
    "layer_map": _has(*_OF_LAYERS),
    "distance": _has("layer_distance"),
    "memory_negatives": _has("crd_memory"),
    "memory_temperature": _has("crd_memory"),
    "memory_momentum": _has("crd_memory"),
    "annealing_steps": _has("annealed_mse"),
    "first_phase": lambda method: method.phases > 1,
    "projection": _has(*_PROJECTED),
    "projection_width": _has(*_PROJECTED),
    "projection_learning_rate": _has(*_PROJECTED),
}


def is_term(key: str) -> bool:
    """Whether a sweep's key names a term, such as `layer_contrast.soft`, and no setting."""
    return any(part in LOSS_NAMES for part in key.split("."))


def concerns(method: Method, key: str) -> bool:
    """Whether another value of a setting, or another weight of a term, makes another run of this method."""
    if is_term(key):
        keys = {
            name
            for player in ("generator", "student")
            for term in (method.generator if player == "generator" else method.student)
            for name in (term.key, f"{player}.{term.key}")
        }
        return key in keys
    check = CONCERNS.get(key)
    return check is None or check(method)
