"""Ten turns of ours beside ten of a slow, literal script, from the same weights and the same seeds."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from cilda.distill.encoder import embedding_table
from cilda.distill.generator import Generator
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.losses.logit_kl import LogitKL
from cilda.distill.optimizers import make_optimizers
from cilda.distill.players import Players, Projection, owner_of_projections, stream
from cilda.distill.step import Turns, TurnSettings
from cilda.distill.trainer_settings import TrainerSettings
from cilda.methods import METHODS
from cilda.methods.recipe import Method, with_weights
from tests.distill.literal_script import LiteralScript
from tests.tiny_players import mask_id, tiny_batch, tiny_players

SEED = 11
RATES = {"student": 1e-3, "generator": 2e-3, "maps": 5e-3}

# The third party's first version: gold labels on rewritten text, too.
FIRST = with_weights(METHODS["cilda"], {"hard_label.soft": 2 / 9, "student.logit_kl.soft": 1 / 9})
CASES: list[tuple[str, Method, Projection, bool]] = [
    ("mate_kd as its script", METHODS["mate_kd"], "critic", True),
    ("mate_kd", METHODS["mate_kd"], "critic", False),
    ("cilda", METHODS["cilda"], "critic", False),
    ("cilda, projections with the generator", METHODS["cilda"], "ascend", True),
    ("cilda's first version of the third party", FIRST, "ascend", True),
    ("cilda, projections at rest", METHODS["cilda"], "frozen", False),
    ("cilda_minild", METHODS["cilda_minild"], "critic", False),
    ("cilda_minild, projections with the generator", METHODS["cilda_minild"], "ascend", False),
]

# As they come, tiny models say nearly the same of everything, and a wrong loss would hide in its last digits.
LOUDER = 4.0
# Within ten turns each player's norm lies above and below its own.
CLIP_NORMS = {"student": 1.5, "generator": 0.5}


def players_of(recipe: Method, *, teacher_entropy: bool) -> Players:
    """Tiny models without dropout, and a generator that may write special tokens, as the script's may."""
    made = tiny_players("bert", recipe, dropout=False, seed=SEED)
    assert made.teacher is not None and made.generator is not None
    with torch.no_grad():
        for model in (made.teacher, made.student, made.generator):
            for weight in model.parameters():
                weight.mul_(LOUDER if weight.dim() > 1 else 1.0)
    kl = made.losses["logit_kl"]
    assert isinstance(kl, LogitKL)
    kl.teacher_entropy = teacher_entropy
    vocabulary = len(embedding_table(made.generator.model))
    return replace(made, generator=Generator(made.generator.model, vocabulary, []))


def ours(recipe: Method, players: Players, projection: Projection) -> tuple[Turns, TrainerSettings]:
    turn = TurnSettings(mask_id("bert"), projection=projection, seed=SEED)
    settings = TrainerSettings(
        stage="student", learning_rate=RATES["student"], generator_learning_rate=RATES["generator"],
        projection_learning_rate=RATES["maps"], batch_size=6, evaluate_every=6, turn=turn, warmup_fraction=0.3,
        clip_norm=CLIP_NORMS["student"], generator_clip_norm=CLIP_NORMS["generator"],
        generator_turns=2, student_turns=3, total_turns=6,
    )  # fmt: skip
    return Turns(players, recipe, make_optimizers(players, recipe, settings, settings.cycle(recipe)), turn), settings


