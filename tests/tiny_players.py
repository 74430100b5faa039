"""Tiny teachers, students and generators that play turns, with rows and batches for them.

    batch = tiny_batch("bert")
    turns = tiny_turns("bert", METHODS["cilda"])
    turns.generator(batch)

Nothing is written to disk; a family's models are the same each time.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import torch
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, PreTrainedModel

from cilda.distill.batch import Batch
from cilda.distill.data import TokenizedRows, tokenize
from cilda.distill.encoder import Encoder, embedding_table
from cilda.distill.generator import Generator
from cilda.distill.loading import quiet, seeded
from cilda.distill.losses.loss import LossSettings
from cilda.distill.objective import make_losses
from cilda.distill.optimizer import PlayerOptimizer
from cilda.distill.players import Players, learners
from cilda.distill.pooling import Pooling
from cilda.distill.step import Turns, TurnSettings
from cilda.methods.recipe import Method
from cilda.tasks.rows import Rows
from tests.tiny_models import tiny_config, tiny_tokenizer

tokenizer_of = cache(tiny_tokenizer)

TEXTS = (
    "the film is good",
    "the plot is dull but the acting saves it",
    "bad",
    "it is never boring , and the music is superb",
    "the cast ruins a warm script",
    "not a good story",
    "very very slow",
    "the ending is weak but funny",
)
LONGEST = 32
TRAIN_ROWS = 24
NO_DROPOUT: dict[str, dict[str, float]] = {
    "distilbert": {"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0},
    "modernbert": {},
}


def no_dropout(family: str) -> dict[str, Any]:
    """The settings of a config in which nothing is dropped."""
    usual = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}
    return dict(NO_DROPOUT.get(family, usual))


def tiny_encoder(
    family: str, *, classes: int = 2, layers: int = 2, width: int = 16, seed: int = 0, **settings: Any
) -> PreTrainedModel:
    """A random encoder with a head, in eval mode."""
    config = tiny_config(family, layers=layers, width=width, **settings)
    config.num_labels = classes
    with quiet(), seeded(seed):
        model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    assert isinstance(model, PreTrainedModel)
    model.eval()
    return model


def tiny_rewriter(family: str, *, layers: int = 2, width: int = 16, seed: int = 7, **settings: Any) -> PreTrainedModel:
    """A random masked language model, in eval mode."""
    with quiet(), seeded(seed):
        config = tiny_config(family, layers=layers, width=width, **settings)
        model = AutoModelForMaskedLM.from_config(config, dtype=torch.float32)
    assert isinstance(model, PreTrainedModel)
    model.eval()
    return model


def tiny_generator(family: str, *, temperature: float = 1.0, seed: int = 7, **settings: Any) -> Generator:
    """A generator over the family's tiny vocabulary that writes no special tokens."""
    tokenizer, model = tokenizer_of(family), tiny_rewriter(family, seed=seed, **settings)
    vocabulary = min(len(tokenizer), len(embedding_table(model)))
    return Generator(model, vocabulary, list(tokenizer.all_special_ids), temperature)


def tiny_rows(texts: int = len(TEXTS), *, classes: int = 2, pair: bool = False) -> Rows:
    """Rows whose label goes by their number; no two rows are the same."""
    column = [f"{TEXTS[row % len(TEXTS)]} {row // len(TEXTS)}" for row in range(texts)]
    labels = [row % 3 * 1.5 for row in range(texts)] if classes == 1 else [row % classes for row in range(texts)]
    columns = (column, column[::-1]) if pair else (column,)
    return Rows(columns, labels, [f"train:{row}" for row in range(texts)], "made up")


@cache
def tiny_tokenized(
    family: str, texts: int = len(TEXTS), *, classes: int = 2, pair: bool = False, longest: int = LONGEST
) -> TokenizedRows:
    """The same rows as tokens of a family."""
    rows = tiny_rows(texts, classes=classes, pair=pair)
    return tokenize(rows, tokenizer_of(family), longest, regression=classes == 1)


def tiny_batch(
    family: str, texts: int = 6, *, classes: int = 2, pair: bool = False, length: int | None = None
) -> Batch:
    """The first rows as a batch, padded to their own longest or to `length`."""
    return tiny_tokenized(family, texts, classes=classes, pair=pair).batch(list(range(texts)), length=length)


def mask_id(family: str) -> int:
    """The mask token of a family's tiny tokenizer."""
    token = tokenizer_of(family).mask_token_id
    assert isinstance(token, int)
    return token


def tiny_players(
    family: str, recipe: Method, *, classes: int = 2, dropout: bool = True, pooling: Pooling = "first", seed: int = 0
) -> Players:
    """A teacher of 3 layers, a student of 2, a generator, and the losses that the recipe names.

    Without dropout, nothing is dropped in any of them. What the method brings along counts, but for the pooling.
    """
    settings = {} if dropout else no_dropout(family)
    maps = any(term.loss == "attention_mse" for term in recipe.student)
    teacher, student = (
        Encoder(
            tiny_encoder(family, classes=classes, layers=depth, seed=seed + own, **settings),
            pooling,
            attention_maps=maps,
        )
        for depth, own in ((3, 1), (2, 2))
    )
    shape = LossSettings(
        regression=classes == 1,
        teacher_layers=teacher.depth,
        teacher_width=teacher.width,
        student_layers=student.depth,
        student_width=student.width,
        projection_width=8,
        layer_map=recipe.settings.get("layer_map", "all"),
        distance=recipe.settings.get("distance", "layerwise"),
        memory_negatives=3,
        train_labels_N=tiny_tokenized(family, TRAIN_ROWS, classes=classes).labels_N,
        train_rows=TRAIN_ROWS,
        seed=seed,
    )
    return Players(
        student=student,
        losses=make_losses(recipe, shape),
        teacher=teacher if recipe.needs_teacher else None,
        generator=tiny_generator(family, seed=seed + 3, **settings) if recipe.needs_generator else None,
    )


def tiny_turns(
    family: str,
    recipe: Method,
    *,
    players: Players | None = None,
    settings: TurnSettings | None = None,
    student_rate: float = 1e-3,
    generator_rate: float = 1e-3,
    projection_rate: float = 1e-2,
) -> Turns:
    """Turns of a recipe, with optimisers that hold their rate for a thousand turns."""
    settings = replace(settings or TurnSettings(0), mask_id=mask_id(family))
    players = players or tiny_players(family, recipe)
    projections = {
        owner: [(loss, projection_rate) for loss in losses]
        for owner, losses in learners(recipe, players.losses, settings.projection).items()
    }
    shared: dict[str, Any] = {"total_turns": 1000, "warmup_fraction": 0.0, "clip_norm": 5.0}
    optimizers = {
        "student": PlayerOptimizer(
            players.student, learning_rate=student_rate, also=projections.get("student", []), **shared
        )
    }
    if recipe.generator:
        assert players.generator is not None
        optimizers["generator"] = PlayerOptimizer(
            players.generator, learning_rate=generator_rate, also=projections.get("generator", []), **shared
        )
    if "critic" in projections:
        critic = players.losses["layer_contrast"]
        optimizers["critic"] = PlayerOptimizer(critic, learning_rate=projection_rate, **shared)
    return Turns(players, recipe, optimizers, settings)
