"""The optimisers of a run, by who learns."""

from __future__ import annotations

from cilda.distill.optimizer import PlayerOptimizer
from cilda.distill.players import Players, learners
from cilda.distill.schedule import Cycle
from cilda.distill.trainer_settings import TrainerSettings
from cilda.methods.recipe import Method


def make_optimizers(
    players: Players, recipe: Method, settings: TrainerSettings, cycle: Cycle
) -> dict[str, PlayerOptimizer]:
    """One optimiser a player, and one for the critic; the projections go to their owner."""
    projections = {
        owner: [(loss, settings.projection_learning_rate) for loss in losses]
        for owner, losses in learners(recipe, players.losses, settings.turn.projection).items()
    }
    optimizers = {
        "student": PlayerOptimizer(
            players.student,
            learning_rate=settings.learning_rate,
            total_turns=settings.total_turns,
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            warmup_fraction=settings.warmup_fraction,
            also=projections.get("student", []),
            phase_begins=settings.phase_begins,
        )
    }
    if recipe.generator and players.generator is not None:
        optimizers["generator"] = PlayerOptimizer(
            players.generator,
            learning_rate=settings.generator_learning_rate,
            total_turns=cycle.generator_total,
            clip_norm=settings.generator_clip_norm,
            warmup_fraction=settings.warmup_fraction,
            also=projections.get("generator", []),
        )
    if "critic" in projections:
        optimizers["critic"] = PlayerOptimizer(
            players.losses["layer_contrast"],
            learning_rate=settings.projection_learning_rate,
            total_turns=settings.total_turns,
            warmup_fraction=settings.warmup_fraction,
        )
    return optimizers