def literal(recipe: Method, players: Players, settings: TrainerSettings) -> LiteralScript:
    """The script on copies of the same models."""
    assert players.teacher is not None and players.generator is not None
    contrast = dict(players.losses.items()).get("layer_contrast")
    maps: tuple[nn.Linear, nn.Linear] | None = None
    if isinstance(contrast, LayerContrast):
        maps = (copy.deepcopy(contrast.teacher_map), copy.deepcopy(contrast.student_map))
    models = [copy.deepcopy(one.model) for one in (players.teacher, players.student, players.generator)]
    for module in (*models, *(maps or ())):
        module.requires_grad_(True)
    kl = players.losses["logit_kl"]
    assert isinstance(kl, LogitKL)
    student, generator = settings.total_turns, settings.cycle(recipe).generator_total
    return LiteralScript(
        teacher=models[0],
        student=models[1],
        generator=models[2],
        maps=maps,
        mask_id=settings.turn.mask_id,
        climbs={term.key: term.weight for term in recipe.generator},
        descends={term.key: term.weight for term in recipe.student},
        per_log_batch=any(term.per_log_batch for term in recipe.student),
        maps_owner=str(owner_of_projections(recipe, settings.turn.projection)),
        rates=RATES,
        totals={"student": student, "generator": generator, "critic": student},
        warmup_fraction=settings.warmup_fraction,
        clip_norms=CLIP_NORMS,
        randoms={who: stream(SEED, who, torch.device("cpu")) for who in ("student", "generator")},
        teacher_entropy=kl.teacher_entropy,
        contrast_temperature=2.0,
        mask_fraction=settings.turn.mask_fraction,
    )


@pytest.mark.parametrize(("name", "recipe", "projection", "teacher_entropy"), CASES, ids=[case[0] for case in CASES])
def test_ten_turns_are_those_of_a_literal_script(
    name: str, recipe: Method, projection: Projection, teacher_entropy: bool
) -> None:
    players = players_of(recipe, teacher_entropy=teacher_entropy)
    turns, settings = ours(recipe, players, projection)
    script = literal(recipe, players, settings)
    done = {"generator": 0, "student": 0}
    norms: dict[str, list[float]] = {"generator": [], "student": []}
    played = ""
    while (player := settings.cycle(recipe).player(done["generator"], done["student"])) is not None:
        batch = tiny_batch("bert", 4 + len(played) % 3)
        result = turns.generator(batch) if player == "generator" else turns.student(batch)
        expected = script.generator_turn(batch) if player == "generator" else script.student_turn(batch)
        for key, value in expected.items():
            # A norm sums the rounding of all weights' gradients.
            close = pytest.approx(value, rel=5e-5 if key == "gradient_norm" else 1e-5, abs=1e-6)
            assert result.values[key].item() == close, f"turn {played!r}: {key}"
        done[player] += 1
        norms[player].append(expected["gradient_norm"])
        played += player[0]
    assert played == "ggsssggsss"
    assert all(min(norms[player]) < limit < max(norms[player]) for player, limit in CLIP_NORMS.items())
    assert players.generator is not None
    assert_same_weights(players.student.model, script.student, player="student")
    assert_same_weights(players.generator.model, script.generator, player="generator")
    if script.maps is not None:
        contrast = players.losses["layer_contrast"]
        assert isinstance(contrast, LayerContrast)
        for mine, theirs in zip((contrast.teacher_map, contrast.student_map), script.maps, strict=True):
            assert_same_weights(mine, theirs, player="maps")


def assert_same_weights(mine: nn.Module, theirs: nn.Module, *, player: str) -> None:
    """Equal to a hundredth of one step at the player's full rate; ten turns move a weight by several."""
    for (key, weight), other in zip(mine.named_parameters(), theirs.parameters(), strict=True):
        # What is added to all keys adds the same to all scores of a query, which softmax does not see: these weights
        # have no gradient but rounding, and AdamW makes whole steps of that.
        if not key.endswith("attention.self.key.bias"):
            torch.testing.assert_close(
                weight, other, rtol=0, atol=RATES[player] / 100, msg=f"{player} after ten turns: {key}"
            )


def test_the_script_s_reward_for_an_unsure_teacher_makes_a_difference() -> None:
    """Else the switch for parity would switch nothing."""
    norms = []
    for teacher_entropy in (True, False):
        players = players_of(METHODS["mate_kd"], teacher_entropy=teacher_entropy)
        turns, _ = ours(METHODS["mate_kd"], players, "critic")
        norms.append(turns.generator(tiny_batch("bert")).values["gradient_norm"].item())
    assert norms[0] != pytest.approx(norms[1], rel=1e-3)
