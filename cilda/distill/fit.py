"""Whether a checkpoint was made by a run like the one that is to go on from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from cilda.distill.data import TokenizedRows
from cilda.distill.players import Players
from cilda.distill.trainer_settings import TrainerSettings
from cilda.errors import CildaError
from cilda.methods.recipe import Method


def fingerprint(
    players: Players, recipe: Method, settings: TrainerSettings, train: TokenizedRows, device: torch.device
) -> dict[str, Any]:
    """What must be the same for two runs to be one, each under the words that tell it."""
    return {
        "student": _shape(players.student),
        "generator": None if players.generator is None else _shape(players.generator),
        "projections": _shape(players.losses),
        "terms": {
            player: [f"{term.weight} {term.key}" + (f" in phase {term.phase}" if term.phase else "") for term in terms]
            for player, terms in (("student", recipe.student), ("generator", recipe.generator))
        },
        "batch size": settings.batch_size if settings.tokens_per_batch is None else str(settings.batching),
        "total turns": settings.total_turns,
        "turns in a cycle": [settings.generator_turns, settings.student_turns],
        "precision": "bfloat16" if settings.turn.bfloat16 else "float32",
        "seed": settings.turn.seed,
        "training rows": f"{len(train):,} of {len(train.ids_Q):,} tokens, {train.rows.fingerprint()[:12]}",
        "kind of device": device.type,
    }


def check_fit(name: str, made_with: Mapping[str, Any], have: Mapping[str, Any]) -> None:
    """Refuses a checkpoint that was made with something else.

    Raises:
        CildaError: it was; the words name what.
    """
    for what, value in have.items():
        if made_with.get(what) != value:
            raise CildaError(
                f"the checkpoint {name} does not fit: its {what}: {_words(made_with.get(what))}; "
                f"this run's: {_words(value)}",
                "go on with the settings, the models and the rows that the run began with, or begin a new run",
            )


def _shape(module: nn.Module) -> str:
    """A module's weights by name and shape, in a few words."""
    shapes = {name: list(weight.shape) for name, weight in module.state_dict().items()}
    digest = hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()
    return f"{sum(weight.numel() for weight in module.parameters()):,} weights of shapes {digest[:8]}"


def _words(value: Any) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)
